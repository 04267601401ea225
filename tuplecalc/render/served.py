"""Which clients get ports, in words: the one place that says it."""

from __future__ import annotations

from tuplecalc.limits.served import Served
from tuplecalc.render import numbers


def with_ports(found: Served) -> str:
    """How many of all clients get ports.

    >>> with_ports(Served(12000, 3528)), with_ports(Served(9, 9))
    ('only 3,528 of 12,000 clients get ports', 'all 9 clients get ports')
    >>> with_ports(Served(9, 1)), with_ports(Served(9, 0)), with_ports(Served(1, 1))
    ('only 1 of 9 clients gets ports', 'none of the 9 clients gets ports', 'the only client gets ports')
    """
    clients, served = map(numbers.count, found)
    if found.are_all:
        return "the only client gets ports" if found.clients == 1 else f"all {clients} clients get ports"
    if not found.served:
        return f"none of the {clients} clients gets ports"
    return f"only {served} of {clients} clients {'gets' if found.served == 1 else 'get'} ports"


def without_ports(found: Served) -> str:
    """The few words of a title where clients get no ports; empty where all get some.

    >>> without_ports(Served(12000, 3528)), without_ports(Served(9, 8)), without_ports(Served(9, 9))
    ('8,472 of 12,000 clients get no ports', '1 of 9 clients gets no ports', '')
    """
    none = found.clients - found.served
    verb = "gets" if none == 1 else "get"
    return f"{numbers.count(none)} of {numbers.count(found.clients)} clients {verb} no ports" if none else ""


def unserved(found: Served, where: str = "") -> str:
    """How many clients get ports, and what that means for the figures; empty where all get some.

    >>> print(unserved(Served(12000, 3528), " at nat"))
    Only 3,528 of 12,000 clients get ports at nat: all connections and rates here are theirs. What the \
other 8,472 open fails, and is counted in the share that fails.
    """
    if found.are_all:
        return ""
    said = with_ports(found)
    said = f"{said[:1].upper()}{said[1:]}{where}"
    if not found.served:
        return f"{said}: all that they open fails."
    others = numbers.count(found.clients - found.served)
    return (
        f"{said}: all connections and rates here are theirs. What the other {others} "
        f"open{'s' if others == '1' else ''} fails, and is counted in the share that fails."
    )
