"""This machine: its own chain, and which hops it is of another."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Sequence

import typer

from tuplecalc.cli.messages import say
from tuplecalc.errors import InputError, nearest, show
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import loads

HOPS = typer.Option(
    "--hop",
    metavar="NAME",
    help="A hop that this machine is; also `clients` or `services`. Repeatable, and only needed where the "
    "chain has several machines.",
)
_CLIENTS = "clients"
_ENDS = (_CLIENTS, "services")


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
    if len({machines.get(each, each) for each in found}) == 1:
        return found
    if not names:
        rule = f"which hop is this machine? The chain has {', '.join(found)}"
        raise InputError(f"--hop: {rule}; write it as in --hop {found[0]}")
    rule = "these are of several machines; hops of one have the same `machine` in the file"
    raise InputError(f"--hop: {', '.join(found)}: {rule}")


def named_hops(chain: Chain, names: Sequence[str] | None) -> tuple[str, ...]:
    """The hops that are named, else all; the clients where there are no hops.

    Raises :class:`~tuplecalc.errors.InputError` where a name is no hop's.
    """
    hops = [hop.name for hop in chain.hops]
    for each in names or ():
        if each not in (*hops, *_ENDS):
            meant = nearest(each, [*hops, *_ENDS])
            way_out = f'did you mean "{meant}"?' if meant else "take one of these, or clients or services"
            there = ", ".join(hops) or "no hops"
            raise InputError(f"--hop {show(each)}: the chain has {there}; {way_out}")
    return tuple(dict.fromkeys(names or hops or [_CLIENTS]))


def own_chain() -> tuple[Chain, str]:
    """The chain that this machine's rules and settings make, and its text: ``import`` of itself.

    What of them is not understood is said on standard error.  Raises
    :class:`~tuplecalc.errors.InputError` where they cannot be read, or make no chain.
    """
    from tuplecalc.sources.host.bundle import READER
    from tuplecalc.sources.read import COLLECTOR
    from tuplecalc.sources.texts import opened
    from tuplecalc.sources.told import told
    from tuplecalc.sources.written import written

    try:
        done = subprocess.run(["sh", COLLECTOR], stdout=subprocess.PIPE, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise InputError(f"FILE: none is given, and this machine cannot be read: {error}") from error
    source = opened("-", io.BytesIO(done.stdout), "this machine")
    found = written([(source, READER.read(source))])
    for line in told(found.remarks):
        say(line)
    return loads(found.text, source=source.name), found.text
