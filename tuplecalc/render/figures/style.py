"""How every figure looks: colours, type, numbers on axes, and how it becomes a file.

Colours are Okabe and Ito's (Color Universal Design, 2008), which people with any colour vision tell
apart; where two of them stand side by side in grey, a hatch, a mark or a word tells them apart too.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import wraps
from math import isinf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, ParamSpec

import matplotlib as mpl
from matplotlib.backend_bases import get_registered_canvas_class
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation, blended_transform_factory
from rich.cells import cell_len

from tuplecalc.errors import InputError, reject
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Number
from tuplecalc.render import numbers, table
from tuplecalc.render.figures import fonts

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
BINDING, NEXT, OTHER = VERMILLION, ORANGE, "#a8a8b2"
"""The limit that binds, the one that would be next, and all the rest: in grey, as blue is a kind."""

_LOOK = mpl.rc_params_from_file(Path(__file__).with_name("look.mplstyle"), use_default_template=False)
INK, MUTED, FAINT, PAPER = (
    str(_LOOK[key]) for key in ("text.color", "axes.edgecolor", "grid.color", "figure.facecolor")
)
"""Text and lines, secondary text, grid, background: a page may put others in their place."""
ON_LIGHT, ON_DARK = "#1a1a1a", "#fefefe"
"""Text on a filled area, whatever the page's own colours."""

PRESENT: Any = {"color": PAPER, "markersize": 9, "markeredgecolor": INK, "markeredgewidth": 2, "zorder": 5}
"""The ring of the present design."""

BEHIND: Any = {"facecolor": PAPER, "alpha": 0.8, "linewidth": 0, "pad": 1.0}
"""The ground of words over lines; an outline would make paths of them."""

Size = Literal["slide", "half-page", "report"]
SIZES: dict[Size, tuple[float, float]] = {"slide": (8.0, 4.5), "half-page": (6.3, 4.3), "report": (4.9, 4.0)}
"""Inches: a slide's 1200 × 675 pixels at ``DPI``; half of an A4 page within its margins; what a phone
can show with words that are large enough to read."""
DPI = 150

_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None},
}
_FAMILIES = re.compile(rb"'DejaVu Sans'((?:, '[^']*')*)")
_GENERIC = rb"'DejaVu Sans', Verdana\1, sans-serif"
_CHARACTER = 0.55  # width of a character over the size of the type, on average
_AXES = 0.75  # of the figure's width
_WIDE, _LOST = 6.3, 0.6  # inches; of each inch less, what the axes lose to words beside them
_HANDLE = 9  # characters as wide as what stands beside words of a legend
_LEGEND = 1.2  # times the axes' width: as far as the figure's edge
_EDGE = 0.012  # of the figure's width: where titles begin
_ROWS, _ROW = 10, 0.18  # rows that the axes of a report's figure have room for, and the inches of each
FOR_AXIS = 36  # points that the ticks and words of an axis take

_BLANK = "\N{SYMBOL FOR SPACE}"
_TOGETHER = r"(?<=[<>≥≤]) | (?=[<>≥≤])|(?<=\d) (?=(?:min|h|s|ms|µs|days?)\b)"  # what one line keeps
_BOLD = 0.6  # width of a bold character over the size of the type, on average

P = ParamSpec("P")


@contextmanager
def style() -> Iterator[None]:
    """The look, for what is drawn and saved inside; matplotlib's own settings are back afterwards.

    Characters that no font has are boxes, without a warning of matplotlib's.
    """
    with mpl.rc_context(_LOOK), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
        interactive = mpl.rcParams["interactive"]
    mpl.rcParams["interactive"] = interactive  # a notebook's backend, loaded by the first figure, sets it


def styled(plot: Callable[P, Axes]) -> Callable[P, Axes]:
    """A plot function in this look, with the chain's title; it objects to anything but a result.

    Names that the figures' font cannot write get one that can.  In a notebook a Python warning says what
    no font has; the command line says it itself.
    """

    @wraps(plot)
    def inside(*arguments: P.args, **keys: P.kwargs) -> Axes:
        result = arguments[0] if arguments else keys.get("result")
        if not isinstance(result, Capacity):
            raise reject(result, "this is what a chain can carry", "give it tc.capacity(chain)", "result")
        with style():
            ax = plot(*arguments, **keys)
            _titled(ax, result.chain.title)
            if not repr(result.chain).isascii():
                lacking = fonts.fall_back(figure_of(ax)).message
                if lacking and figure_of(ax).canvas.manager is not None:
                    warnings.warn(lacking, stacklevel=2)
            return ax

    return inside


def axes(ax: Axes | None) -> Axes:
    """The axes that were given, or those of a new figure that a notebook shows."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt  # keeps its figures for a notebook; the command line needs none

    _, made = plt.subplots(figsize=SIZES["slide"], dpi=100, layout="constrained")
    return made


def blank(size: Size = "slide", rows: int = 0) -> Axes:
    """The axes of an empty figure that nothing keeps, for a file; taller where it has many rows of words.

    >>> [float(figure_of(blank("report", rows)).get_figheight()) for rows in (0, 10, 20)]
    [4.0, 4.0, 5.8]
    """
    wide, high = SIZES[size]
    with style():
        high += max(rows - _ROWS, 0) * _ROW
        figure = Figure(figsize=(wide, high), dpi=DPI, layout="constrained")
        return figure.add_subplot()


def figure_of(ax: Axes) -> Figure:
    """The whole figure that the axes are part of."""
    figure = ax.get_figure(root=True)
    if figure is None:
        raise InputError("these axes were removed from their figure; make new ones")
    return figure


_UPRIGHT = 0.55  # of the figure's height: about what the axes have of it


def across(ax: Axes) -> float:
    """About how many points the axes are wide: to measure them takes a layout of the figure."""
    inches = float(figure_of(ax).get_size_inches()[0])
    return (inches * _AXES - max(_WIDE - inches, 0) * _LOST) * 72


def is_narrow(ax: Axes) -> bool:
    """Whether the figure is one of a report, which a phone shows as well."""
    return float(figure_of(ax).get_size_inches()[0]) < SIZES["half-page"][0]


def width(ax: Axes, words: str) -> float:
    """About what share of the axes' width words take."""
    return cell_len(words) * _CHARACTER * float(mpl.rcParams["font.size"]) / across(ax)


def below(ax: Axes, key: Iterable[Artist], drop: float = FOR_AXIS) -> None:
    """What colours, hatches and marks mean, so many points below the axes: under the words of these."""
    figure = figure_of(ax)
    down = ax.transAxes + ScaledTranslation(0, -drop / 72, figure.dpi_scale_trans)
    where: Any = {"bbox_to_anchor": (0, 0), "bbox_transform": down, "borderaxespad": 0}
    handles = list(key)
    longest = max((str(each.get_label()) for each in handles), key=cell_len, default="")
    columns = int(_LEGEND / width(ax, longest + " " * _HANDLE))
    ax.legend(handles=handles, loc="upper left", frameon=False, ncols=max(columns, 1), **where)


def headline(ax: Axes, finding: str, pad: float = 10.0) -> None:
    """The title: the finding, from the figure's left edge on, over two lines where it is long."""
    figure = figure_of(ax)
    room = int(0.96 * figure.get_size_inches()[0] / (mpl.rcParams["axes.titlesize"] / 72 * _BOLD))
    whole = re.sub(_TOGETHER, _BLANK, finding)
    title = ax.set_title("\n".join(table.prose(whole, room)).replace(_BLANK, " "), pad=pad)
    upright = ax.yaxis.label
    points = float(upright.get_fontsize())
    long = cell_len(upright.get_text()) * _CHARACTER * points
    high = _UPRIGHT * 72 * float(figure.get_size_inches()[1])
    if is_narrow(ax) and long > high:  # it would run into the title
        upright.set_fontsize(points * high / long)
    if len(figure.axes) == 1:  # beside others it stays over its own axes
        lift = ScaledTranslation(0, pad / 72, figure.dpi_scale_trans)
        title.set_transform(blended_transform_factory(figure.transSubfigure, ax.transAxes) + lift)
        title.set_x(_EDGE)


def _titled(ax: Axes, title: str) -> None:
    """What the chain is, small over the finding; not where there are several axes or other words."""
    figure = figure_of(ax)
    if not title or len(figure.axes) > 1 or figure.get_suptitle():
        return
    size = mpl.rcParams["font.size"]
    room = int(0.96 * figure.get_size_inches()[0] * 72 / (size * _CHARACTER))
    words = table.name(" ".join(title.split()), room)
    figure.suptitle(words, x=_EDGE, ha="left", fontsize=size, color=MUTED, gid="chain")


def encode(ax: Axes, file_format: str, dpi: float = DPI) -> bytes:
    """The figure as a file's bytes, the same in every run of one matplotlib version on one machine.

    Words of SVG stay words: a reader can search and copy them, and a browser has fonts for any script.
    Verdana is as wide as the font that they are laid out for; what else a browser has is narrower.
    """
    figure, stream = figure_of(ax), io.BytesIO()
    before, dpi_before = figure.canvas, figure.dpi
    figure.set_dpi(dpi)
    with style():
        # `savefig` would lay the figure out and draw it twice; the usual compression takes a tenth off
        # the file and a third more time.
        packed: Any = {"pil_kwargs": {"compress_level": 3}} if file_format == "png" else {}
        canvas = get_registered_canvas_class(file_format)(figure)
        getattr(canvas, f"print_{file_format}")(stream, metadata=_METADATA[file_format], **packed)
    figure.set_canvas(before)
    figure.set_dpi(dpi_before)
    return _FAMILIES.sub(_GENERIC, stream.getvalue()) if file_format == "svg" else stream.getvalue()


_PREFIXES = ("", "k", "M", "G", "T", "P")  # those that people know
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def si(value: Number | float) -> str:
    """A number with an SI prefix, to three digits; a power of ten beyond these.

    >>> si(193536), si(586.4727), si(2**32), si(0.25), si(0), si(12_000), si(999_999)
    ('194k', '586', '4.29G', '0.25', '0', '12k', '1M')
    >>> si(10**30), si(2**128), si(Fraction(1, 10**7)), si(float("inf"))
    ('10³⁰', '3.4·10³⁸', '10⁻⁷', '∞')
    >>> si(-1500)
    '-1.5k'
    """
    if isinstance(value, float) and isinf(value):
        return "∞"
    exact = Fraction(value)
    if exact <= 0:
        return f"-{si(-exact)}" if exact else "0"
    mantissa, _, exponent = numbers.scientific(exact, 2).partition("e")
    thousands, rest = divmod(int(exponent), 3)
    if thousands == -1:
        return f"{float(exact):.3g}"
    if 0 <= thousands < len(_PREFIXES):
        return f"{float(mantissa) * 10**rest:.3g}{_PREFIXES[thousands]}"
    mantissa, _, exponent = numbers.scientific(exact, 1).partition("e")
    return f"{float(mantissa):g}·{power(int(exponent))}".removeprefix("1·")


def count(value: Number) -> str:
    """A count as a figure writes it: exact as long as people read it, else a power of ten.

    >>> count(1290240), count(2**128)
    ('1,290,240', '3.4·10³⁸')
    """
    return numbers.count(value) if value < numbers.LONGEST else si(value)


def power(exponent: int) -> str:
    """A power of ten: ``power(6) == "10⁶"``."""
    return f"10{str(exponent).translate(_RAISED)}"


def si_axis(axis: Any) -> None:
    """Ticks of a linear or logarithmic axis with SI prefixes."""
    axis.set_major_formatter(lambda value, _: si(value))
    axis.set_minor_formatter(lambda value, _: "")
