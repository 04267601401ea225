"""One number of a chain and the values that it takes: an axis of a sweep.

It is written as on the command line: ``hops.lvs.addresses=1..64``, ``hops.lvs.time_wait=0s..240s/25``,
or the path alone.  Every value of an axis is one that ``--set`` could set, so that each point of a
sweep is the chain after some settings and can be calculated by itself.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Context
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple, get_args, get_type_hints

from tuplecalc.errors import InputError, TopologyError, nearest, show
from tuplecalc.limits.expression import Number, tidy
from tuplecalc.model.addresses import AddressSet
from tuplecalc.model.chain import Chain, Cone
from tuplecalc.model.file import with_settings
from tuplecalc.model.part import Part
from tuplecalc.model.settings import read_setting
from tuplecalc.model.values import LARGEST_COUNT, Block, Count, FirstClose, Rate, Seconds

POINTS = 300
"""How many values an axis has, where nobody says."""
MOST_POINTS = 100_000
WIDE = 1000
"""Where the highest value is so many times the lowest, values are spaced by equal ratios."""

_UNITS: dict[Any, str] = {Count: "1", Block: "1", AddressSet: "addresses", Seconds: "s", Rate: "1/s"}
_UNITS[FirstClose] = ""
_COUNTED = {"instances": "instances", "max_entries": "entries", "max_files": "files"}
_COUNTED |= {"destinations": "destinations", "block": "ports", "client_ports": "ports"}
# What tables (nf_conntrack_max), open files (fs.nr_open) and blocks usually are, where there is none yet.
_USUAL = {"max_entries": 262_144, "max_files": 1_048_576, "block": 1024}
_LARGEST = 1e17  # a tenth of the longest duration and the highest rate
_MOST_DIGITS = 34  # that a file takes, less those before a rounding
_DIGITS = 12  # of values between the ends: a float has 15, and people read fewer
_RULE = "what is varied is a path, and = and a range where it should be another"
_WRITE = "write it as in hops.lvs.addresses=1..64, or traffic.hold=0s..10m/25 for 25 points"


@dataclass(frozen=True)
class Axis:
    """One number of a chain, and the values that it takes; made by :func:`axis`.

    ``path`` is that of ``--set`` with the hop by its name: the place under which limits know the
    number.  Durations are in seconds.

    >>> from tuplecalc.model.file import example
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
    """``"s"``, ``"1/s"``, ``"addresses"``, ``"entries"``, …; empty for a share."""
    present: Number | None
    """What the chain has now; None where it has none."""
    is_log: bool = False
    """Whether the values are spaced by equal ratios."""
    given: Any = None
    """The array that the values came in, of whatever kind; None where they were written."""

    @property
    def is_count(self) -> bool:
        """Whether the values are whole numbers from 1 on."""
        return self.unit not in ("s", "1/s", "")

    def setting(self, value: Number) -> str:
        """What sets a value: ``hops.lvs.addresses=4``.

        >>> from tuplecalc.model.file import example
        >>> hold = axis(example("outage"), "traffic.hold=0..1/4")
        >>> [hold.setting(value) for value in hold.values[:2]]
        ['traffic.hold=0', 'traffic.hold=0.333333333333']
        """
        if value.denominator == 1:
            return f"{self.path}={value.numerator}"
        return f"{self.path}={Context(prec=_MOST_DIGITS).divide(value.numerator, value.denominator):f}"

    def between(self, low: Number, high: Number, points: int = POINTS) -> Axis:
        """The same number over another range, both ends included.

        >>> from tuplecalc.model.file import example
        >>> axis(example("outage"), "hops.lvs.addresses").between(4, 400, 3).values
        (4, 202, 400)
        """
        wide = low > 0 and high >= WIDE * low
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

    >>> from tuplecalc.model.file import example
    >>> axis(example("outage"), "hops.lvs.addresses").values
    (1, 2, 3, 4, 5, 6, 7, 8)
    >>> hold = axis(example("outage"), "traffic.hold=0s..10m")
    >>> len(hold.values), hold.values[-1]
    (300, 600)
    """
    steps, written = parsed(text)
    found = _found(chain, steps, text)
    if points < 1:
        raise _wrong(text, "an axis has one point or more", "ask for more points")
    asked = None
    if written is None:
        low, high = _around(found, text)
        high = _accepted(chain, found, high)
    else:
        low, high, asked = _range(written, text)
        points = asked or points
    lowest, highest = (_end(chain, steps, f"{found.path}={end}", text) for end in (low, high))
    if highest < lowest:
        raise _wrong(text, "a range runs upwards", f"write {high}..{low}")
    if every and written is not None and not asked and found.unit not in ("s", "1/s", ""):
        points = int(highest - lowest) + 1
        if points > MOST_POINTS:
            rule = f"these are {points:,} whole numbers, and an axis has at most {MOST_POINTS:,} points"
            raise _wrong(text, rule, f"write their number behind a /, as in {low}..{high}/1000")
    if points == 1 and lowest < highest:
        raise _wrong(text, "one point has no two ends", f"write {low}..{low}, or more points")
    return Axis(found.path, found.name, (), found.unit, found.present).between(lowest, highest, points)


def ends_of(chain: Chain, text: str, most: int) -> tuple[Axis, bool]:
    """The two ends of a number, as ``values``; and whether no chain has a higher value.

    A path alone takes all that the number can be, from 1 or 0 on; services, of which a chain may
    have any number, up to ``most``.  Raises :class:`~tuplecalc.errors.InputError` as :func:`axis`.

    >>> from tuplecalc.model.file import example
    >>> found, is_open = ends_of(example("outage"), "hops.lvs.addresses", 1000)
    >>> found.values == (1, 2**128), is_open
    (True, True)
    """
    steps, written = parsed(text)
    if written is not None:
        return axis(chain, text, points=2), False
    found = _found(chain, steps, text)
    low, high = {
        "s": ("0", f"{_LARGEST:.0f}"),
        "": ("0", "1"),
        "1/s": ("1", "1"),
    }.get(found.unit, ("1", str(_most_of(found))))
    if found.unit == "1/s":
        raise _wrong(text, "what is offered changes no limit", "name another number, as in traffic.hold")
    if steps[0] == "services":
        high = str(max(most, 4 * int(found.present or 0)))
    _end(chain, steps, f"{found.path}={low}", text)  # whether there is such a number at all
    accepted = _accepted(chain, found, high)
    is_open = found.unit != "" and high != str(most) and accepted == high
    return axis(chain, f"{found.path}={low}..{accepted}", points=2), is_open


def axis_of(chain: Chain, path: str, values: Any) -> Axis:
    """An axis of given values: a range as it is written, ascending numbers, or an array of them.

    A text is what stands behind the ``=`` in :func:`axis`; an empty one takes a range around the
    present value.  Raises :class:`~tuplecalc.errors.InputError` as that does, and where numbers do
    not ascend.

    >>> from tuplecalc.model.file import example
    >>> axis_of(example("outage"), "hops.lvs.time_wait", [30, "1m", 120]).values
    (30, 60, 120)
    """
    if isinstance(values, str):
        return axis(chain, f"{path}={values}" if values else path, every=True)
    steps, written = parsed(path)
    if written is not None:
        raise _wrong(path, "a path stands here alone", "write its values as those of the mapping")
    found = _found(chain, steps, path)
    is_array = hasattr(values, "__array__")
    if hasattr(values, "mask"):
        raise _wrong(path, "some of the values are masked", "fill them, or take them out")
    try:
        numbers = _numbers_in(values) if is_array else list(values)
        exact = tuple(
            tidy(Fraction(value)) if is_array else _one(chain, steps, value, path) for value in numbers
        )
    except (TypeError, ValueError, OverflowError):
        raise _wrong(path, f"{show(values)}: these are no numbers in a row", _WRITE) from None
    if not exact:
        raise _wrong(path, "no value is given", _WRITE)
    if any(high <= low for low, high in pairwise(exact)):
        raise _wrong(path, "the values ascend, no two alike", "sort them, and take double ones out")
    made = Axis(found.path, found.name, exact, found.unit, found.present, given=values if is_array else None)
    for end in exact[:1] + exact[-1:]:
        _end(chain, steps, made.setting(end), path)
    if made.is_count and any(value.denominator != 1 for value in exact):
        raise _wrong(path, "this takes whole numbers only", "round them")
    return made


def _numbers_in(array: Any) -> list[Any]:
    """What an array holds, in its own numbers; only its kind of numbers is asked of it besides."""
    if array.dtype.kind not in "iuf":
        raise TypeError
    found: list[Any] = array.__array__().tolist()
    return found


def _one(chain: Chain, steps: list[str], value: Any, text: str) -> Number:
    """A number as it is, a text as the chain reads it."""
    if isinstance(value, str):
        return _end(chain, steps, f"{_found(chain, steps, text).path}={value}", text)
    if isinstance(value, bool):
        raise TypeError
    return tidy(Fraction(value))


class _Found(NamedTuple):
    """A number of a chain: the table that holds it and its key there."""

    part: Part
    key: str
    path: str
    name: str

    @property
    def unit(self) -> str:
        unit = _numbers(type(self.part))[self.key]
        return _COUNTED[self.key] if unit == "1" else unit

    @property
    def value(self) -> Any:
        return getattr(self.part, self.key)

    @property
    def present(self) -> Number | None:
        """What the chain has now; None where it has none, or a rule (block = "even")."""
        return _plain(self.value) if isinstance(self.value, int | Fraction | AddressSet) else None


def _found(chain: Chain, steps: list[str], text: str) -> _Found:
    """The number that a path leads to."""
    part, key, path, name = place_of(chain, steps, text)
    known = _numbers(type(part))
    if key not in known:
        raise _no_number(part, key, list(known), text)
    return _Found(part, key, path, name)


def place_of(chain: Chain, steps: list[str], text: str) -> tuple[Part, str, str, str]:
    """The table that a path leads to, the key in it, the path with the hop's name, and a name in words.

    The services' own paths may leave out the number of the only group.  Raises
    :class:`~tuplecalc.errors.InputError` where there is no such table.
    """
    part: Part | None
    match steps:
        case ["traffic", key]:
            part, path, name = chain.traffic, "traffic", key
        case ["clients", key]:
            part, path, name = chain.clients, "clients", f"{key} of clients"
        case ["hops", which, *virtual, key] if virtual in ([], ["virtual"]):
            hop = chain.hops[_number(which, [hop.name for hop in chain.hops], text)]
            part, path, name = hop, hop.path, f"{key} of {hop.name}"
            if virtual:
                part, path, name = hop.virtual, f"{path}.virtual", f"virtual {name}"
        case ["services", *group, key] if len(group) == 1 or (not group and len(chain.services) == 1):
            number = _number(group[0], [None] * len(chain.services), text) if group else 0
            part, path, name = chain.services[number], f"services.{number}", f"{key} of services"
            name = name if len(chain.services) == 1 else f"{key} of services[{number}]"
        case ["services", _]:
            last = len(chain.services) - 1
            raise _wrong(
                text, "there are several groups of services", f"name one, as in services.{last}.addresses"
            )
        case [table, *_]:
            tables = ("traffic", "clients", "hops", "services")
            near = nearest(table, tables)
            hint = (
                _WRITE
                if table in tables
                else f"did you mean {near}?"
                if near
                else f"write one of {', '.join(tables)}"
            )
            raise _wrong(text, "no number of a chain stands there", hint)
    if part is None:
        raise _wrong(text, "this hop has no virtual service", f"set {path} first")
    return part, key, f"{path}.{key}", name


@cache
def _numbers(part: type[Part]) -> dict[str, str]:
    """The keys of a table that hold a number, each with its unit."""
    hints = get_type_hints(part, include_extras=True).items()
    return {key: _UNITS[kind] for key, hint in hints for kind in (hint, *get_args(hint)) if kind in _UNITS}


def _no_number(part: Part, key: str, known: list[str], text: str) -> InputError:
    there = f"the numbers there are {', '.join(known)}"
    if key in type(part).model_fields:
        return _wrong(text, f"`{key}` is not a number that can be varied", there)
    near = nearest(key, type(part).model_fields)
    return _wrong(
        text, f"unknown key `{key}`", part.hints.get(key) or (f"did you mean `{near}`?" if near else there)
    )


def _number(which: str, names: list[str | None], text: str) -> int:
    """Which of several: by its name or its number."""
    if which in names:
        return names.index(which)
    if which.isascii() and which.isdecimal() and int(which) < len(names):
        return int(which)
    known = [name for name in names if name is not None]
    near = nearest(which, known)
    hint = (
        f'did you mean "{near}"?'
        if near
        else f"write {' or '.join([*known[:8], f'a number below {len(names)}'])}"
    )
    raise _wrong(text, f"nothing here is called {show(which)}", hint if names else "there are none")


def parsed(text: str) -> tuple[list[str], str | None]:
    """The steps of the path, and the range; None where the path stands alone."""
    if not isinstance(text, str):
        raise _wrong(text, _RULE, _WRITE)
    with suppress(InputError, ValueError):
        return read_setting(text)
    with suppress(InputError, ValueError):
        return read_setting(f"{text}=")[0], None
    raise _wrong(text, _RULE, _WRITE)


def _range(written: str, text: str) -> tuple[str, str, int | None]:
    """Both ends as they are written, and the number of points; None where none is written."""
    found = re.fullmatch(r"(?P<low>.*?\S)\s*\.\.\s*(?P<high>[^/]*[^/\s])\s*(?:/\s*(?P<points>.*))?", written)
    if found is None:
        only = "" if ".." in written or not written else "; --set sets a single value"
        raise _wrong(text, "a range is LOW..HIGH, or LOW..HIGH/POINTS", _WRITE + only)
    asked = found["points"]
    if asked is not None and not (re.fullmatch(r"[0-9]{1,9}", asked) and 1 <= int(asked) <= MOST_POINTS):
        rule = f"{show(asked)}: a range has 1 to {MOST_POINTS:,} points"
        raise _wrong(text, rule, "write their number behind the /, as in 0s..240s/25")
    return found["low"], found["high"], None if asked is None else int(asked)


def _around(found: _Found, text: str) -> tuple[str, str]:
    """A range around the present value, as it is written."""
    present = _USUAL.get(found.key, 1) if found.present is None else found.present
    match found.unit:
        case "s":
            return "0", f"{min(max(60.0, 4 * float(present)), _LARGEST):.6f}s"
        case "":
            return "0", "1"
        case "1/s" if found.present is None:
            raise _wrong(text, "no rate is offered", "write a range, as in traffic.rate=100..1000")
        case "1/s":
            return f"{float(present) / 10:.12g}", f"{min(4 * float(present), _LARGEST):.12g}"
    return "1", str(min(max(8, 4 * int(present)), _most_of(found)))


def _accepted(chain: Chain, found: _Found, high: str) -> str:
    """The end of a range around the present value, nearer where a table of blocks ends before."""

    def is_accepted(value: int) -> bool:
        try:
            with_settings(chain, f"{found.path}={value}")
        except TopologyError:
            return False
        return True

    if found.present is None or found.unit in ("s", "1/s", "") or is_accepted(int(high)):
        return high
    known, refused = int(found.present), int(high)
    while refused - known > 1:
        middle = (known + refused) // 2
        known, refused = (middle, refused) if is_accepted(middle) else (known, middle)
    return str(known)


def _most_of(found: _Found) -> int:
    """The highest count that a chain may have there."""
    return found.part.ports.size if found.key == "block" and isinstance(found.part, Cone) else LARGEST_COUNT


def _end(chain: Chain, steps: list[str], setting: str, text: str) -> Number:
    """One end of a range, as the chain reads it."""
    try:
        value = _found(with_settings(chain, setting), steps, text).value
    except TopologyError as error:
        raise InputError(f"{show(text)}: {error}") from None
    if isinstance(value, AddressSet) and not value.is_count:
        raise _wrong(text, f"{value} is not a count of addresses", "write two counts, as in 1..64")
    return _plain(value)


def _plain(value: Any) -> Number:
    """How many addresses; every other number as it is."""
    number: Number = value.size if isinstance(value, AddressSet) else tidy(value)
    return number


def _rounded(value: Fraction | float) -> Fraction:
    return Fraction(f"{float(value):.{_DIGITS}g}")


def _wrong(text: str, rule: str, remedy: str) -> InputError:
    return InputError(f"{show(text)}: {rule}; {remedy}")
