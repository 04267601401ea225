"""Which kinds of traffic go through a hop, pass it, or go round it: a line for each way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.transforms import ScaledTranslation

from tuplecalc.limits.capacity import Capacity
from tuplecalc.network.chain import Chain
from tuplecalc.render import table
from tuplecalc.render.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Meeting = Literal["through", "uncaptured", "round"]

_ROW = 16.0  # points from one line to the next
_MARK = 9.0  # points, where there is room
_NAMES = 2.6  # characters of names for each inch of the figure
_MOST = 8
_FILLED = 0.4  # of the distance between two hops
_LOOKS: dict[Meeting, dict[str, Any]] = {
    "through": {"marker": "s"},
    "uncaptured": {"marker": "o", "markerfacecolor": style.PAPER},
    "round": {"marker": Path.arc(0, 180), "markerfacecolor": "none"},
}
_WORDS: dict[Meeting, str] = {
    "through": "through the hop",
    "uncaptured": "passes uncaptured",
    "round": "goes round it",
}


def ways(chain: Chain) -> dict[tuple[Meeting, ...], list[str]]:
    """How each kind meets each hop; kinds that go alike stand together.

    >>> from tuplecalc.network.file import loads
    >>> ways(loads('''clients.addresses = 9
    ... services = {addresses = 2, ports = 80}
    ... traffic.kinds = [{name = "login", share = 0.1}, {name = "play", share = 0.9}]
    ... hops = [{name = "proxy", kind = "hourglass", capture = "listen", captures = ["login"]}]'''))
    {('through',): ['login'], ('uncaptured',): ['play']}
    """
    found: dict[tuple[Meeting, ...], list[str]] = {}
    for kind, strand in {strand.kind: strand for strand in chain.strands}.items():
        way = tuple[Meeting, ...](
            "round" if not strand.crosses(hop) else "through" if strand.is_captured(hop) else "uncaptured"
            for hop in chain.hops
        )
        found.setdefault(way, []).append(kind)
    return found


def draw_ways(ax: Axes, result: Capacity, drop: float) -> None:
    """A line for each way of kinds, so many points under the axes; nothing where all go the same way."""
    found = ways(result.chain)
    if len(found) < 2:
        return
    longest = int(_NAMES * style.figure_of(ax).get_size_inches()[0])
    shown, legs = list(found.items())[:_MOST], len(result.hops)
    size = min(_MARK, _FILLED * style.across(ax) / legs)
    for row, (way, kinds) in enumerate(shown):
        down = ScaledTranslation(0, -(drop + _ROW * (row + 0.5)) / 72, style.figure_of(ax).dpi_scale_trans)
        gid = f"way:{', '.join(kinds)}"
        at: Any = {"transform": ax.get_xaxis_transform() + down, "clip_on": False, "gid": gid}
        ax.plot([0, legs], [0, 0], color=style.INK, linewidth=1.2, **at)
        for place, (hop, meeting) in enumerate(zip(result.chain.hops, way, strict=True), start=1):
            looks: Any = {"color": style.BINDING if hop.name == result.binding.hop else style.INK}
            at["gid"] = f"{gid}:{hop.name}:{meeting}"
            if meeting == "round":  # where the line leaves a gap
                looks = {"color": style.INK}
                ax.plot(place, 0, "s", color=style.PAPER, markersize=size, **at)
            ax.plot(place, 0, linestyle="none", markersize=size, **looks, **_LOOKS[meeting], **at)
        where: Any = {"xycoords": at["transform"], "textcoords": "offset points", "gid": f"{gid}:name"}
        ax.annotate(_names(kinds, longest), (0, 0), (-_MARK, 0), ha="right", va="center", **where)
    met = [meeting for meeting in _LOOKS if any(meeting in way for way, _ in shown)]
    marks: Any = {"linestyle": "none", "color": style.INK, "markersize": _MARK}
    key = [Line2D([], [], label=_WORDS[meeting], **marks, **_LOOKS[meeting]) for meeting in met]
    more = [Line2D([], [], linestyle="none", label=f"{len(found) - _MOST} more ways")] * (len(found) > _MOST)
    style.below(ax, [*key, *more], drop + _ROW * len(shown) + 4)


def _names(kinds: list[str], longest: int) -> str:
    """The kinds of a way: the first, and how many more there are where they would be too long."""
    every = ", ".join(kinds)
    more = f" +{len(kinds) - 1}" if len(kinds) > 1 else ""
    return every if len(every) <= longest else f"{table.name(kinds[0], longest - len(more))}{more}"
