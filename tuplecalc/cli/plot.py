"""``tuplecalc plot``: figures for slides and design reviews."""

from __future__ import annotations

from fractions import Fraction
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tuplecalc.cli.inputs import File, Rate, Settings, chain, option
from tuplecalc.cli.messages import say
from tuplecalc.cli.outputs import STANDARD_OUTPUT, keep_others, quiet, target, write
from tuplecalc.cli.progress import working
from tuplecalc.errors import InputError, show
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.network.file import show_path
from tuplecalc.questions.axis import axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Kind = Literal["shape", "limits", "rate", "map", "region", "blocking", "exhaustion"]
Of = Literal["flows", "rate"]
_AXES = {"rate": 1, "map": 2}
"""How many knobs a kind varies."""
_USUAL, _FINEST = 150, 1200  # pixels an inch


def plot(
    kind: Annotated[
        Kind,
        typer.Argument(
            metavar="KIND",
            help="shape: the chain's silhouette. limits: all limits as bars. rate: the highest rate against "
            "one knob. map: against two. region: the rates of two kinds of traffic that fit together. "
            "blocking: what fails at which rate. "
            "exhaustion: open connections over time, until ports run out.",
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
    kinds: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,KIND",
            help="region: the two kinds.",
            show_default="the two that take most of the tightest limit",
        ),
    ] = None,
    size: Annotated[
        Literal["slide", "half-page"],
        typer.Option(help="A slide (8 × 4.5 inches, as a .png 1200 × 675 pixels), or half of an A4 page."),
    ] = "slide",
    dpi: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER", help="A .png: pixels an inch, as print wants them.", show_default="150"
        ),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="A .png: so many times the pixels, as in 2.", show_default="1"),
    ] = None,
) -> None:
    """A figure of the chain: silhouette, limits, rates, what fails, when ports run out."""
    path = target(output, f"{kind}.svg", [file])
    file_format = _format(path)
    keep_others(path, file_format)
    resolution = _resolution(dpi, scale, file_format)
    _fits(kind, vary or [], of, kinds)
    two = None if kinds is None else _two(kinds)
    design = chain(file, settings, rate)
    quiet()
    with working(f"drawing {path}"):
        result = capacity(design)
        from tuplecalc.render.figures import fonts, style

        ax = _draw(kind, result, vary or [], of, two, style.blank(size))
        drawn = style.encode(ax, file_format, resolution)
    write(path, drawn)
    if lacking := fonts.fall_back(style.figure_of(ax)).message:
        say(lacking)
    if path != STANDARD_OUTPUT:
        say(f"wrote {show_path(path)}: {' '.join(ax.get_title(loc='left').split())}")


def _format(output: str) -> str:
    if output == STANDARD_OUTPUT:
        return "svg"
    ending = PurePath(output).suffix.lower().removeprefix(".")
    if ending not in ("svg", "png", "pdf"):
        raise InputError(
            f"-o {show(output)}: a figure is a .svg, .png or .pdf file; end its name so, or write -"
        )
    return ending


def _resolution(dpi: str | None, scale: str | None, file_format: str) -> float:
    """How many pixels an inch a picture has."""
    inch = option("--dpi", dpi, "a number from 30 to 1,200", "300", lambda value: 30 <= value <= _FINEST)
    times = option(
        "--scale", scale, "a number from 0.2 to 8", "2", lambda value: Fraction(1, 5) <= value <= 8
    )
    for name, written, value in (("--dpi", dpi, inch), ("--scale", scale, times)):
        if value is not None and file_format != "png":
            rule = f"a .{file_format} is as sharp at any size; leave it out, or write a .png"
            raise InputError(f"{name} {show(written)}: {rule}")
    if inch is not None and times is not None:
        raise InputError(f"--scale {show(scale)}: --dpi says how many pixels already; leave one of them out")
    return float((times or 1) * (inch or _USUAL))


def _fits(kind: Kind, vary: list[str], of: Of | None, kinds: str | None) -> None:
    """Options that a kind does not have are errors, not ignored."""
    if of is not None and kind != "limits":
        raise InputError(f"--of {of}: this is what the bars of `limits` are; leave it out for {kind}")
    if kinds is not None and kind != "region":
        raise InputError(f"--kinds {show(kinds)}: these are the two of `region`; leave it out for {kind}")
    most = _AXES.get(kind, 0)
    if vary and not most:
        raise InputError(f"--vary {show(vary[0])}: this is for `rate` and `map`; leave it out for {kind}")
    if len(vary) > most:
        knobs = "one knob" if most == 1 else "two knobs"
        raise InputError(f"--vary {show(vary[most])}: {kind} varies {knobs}; leave the others out")


def _two(kinds: str) -> tuple[str, str]:
    try:
        first, second = kinds.split(",")
    except ValueError:
        raise InputError(f"--kinds {show(kinds)}: these are two names, as in --kinds login,play") from None
    return first.strip(), second.strip()


def _draw(
    kind: Kind, result: Capacity, vary: list[str], of: Of | None, two: tuple[str, str] | None, ax: Axes
) -> Axes:
    from tuplecalc.render import figures

    more: list[object] = [axis(result.chain, each) for each in vary]
    if kind in ("limits", "region"):
        more = [of if kind == "limits" else two]
    drawn: Axes = getattr(figures, f"plot_{kind}")(result, *more, ax=ax)
    return drawn
