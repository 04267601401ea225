"""Machines: what hops share that are on one, and have to agree on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TypeVar

from tuplecalc.errors import Problem, show
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.hop import Hop
from tuplecalc.network.proxy import Proxy

_ALIKE = ("instances", "split", "tracking")
"""What hops of one machine agree on, said or not."""
OF_A_MACHINE = ("max_files", "max_entries", "tracking_time_wait", "udp_timeout", "addresses")
"""What one of them says for all."""
_AnyHop = TypeVar("_AnyHop", bound=Hop)


def machine_problems(hops: Sequence[Hop]) -> Iterator[Problem]:
    """Hops of one machine agree on what is the machine's."""
    machines = _machines(hops)
    for number, hop in enumerate(hops):
        if hop.machine is None and hop.name in machines:
            rule = f"a machine has a name of its own; hops[{number}] is called so and is not on it"
            way_out = f"choose another, or write machine = {show(hop.name)} there too"
            yield Problem(f"[{machines[hop.name][0]}].machine", hop.name, rule, way_out)
    for several in machines.values():
        for key in (*_ALIKE, *OF_A_MACHINE):
            having = [
                n for n in several if _shares(hops[n], key) and (key in _ALIKE or key in hops[n].stated)
            ]
            yield from _disagreements(key, having, hops)


def _disagreements(key: str, several: Sequence[int], hops: Sequence[Hop]) -> Iterator[Problem]:
    values = {number: getattr(hops[number], key) for number in several}
    firsts: dict[object, int] = {}
    for number in several:
        firsts.setdefault(values[number], number)
        unlike = (
            n
            for n in firsts.values()
            if values[n] != values[number]
            and not (key == "addresses" and are_apart(values[n], values[number]))
        )
        if (first := next(unlike, None)) is not None:
            both = key in hops[number].stated and key in hops[first].stated
            there = f"hops[{first}] has {show(_plain(values[first]))}"
            rule = f"hops of one machine agree on `{key}`{'' if both else ', said or not'}; {there}"
            way_out = "write the same, or take another machine"
            yield Problem(f"[{number}].{key}", _plain(values[number]), rule, way_out)


def are_apart(one: AddressSet, other: AddressSet) -> bool:
    """Whether hops of one machine may have both: no two are the same, and of two counts who knows.

    >>> are_apart(AddressSet("198.18.0.1"), AddressSet("198.18.0.2")), are_apart(AddressSet(2), AddressSet(3))
    (True, False)
    """
    return not (one.count and other.count) and one.common(other) is None


def with_what_machines_have(hops: Sequence[_AnyHop]) -> Iterator[_AnyHop]:
    """The hops, each with what another one says of their machine, the first of them.

    >>> from tuplecalc.network.forwarder import Forwarder
    >>> firewall = Forwarder(name="firewall", layer=3, machine="m", max_entries=9)
    >>> balancer = Forwarder(name="balancer", layer=4, machine="m")
    >>> [hop.max_entries for hop in with_what_machines_have([firewall, balancer])]
    [9, 9]
    """
    said: dict[tuple[str, str], object] = {}
    for hop in reversed(hops):  # the first one wins
        keys = (key for key in hop.stated.intersection(OF_A_MACHINE) if _shares(hop, key))
        said |= {(hop.on, key): getattr(hop, key) for key in keys}
    for hop in hops:
        unsaid = (key for key in OF_A_MACHINE if (hop.on, key) in said and key not in hop.stated)
        found = {key: said[hop.on, key] for key in unsaid if _shares(hop, key)}
        yield hop.model_copy(update=found) if found else hop


def _machines(hops: Sequence[Hop]) -> dict[str, list[int]]:
    machines: dict[str, list[int]] = {}
    for number, hop in enumerate(hops):
        if hop.machine is not None:
            machines.setdefault(hop.machine, []).append(number)
    return machines


def _shares(hop: Hop, key: str) -> bool:
    """Whether a hop has this of its machine; the addresses that a cone translates to are its own."""
    if key == "addresses":
        return isinstance(hop, Proxy) and hop.source == "own"
    return key in type(hop).model_fields


def _plain(value: object) -> object:
    """A value as a file says it."""
    return getattr(value, "spec", float(value) if isinstance(value, Fraction) else value)
