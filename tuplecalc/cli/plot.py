"""``tuplecalc plot``: figures for slides and design reviews."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated

import typer

from tuplecalc.cli.inputs import File, Rate, Settings, chain
from tuplecalc.cli.outputs import STANDARD_OUTPUT, quiet, target, write
from tuplecalc.errors import InputError, show
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.network.file import show_path
from tuplecalc.questions.axis import Axis, axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Kind(StrEnum):
    """What there is to see."""

    SHAPE = "shape"
    LIMITS = "limits"
    RATE = "rate"
    MAP = "map"
    BLOCKING = "blocking"
    EXHAUSTION = "exhaustion"


class Of(StrEnum):
    """What the bars of ``limits`` are."""

    FLOWS = "flows"
    RATE = "rate"


class Size(StrEnum):
    """What a figure is made for."""

    SLIDE = "slide"
    HALF_PAGE = "half-page"


_AXES = {Kind.RATE: 1, Kind.MAP: 2}
"""How many knobs a kind varies."""


def plot(
    kind: Annotated[
        Kind,
        typer.Argument(
            help="shape: the chain's silhouette. limits: all limits as bars. rate: the highest rate against "
            "one knob. map: against two. blocking: what fails at which rate. exhaustion: tuples over time."
        ),
    ],
    file: File = None,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="PATH", help='A .svg, .png or .pdf file; "-" writes SVG.'),
    ] = None,
    settings: Settings = None,
    rate: Rate = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH[=A..B[/N]]",
            help="rate, map: what is varied, as in hops.lvs.addresses=1..64 or traffic.hold=0s..10m. "
            "Twice for a map.",
        ),
    ] = None,
    of: Annotated[
        Of | None,
        typer.Option(help="limits: what the bars are.", show_default="rate, where one is offered"),
    ] = None,
    size: Annotated[
        Size, typer.Option(help="A slide (1200 × 675 pixels), or half of an A4 page.")
    ] = Size.SLIDE,
) -> None:
    """A figure of the chain: silhouette, limits, rates, what fails, when ports run out."""
    path = target(output, f"{kind.value}.svg", [file])
    file_format = _format(path)
    _fits(kind, vary or [], of)
    design = chain(file, settings, rate)
    result = capacity(design)
    quiet()
    from tuplecalc.render.figures import style

    ax = _draw(kind, result, vary or [], of, style.blank(size.value))
    write(path, style.encode(ax, file_format))
    if path != STANDARD_OUTPUT:
        print(f"wrote {show_path(path)}: {' '.join(ax.get_title(loc='left').split())}", file=sys.stderr)


def _format(output: str) -> str:
    if output == STANDARD_OUTPUT:
        return "svg"
    ending = PurePath(output).suffix.lower().removeprefix(".")
    if ending not in ("svg", "png", "pdf"):
        raise InputError(
            f"-o {show(output)}: a figure is a .svg, .png or .pdf file; end its name so, or write -"
        )
    return ending


def _fits(kind: Kind, vary: list[str], of: Of | None) -> None:
    """Options that a kind does not have are errors, not ignored."""
    if of is not None and kind is not Kind.LIMITS:
        raise InputError(
            f"--of {of.value}: this is what the bars of `limits` are; leave it out for {kind.value}"
        )
    most = _AXES.get(kind, 0)
    if vary and not most:
        raise InputError(
            f"--vary {show(vary[0])}: this is for `rate` and `map`; leave it out for {kind.value}"
        )
    if len(vary) > most:
        knobs = "one knob" if most == 1 else "two knobs"
        raise InputError(f"--vary {show(vary[most])}: {kind.value} varies {knobs}; leave the others out")


def _draw(kind: Kind, result: Capacity, vary: list[str], of: Of | None, ax: Axes) -> Axes:
    from tuplecalc.render import figures

    match kind:
        case Kind.SHAPE:
            return figures.plot_shape(result, ax=ax)
        case Kind.LIMITS:
            return figures.plot_limits(result, of.value if of else None, ax=ax)
        case Kind.RATE:
            return figures.plot_rate(result, *_knobs(result, vary), ax=ax)
        case Kind.MAP:
            return figures.plot_map(result, *_knobs(result, vary), ax=ax)
        case Kind.BLOCKING:
            return figures.plot_blocking(result, ax=ax)
        case Kind.EXHAUSTION:
            return figures.plot_exhaustion(result, ax=ax)


def _knobs(result: Capacity, vary: list[str]) -> list[Axis]:
    if not vary:
        return []
    return [axis(result.chain, each) for each in vary]
