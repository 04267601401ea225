"""A chain whose numbers are open, and which of them a reader may change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from tuplecalc.errors import ChainError, InputError
from tuplecalc.limits.capacity import capacity
from tuplecalc.limits.expression import Number, ingredients, tidy
from tuplecalc.limits.limit import by_flows, by_rate
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.bounds import Bounded
from tuplecalc.network.chain import AnyHop, Chain, missing_entries
from tuplecalc.network.cone import Cone
from tuplecalc.network.machine import OF_A_MACHINE, with_what_machines_have
from tuplecalc.network.mix import strands
from tuplecalc.network.part import Part
from tuplecalc.network.ports import LAST_PORT, PortSet
from tuplecalc.network.replace import path_steps, replace_all, written_setting
from tuplecalc.network.traffic import Kind
from tuplecalc.questions.axis import axis
from tuplecalc.questions.paths import REAL_UNITS, Place, numbers_of, path_of, place_of
from tuplecalc.questions.port_sizes import resized
from tuplecalc.questions.remedies import mates
from tuplecalc.whatif.numbers import Formulas, Open, Run
from tuplecalc.whatif.ports import OpenPorts

_Figures = list[tuple[str, str, Any, Any]]
_FAR = 1000
MOST_INPUTS = 40
"""Of a chain with more numbers those in the formulas of its tightest limits."""


@dataclass(frozen=True)
class Input:
    """A number that a reader may change: where it stands, what it is, and between which values."""

    paths: tuple[str, ...]
    """Where it stands: once, or at all hops of a machine that agree on it."""
    name: str
    unit: str
    """``"s"``, ``"1/s"``, ``"ports"``, ``"addresses"``, …; empty for a share."""
    present: Number
    least: Number
    most: Number
    """Between which values it can be typed."""
    low: Number
    high: Number
    """Between which values its slider moves, near the present one."""
    ports: PortSet | None = None
    """The range of which this is the size; None for a number that stands there itself."""
    is_fixed: bool = False
    """Whether the chain says that it cannot be changed."""
    is_share: bool = False
    """Whether it is one of several that sum to 1."""

    @property
    def is_count(self) -> bool:
        """Whether it is a whole number."""
        return self.unit not in REAL_UNITS

    @property
    def table(self) -> str:
        """Whose shares sum to 1 with it; empty where it is no share."""
        return self.paths[0].split(".")[0] if self.is_share else ""

    def changes(self, value: Number) -> Iterator[tuple[str, object]]:
        """The changes that make it so, as :func:`~tuplecalc.network.replace.replace_all` takes them."""
        for path in self.paths:
            yield path, tidy(value) if self.ports is None else resized(self.ports, int(value))

    def settings(self, value: Number) -> list[str]:
        """The same as it is written after ``--set``."""
        return [written_setting(*change) for change in self.changes(value)]


class RefusedError(Exception):
    """The chain is none with these values."""


def inputs_of(chain: Chain) -> tuple[Chain, tuple[Input, ...]]:
    """The numbers of a chain that may be changed, and the chain with all of them written out.

    These are the numbers that stand in its formulas or that somebody stated, and what is offered.  Addresses
    that are written out become counts where that changes no figure.
    """
    found: list[Input] = []
    taken: set[str] = set()
    same = _figures(chain)
    given, chain = chain, _counted(chain, same)
    for place in _places(chain):
        if place.path in taken:
            continue
        made = _input(chain, place)
        if made is None:
            continue
        stated = _stated(chain, made, given, same)
        if stated is not None:
            chain = stated
            found.append(made)
            taken.update(made.paths)
    return chain, tuple(found)


def _places(chain: Chain) -> list[Place]:
    """Where numbers stand that are stated or in formulas; of very many those of the tightest limits."""
    limits = sorted(capacity(chain).limits, key=lambda limit: (by_rate(limit), by_flows(limit)))
    in_formulas = dict.fromkeys(
        quantity.place
        for limit in limits
        for expression in limit.expressions()
        for quantity in ingredients(expression)
    )
    found: dict[str, Place] = {}
    for path, part in _parts(chain):
        ports = [key for key in type(part).model_fields if isinstance(getattr(part, key), PortSet)]
        for key in dict.fromkeys((*numbers_of(type(part)), *ports)):
            where = f"{path}.{key}"
            if where in in_formulas or key in part.stated or (key == "ports" and key in ports):
                with suppress(InputError):
                    found[where] = place_of(chain, list(path_steps(where)), where)
    if len(found) <= MOST_INPUTS:
        return list(found.values())
    first = [where for where in ("traffic.rate", *in_formulas, *found) if where in found]
    kept = set([*dict.fromkeys(first)][:MOST_INPUTS])
    return [place for where, place in found.items() if where in kept]


def _parts(chain: Chain) -> Iterator[tuple[str, Part]]:
    yield "traffic", chain.traffic
    for kind in chain.traffic.kinds:
        yield kind.path, kind
    for group in chain.clients:
        yield group.path, group
    for hop in chain.hops:
        yield hop.path, hop
        if hop_virtual := getattr(hop, "virtual", None):
            yield f"{hop.path}.virtual", hop_virtual
    for number, services in enumerate(chain.services):
        yield path_of(chain.services, number, "services"), services


def _input(chain: Chain, place: Place) -> Input | None:
    """The number at a place, between the values that it can have; None where it can have but one."""
    part, key, value = place.part, place.key, place.value
    ports = value if isinstance(value, PortSet) else None
    ends = _ends(chain, place) if ports is None else _sizes(part, key, ports)
    if ends is None:
        return None
    least, present, most = ends
    bounded = part if isinstance(part, Bounded) else None
    if bounded is not None and key in bounded.largest:
        most = min(most, bounded.largest[key])
    hop = next((each for each in chain.hops if each is part), None)
    paths = [place.path] if hop is None else [f"{each.path}.{key}" for each in _alike(chain, hop, key)]
    is_fixed = bounded is not None and key in bounded.kept
    is_share = key == "share"
    if not least < most:
        return None
    near = min(least, present), max(most, present)
    unit = "ports" if ports is not None else place.unit
    found = Input(tuple(paths), place.name, unit, present, *near, *near, ports, is_fixed, is_share)
    return (
        found
        if ports is not None or is_share or key in ("first_close", "block")
        else _wider(chain, found, part)
    )


def _wider(chain: Chain, found: Input, part: Part) -> Input:
    """The number with far ends, as far as a chain takes them and its device has so many."""
    largest = part.largest.get(found.paths[0].rpartition(".")[2]) if isinstance(part, Bounded) else None
    most = _FAR * found.high if largest is None else largest
    least = found.least if found.is_count else min(found.least, Fraction(1, 1000))
    far = replace(found, least=least, most=max(most, found.high))
    try:
        for end in (far.least, far.most):
            replace_all(chain, far.changes(end))
    except (ChainError, InputError):
        return found
    return far


def _sizes(part: Part, key: str, ports: PortSet) -> tuple[Number, Number, Number] | None:
    """The sizes that a range of ports can have from its lowest port on, with the present one between."""
    beside = isinstance(part, Cone) and (isinstance(part.block, tuple) or part.overflow is not None)
    if key == "overflow" or beside or len(ports.ranges) > 1:
        return None  # tables of blocks and an overflow have to fit beside it
    block = part.block_size if isinstance(part, Cone) and key == "ports" and not part.blocks_span else None
    return block or 1, ports.size, LAST_PORT + 1 - ports.ranges[0][0]


def _ends(chain: Chain, place: Place) -> tuple[Number, Number, Number] | None:
    """The least, the present and the largest value of a number."""
    if place.present is None:
        return None
    if place.key == "share":
        beside = chain.traffic.kinds if isinstance(place.part, Kind) else chain.services
        return (0, place.present, 1) if len(beside) > 1 else None
    try:
        values = axis(chain, place.path, 2).values
    except (ChainError, InputError):
        return None
    return values[0], place.present, values[-1]


def _alike(chain: Chain, hop: AnyHop, key: str) -> Iterable[AnyHop]:
    """The hops that have to agree on a number."""
    if key == "instances":
        return [each for each in chain.hops if each.on == hop.on]
    return mates(chain, hop, key) if key in OF_A_MACHINE else [hop]


def _stated(chain: Chain, made: Input, given: Chain, same: _Figures) -> Chain | None:
    """The chain with the number written out, if that changes no figure.

    None where the chain as it was given, with addresses that are written out, takes no other number.
    """
    try:
        stated = replace_all(chain, made.changes(made.present))
        if made.is_share:
            return chain
        for end in (made.least, made.most):
            replace_all(stated, made.changes(end))
            replace_all(given, made.changes(end))
    except (ChainError, InputError):
        return None
    return stated if _figures(stated) == same else None


def _figures(chain: Chain) -> _Figures:
    return [(each.hop, each.name, each.flows, each.rate) for each in capacity(chain).limits]


def opened(chain: Chain, inputs: tuple[Input, ...], run: Run) -> Chain:
    """The chain with the values of a run: all its numbers are open ones, of which most are constants.

    Raises :class:`RefusedError` where no chain has these values.
    """
    numbers = {
        path: run.number(node_of(run.formulas, number, each))
        for number, each in enumerate(inputs)
        for path in each.paths
    }

    def made(part: Any, path: str) -> Any:
        return _opened(part, path, numbers, run)

    traffic = made(chain.traffic, "traffic")
    kinds = tuple(made(kind, kind.path) for kind in chain.traffic.kinds)
    traffic = _copied(traffic, {"kinds": kinds})
    clients = tuple(made(group, group.path) for group in chain.clients)
    hops = tuple(made(hop, hop.path) for hop in chain.hops)
    services = tuple(
        made(each, path_of(chain.services, number, "services")) for number, each in enumerate(chain.services)
    )
    found: Chain = _copied(
        chain, {"traffic": traffic, "clients": clients, "hops": hops, "services": services}
    )
    _check(found)
    found._hops_at_work = tuple(with_what_machines_have(hops))
    problems: list[Any] = []
    every = list(strands(traffic, clients, found._hops_at_work, services, problems))
    if problems:
        raise RefusedError
    return found.with_strands(each for each in every if each.part)


def node_of(formulas: Formulas, number: int, each: Input) -> int:
    """The node of an input."""
    return formulas.input(number, each.least, each.most, whole=each.is_count)


def _check(chain: Chain) -> None:
    """What a chain checks of several numbers together."""
    for hop in chain.hops:
        if isinstance(hop, Cone) and (block := hop.block_size) is not None:
            whole = not hop.blocks_span
            if whole and block > hop.ports.size:
                raise RefusedError
    if any(missing_entries(chain.clients, chain.hops)):
        raise RefusedError


def _opened(part: Part, path: str, numbers: Mapping[str, Open], run: Run) -> Any:
    changes: dict[str, Any] = {}
    with_numbers = numbers_of(type(part))
    for key in type(part).model_fields:
        value, where = getattr(part, key), f"{path}.{key}"
        number = numbers.get(where)
        if isinstance(value, PortSet):
            changes[key] = (
                OpenPorts.closed(run, value) if number is None else OpenPorts.sized(run, value, number)
            )
        elif isinstance(value, AddressSet):
            if number is not None or not value.ranges:
                changes[key] = _addresses(run.constant(value.count) if number is None else number)
        elif key in with_numbers and isinstance(value, int | Fraction):
            changes[key] = run.constant(value) if number is None else number
        elif key == "virtual" and value is not None:
            changes[key] = _opened(value, where, numbers, run)
    return _copied(part, changes)


def _addresses(count: Open) -> AddressSet:
    found = AddressSet.__new__(AddressSet)
    vars(found).update(count=count, ranges=(), repeated=0)
    return found


def _copied(part: Any, changes: Mapping[str, Any]) -> Any:
    """A part with other values, which it has stated no more than before."""
    stated = set(part.model_fields_set)
    found = part.model_copy(update=changes)
    object.__setattr__(found, "__pydantic_fields_set__", stated)
    return found


def _counted(chain: Chain, same: _Figures) -> Chain:
    """The chain with counts of addresses for those that are written out, where that changes no figure."""
    for path, part in _parts(chain):
        for key in type(part).model_fields:
            value = getattr(part, key)
            if isinstance(value, AddressSet) and value.ranges:
                with suppress(ChainError, InputError):
                    other = replace_all(chain, [(f"{path}.{key}", value.size)])
                    if _figures(other) == same:
                        chain = other
    return chain
