"""One number of a chain and the values that it takes: an axis of a sweep.

It is written as on the command line: ``hops.lvs.addresses=1..64``, ``hops.lvs.time_wait=0s..240s/25``,
or the path alone.  Every value of an axis is one that ``--set`` could set, so that each point of a
sweep is the chain after some settings and can be calculated by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tuplecalc.errors import ChainError, InputError, show
from tuplecalc.limits.expression import Number, tidy
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.chain import Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.replace import Change, path_steps, replace_all, with_settings, written_setting
from tuplecalc.network.services import Services
from tuplecalc.network.traffic import Kind
from tuplecalc.network.values import LARGEST_COUNT
from tuplecalc.questions.not_counted import LINUX
from tuplecalc.questions.paths import (
    COSTS,
    REAL_UNITS,
    WRITE,
    Place,
    number_at,
    parsed,
    place_of,
    plain,
    wrong,
)
from tuplecalc.questions.port_sizes import largest_size, resized
from tuplecalc.under_load.roots import first_whole

POINTS = 300
"""How many values an axis has, where nobody says."""
MOST_POINTS = 100_000
WIDE = 1000
"""Where the highest value is so many times the lowest, values are spaced by equal ratios."""

_USUAL = {**LINUX, "block": 1024}  # where there is none yet
_LARGEST = 10**17  # a tenth of the longest duration and the highest rate
_LEAST = Fraction(1, 1000)  # of what is above 0
_DIGITS = 12  # of values between the ends: a float has 15, and people read fewer


@dataclass(frozen=True)
class Axis:
    """One number of a chain, and the values that it takes; made by :func:`axis`.

    ``path`` is that of ``--set`` with the hop by its name: the place under which limits know the
    number.  Durations are in seconds.

    >>> from tuplecalc.network.file import example
    >>> times = axis(example("outage"), "hops.lvs.time_wait=0s..4m/5")
    >>> times.values, times.unit, times.present
    ((0, 60, 120, 180, 240), 's', 120)
    """

    path: str
    name: str
    """In words: ``"hold"``, ``"addresses of lvs"``."""
    values: tuple[Number, ...]
    """Ascending, no two alike."""
    unit: str
    """``"s"``, ``"1/s"``, ``"per flow"``, ``"addresses"``, …; empty for a share."""
    present: Number | None
    """What the chain has now; None where it has none."""
    is_log: bool = False
    """Whether the values are spaced by equal ratios."""
    given: Any = None
    """The array that the values came in, of whatever kind; None where they were written."""
    ports: PortSet | None = None
    """The range of which this is the size; None for a number that stands there itself."""

    @property
    def is_count(self) -> bool:
        """Whether the values are whole numbers from 1 on."""
        return self.unit not in REAL_UNITS

    def change(self, value: Number) -> Change:
        """The change that makes it so: for :func:`~tuplecalc.network.replace.replace`."""
        return self.path, value if self.ports is None else resized(self.ports, int(value))

    def setting(self, value: Number) -> str:
        """The same as it is written: ``hops.lvs.addresses=4``.

        >>> from tuplecalc.network.file import example
        >>> axis(example("outage"), "traffic.hold=0..1/2").setting(Fraction(1, 2))
        'traffic.hold=0.5'
        """
        return written_setting(*self.change(value))

    def between(self, low: Number, high: Number, points: int = POINTS, *, is_log: bool | None = None) -> Axis:
        """The same number over another range, both ends included; by equal ratios where it is wide.

        >>> from tuplecalc.network.file import example
        >>> axis(example("outage"), "hops.lvs.addresses").between(4, 400, 3).values
        (4, 202, 400)
        """
        wide = low > 0 and high >= WIDE * low if is_log is None else is_log
        if self.is_count and points > high - low:  # all of them
            return replace(self, values=tuple(range(int(low), int(high) + 1)), is_log=wide)
        inner: list[Fraction] = []
        for step in range(1, points - 1):
            part = Fraction(step, points - 1)
            between = float(low) * float(high / low) ** float(part) if wide else low + (high - low) * part
            inner.append(Fraction(round(between)) if self.is_count else _rounded(between))
        values = sorted({low, *(value for value in inner if low < value < high), high})
        return replace(self, values=tuple(map(tidy, values)), is_log=wide)


def axis(chain: Chain, text: str, points: int = POINTS, *, every: bool = False) -> Axis:
    """An axis as the command line writes it: a path as that of ``--set``, and a range.

    ``LOW..HIGH`` has both ends, and ``/N`` makes N points of it.  Counts take whole numbers only:
    all of them, where there are no more than the points; with ``every`` all of a written range.  A
    path alone takes a range around the present value: counts from 1 to at least 8 and four times the
    present, durations from 0 to at least a minute and four times the present.  Where a range is wide
    (high ≥ 1000·low > 0), values are spaced by equal ratios, else evenly; between the ends they are
    rounded to twelve digits.

    Raises :class:`~tuplecalc.errors.InputError` for a path that leads to no number, for values
    that the chain cannot have, and for a range that is none.

    >>> from tuplecalc.network.file import example
    >>> axis(example("outage"), "hops.lvs.addresses").values
    (1, 2, 3, 4, 5, 6, 7, 8)
    >>> hold = axis(example("outage"), "traffic.hold=0s..10m")
    >>> len(hold.values), hold.values[-1]
    (300, 600)
    """
    steps, written = parsed(text)
    found = number_at(chain, steps, text)
    if points < 1:
        raise wrong(text, "an axis has one point or more", "ask for more points")
    made = Axis(found.path, found.name, (), found.unit, found.present)
    if written is None:
        low, high = _around(found, text)
        high = _end(chain, found, _accepted(chain, found, high), text)
        return made.between(_end(chain, found, low, text), high, points)
    first, last, asked = _range(written, text)
    low, high = (_end(chain, found, end, text) for end in (first, last))
    points = asked or points
    if high < low:
        raise wrong(text, "a range runs upwards", f"write {last}..{first}")
    if every and not asked and made.is_count:
        points = int(high - low) + 1
        if points > MOST_POINTS:
            rule = f"these are {points:,} whole numbers, and an axis has at most {MOST_POINTS:,} points"
            raise wrong(text, rule, f"write their number behind a /, as in {first}..{last}/1000")
    if points == 1 and low < high:
        raise wrong(text, "one point has no two ends", f"write {first}..{first}, or more points")
    return made.between(low, high, points)


def ends_of(chain: Chain, text: str, most: int, *, wanted: bool = False) -> tuple[Axis, bool]:
    """The two ends of a number, as ``values``; and whether no chain has a higher value.

    A path alone takes all that the number can be, from 1 or 0 on; services, of which a chain may
    have any number, and machines that share them out, up to ``most`` or four times the present.
    Raises :class:`~tuplecalc.errors.InputError` as :func:`axis`.

    >>> from tuplecalc.network.file import example
    >>> found, is_open = ends_of(example("outage"), "hops.lvs.addresses", 1000)
    >>> found.values == (1, 2**128), is_open
    (True, True)
    """
    steps, written = parsed(text)
    if written is not None:
        written_out = axis(chain, text, points=2)  # of which /N may have made other than two points
        return replace(written_out, values=(written_out.values[0], written_out.values[-1])), False
    found = number_at(chain, steps, text)
    low: Number = 0
    high: Number = _LARGEST
    match found.unit:
        case "flows" if wanted and isinstance(found.part, Clients):
            low, high = 1, _most_of(found)
        case "1/s" | "flows" if not isinstance(found.part, Kind):
            raise wrong(text, "what is offered changes no limit", "name another number, as in traffic.hold")
        case "1/s":  # of a kind: what part it has of the traffic
            low = _LEAST
        case "":
            low, high = (_LEAST, 1 - _LEAST) if isinstance(found.part, Services) else (0, 1)
        case "per flow":
            low, high = _LEAST, 1 / _LEAST
        case "files" if found.key in COSTS:
            low, high = 1, _LARGEST
        case unit if unit != "s":
            low, high = 1, _most_of(found)
    dealt_out = (steps[0] == "services" and found.unit not in REAL_UNITS) or (
        found.key == "instances" and _shares_out(chain)
    )
    if dealt_out:
        high = max(most, 4 * int(found.present or 0))
    _end(chain, found, low, text)  # whether there is such a number at all
    accepted = _accepted(chain, found, high)
    is_open = found.unit not in ("", "per flow") and not dealt_out and accepted == high
    return Axis(found.path, found.name, (low, accepted), found.unit, found.present), is_open


def sizes_of(chain: Chain, path: str) -> tuple[Axis, bool] | None:
    """The sizes of the range of ports at a path, as :func:`ends_of`; None where no ports stand there.

    >>> from tuplecalc.network.file import example
    >>> found = sizes_of(example("outage"), "hops.lvs.ports")
    >>> found and found[0].setting(8)
    'hops.lvs.ports=1024-1031'
    """
    steps, written = parsed(path)
    found = place_of(chain, steps, path)
    ports = found.value
    if not isinstance(ports, PortSet):
        return None
    if written is not None:
        rule = f"the size of a range of ports is looked for in all; write {found.path} alone"
        raise InputError(f"{show(path)}: {rule}")
    return Axis(found.path, found.name, (1, largest_size(ports)), "ports", ports.size, ports=ports), True


def axis_of(chain: Chain, path: str, values: Any) -> Axis:
    """An axis of given values: a range as it is written, ascending numbers, or an array of them.

    A text is what stands behind the ``=`` in :func:`axis`; an empty one takes a range around the
    present value.  Raises :class:`~tuplecalc.errors.InputError` as that does, and where numbers do
    not ascend.

    >>> from tuplecalc.network.file import example
    >>> axis_of(example("outage"), "hops.lvs.time_wait", [30, "1m", 120]).values
    (30, 60, 120)
    """
    if isinstance(values, str):
        return axis(chain, f"{path}={values}" if values else path, every=True)
    steps, written = parsed(path)
    if written is not None:
        raise wrong(path, "a path stands here alone", "write its values as those of the mapping")
    found = number_at(chain, steps, path)
    is_array = hasattr(values, "__array__")
    if hasattr(values, "mask"):
        raise wrong(path, "some of the values are masked", "fill them, or take them out")
    try:
        numbers = _numbers_in(values) if is_array else list(values)
        exact = tuple(
            tidy(Fraction(value)) if is_array else _one(chain, found, value, path) for value in numbers
        )
    except (TypeError, ValueError, OverflowError):
        raise wrong(path, f"{show(values)}: these are no numbers in a row", WRITE) from None
    if not exact:
        raise wrong(path, "no value is given", WRITE)
    if any(high <= low for low, high in pairwise(exact)):
        raise wrong(path, "the values ascend, no two alike", "sort them, and take double ones out")
    for end in exact[:1] + exact[-1:]:
        _end(chain, found, end, path)
    if found.unit not in REAL_UNITS and any(value.denominator != 1 for value in exact):
        raise wrong(path, "this takes whole numbers only", "round them")
    given = values if is_array else None
    return Axis(found.path, found.name, exact, found.unit, found.present, given=given)


def _numbers_in(array: Any) -> list[Any]:
    """What an array holds, in its own numbers; only its kind of numbers is asked of it besides."""
    if array.dtype.kind not in "iuf":
        raise TypeError
    found: list[Any] = array.__array__().tolist()
    return found


def _one(chain: Chain, found: Place, value: Any, text: str) -> Number:
    """A number as it is, a text as the chain reads it."""
    if isinstance(value, bool):
        raise TypeError
    return _end(chain, found, value, text) if isinstance(value, str) else tidy(Fraction(value))


def _range(written: str, text: str) -> tuple[str, str, int | None]:
    """Both ends as they are written, and the number of points; None where none is written."""
    found = re.fullmatch(r"(?P<low>.*?\S)\s*\.\.\s*(?P<high>[^/]*[^/\s])\s*(?:/\s*(?P<points>.*))?", written)
    if found is None:
        only = "" if ".." in written or not written else "; --set sets a single value"
        raise wrong(text, "a range is LOW..HIGH, or LOW..HIGH/POINTS", WRITE + only)
    asked = found["points"]
    if asked is not None and not (re.fullmatch(r"[0-9]{1,9}", asked) and 1 <= int(asked) <= MOST_POINTS):
        rule = f"{show(asked)}: a range has 1 to {MOST_POINTS:,} points"
        raise wrong(text, rule, "write their number behind the /, as in 0s..240s/25")
    return found["low"], found["high"], None if asked is None else int(asked)


def _around(found: Place, text: str) -> tuple[Number, Number]:
    """A range around the present value."""
    present = _USUAL.get(found.key, 1) if found.present is None else found.present
    match found.unit:
        case "s":
            return 0, min(max(60, 4 * present), _LARGEST)
        case "":
            return (_LEAST, 1 - _LEAST) if isinstance(found.part, Services) else (0, 1)
        case "per flow":
            return Fraction(present) / 10, 4 * present
        case "1/s" if found.present is None:
            raise wrong(text, "no rate is offered", "write a range, as in traffic.rate=100..1000")
        case "1/s":
            return Fraction(present) / 10, min(4 * present, _LARGEST)
    return 1, min(max(8, 4 * present), _most_of(found))


def _accepted(chain: Chain, found: Place, high: Number) -> Number:
    """The end of a range around the present value, nearer where a table of blocks ends before."""

    def is_refused(value: int) -> bool:
        try:
            replace_all(chain, [(found.path, value)])
        except ChainError:
            return True
        return False

    if found.present is None or found.unit in REAL_UNITS or not is_refused(int(high)):
        return high
    return first_whole(is_refused, int(found.present), int(high)) - 1


def _most_of(found: Place) -> int:
    """The highest count that a chain may have there."""
    return found.part.ports.size if found.key == "block" and isinstance(found.part, Cone) else LARGEST_COUNT


def _shares_out(chain: Chain) -> bool:
    """Whether some machines share out the services by their numbers."""
    return any(isinstance(hop, Proxy) and hop.split == "services" for hop in chain.hops)


def _end(chain: Chain, found: Place, value: Number | str, text: str) -> Number:
    """One end of a range, as the chain reads it: a number, or what is written."""
    try:
        if isinstance(value, str):
            changed = with_settings(chain, f"{found.path}={value}")
        else:
            changed = replace_all(chain, [(found.path, value)])
    except ChainError as error:
        raise InputError(f"{show(text)}: {error}") from None
    read = number_at(changed, list(path_steps(found.path)), text).value
    if isinstance(read, AddressSet) and read.ranges:
        raise wrong(text, f"{read} is not a count of addresses", "write two counts, as in 1..64")
    return plain(read)


def _rounded(value: Fraction | float) -> Fraction:
    return Fraction(f"{float(value):.{_DIGITS}g}")
