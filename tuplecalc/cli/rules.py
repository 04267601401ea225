"""``tuplecalc rules``: Prometheus' alerts on what ``tuplecalc observe`` counts."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tuplecalc.cli.files import begun
from tuplecalc.cli.inputs import Settings, chain, is_unicode
from tuplecalc.cli.own import HOPS, named_hops


def rules(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            autocompletion=begun,
            help="A chain file: rules for each of its limits, with what it is a limit of.",
            show_default="the same rules for whatever is observed",
        ),
    ] = None,
    settings: Settings = None,
    hops: Annotated[list[str] | None, HOPS] = None,
) -> None:
    """Prometheus alerts at 80 % and 90 % of each limit, and where one runs out within the hour."""
    from tuplecalc.render import alerts

    limits = []
    if file is not None:
        from tuplecalc.limits.capacity import capacity

        design = chain(file, settings)
        limits = list(alerts.watched(capacity(design), named_hops(design, hops)))
    text = alerts.rules(limits)
    if not is_unicode():  # YAML reads these escapes in its double quotes, where all names are
        text = text.encode("ascii", "backslashreplace").decode("ascii")
    sys.stdout.write(text)
