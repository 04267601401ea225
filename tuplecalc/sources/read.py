"""Sources → the chain file of the chain that they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from tuplecalc.sources.recognise import Reader, reader_of
from tuplecalc.sources.texts import opened
from tuplecalc.sources.written import Written, written

COLLECTOR = Path(__file__).parent / "host" / "collector.sh"
"""The script that collects what a Linux machine says of itself: plain sh, reads only."""


def readers() -> tuple[Reader, ...]:
    """All kinds of sources; those that are known by more of their content come first."""
    from tuplecalc.sources.clouds import terraform
    from tuplecalc.sources.host import bundle
    from tuplecalc.sources.proxies import envoy, haproxy, nginx

    return terraform.READER, envoy.READER, bundle.READER, haproxy.READER, nginx.READER


def read(paths: Sequence[str], standard_input: BinaryIO | None = None) -> Written:
    """The chain file of these sources, in the order in which connections cross them.

    Raises :class:`~tuplecalc.errors.InputError` where one of them cannot be read or is none that is known.
    """
    sources = [opened(path, standard_input) for path in paths]
    known = readers()
    return written([(source, reader_of(source, known).read(source)) for source in sources])
