"""Which hops of a chain a machine is."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from tuplecalc.errors import InputError, nearest, show
from tuplecalc.network.chain import Chain
from tuplecalc.render.table import name

HOPS = typer.Option(
    "--hop",
    metavar="NAME",
    help="A hop that this machine is, or `clients`. Repeatable; only needed where the chain has several "
    "machines.",
)
_CLIENTS = "clients"


def own_hops(chain: Chain, names: Sequence[str] | None) -> tuple[str, ...]:
    """The hops of a machine: those named, else all of the chain where they are of one machine.

    Raises :class:`~tuplecalc.errors.InputError` as :func:`named_hops` does, where no name is given and
    the chain has several machines, and where those named are of several.

    >>> from tuplecalc.network.file import example
    >>> own_hops(example("cone"), None)
    ('nat',)
    >>> own_hops(example("outage"), None)
    Traceback (most recent call last):
    tuplecalc.errors.InputError: --hop: which hop is this machine? The chain has lvs, login-proxy; \
write it as in --hop lvs
    """
    found = named_hops(chain, names)
    machines = {hop.name: hop.on for hop in chain.hops}
    if len({machines.get(each, _CLIENTS) for each in found}) == 1:
        return found
    if not names:
        rule = f"which hop is this machine? The chain has {', '.join(map(name, found))}"
        raise InputError(f"--hop: {rule}; write it as in --hop {found[0]}")
    rule = "these are of several machines; hops of one have the same `machine` in the file"
    raise InputError(f"--hop: {', '.join(map(name, found))}: {rule}")


def named_hops(chain: Chain, names: Sequence[str] | None) -> tuple[str, ...]:
    """The hops that are named, else all; the clients where there are no hops.

    Raises :class:`~tuplecalc.errors.InputError` where a name is no hop's.
    """
    hops = [hop.name for hop in chain.hops]
    for each in names or ():
        if each not in (*hops, _CLIENTS):
            meant = nearest(each, [*hops, _CLIENTS])
            way_out = f'did you mean "{meant}"?' if meant else "take one of these, or clients"
            there = ", ".join(map(name, hops)) or "no hops"
            raise InputError(f"--hop {show(each)}: the chain has {there}; {way_out}")
    return tuple(dict.fromkeys(names or hops or [_CLIENTS]))
