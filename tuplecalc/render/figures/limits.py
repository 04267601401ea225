"""Every limit of every hop as a bar."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor, log10
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from matplotlib.transforms import ScaledTranslation, blended_transform_factory

from tuplecalc.errors import reject
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Number
from tuplecalc.limits.limit import Limit
from tuplecalc.render import numbers, served, table, tied, verdict
from tuplecalc.render.figures import labels, style
from tuplecalc.render.figures.kinds import looks, taken_of
from tuplecalc.render.figures.labels import Mark
from tuplecalc.under_load.offered import offered as under_load

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Of = Literal["flows", "rate"]

_MOST_BARS = 24  # what a page has room for; the smallest are shown
_FEWEST_ROWS = 3  # a single bar is no wall
_NAMES = 3  # characters of a hop's name for each inch of the figure
_BESIDE = 0.2  # of the axis: as long as a bar's words are
_FOR_VALUES, _FOR_FEWER = 0.16, 0.22  # of the axis, behind the longest bar; where it is shorter for kinds
_ROW = 12.0  # points: a line of the words of an axis
_BEHIND, _WIDE = 0.025, 0.14  # of the figure's width: from the axes to the parts of kinds, and these
_LOOKS: dict[str, dict[str, Any]] = {
    "limits": {"color": style.BINDING},
    "next": {"color": style.NEXT, "hatch": "////", "edgecolor": style.PAPER},
    "": {"color": style.OTHER},
}


class Bar(NamedTuple):
    """One limit's figure; ``value`` is None where nothing limits it.

    ``mark`` is ``"limits"``, ``"next"`` or empty; ``load`` what the offered rate makes of it.
    """

    limit: Limit
    value: Number | None
    mark: str
    load: Number | None


def bars(result: Capacity, of: Of) -> tuple[Bar, ...]:
    """The bars of all limits, in the order of the chain.

    The load of a rate is the offered rate; that of flows, by Little's law, the flows that the
    offered rate keeps in the limit, ``λ · seconds / keys``.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> [(bar.limit.name, bar.mark) for bar in bars(capacity(example("outage")), "rate")][1:]
    [('ports', 'next'), ('accepted', ''), ('upstream', ''), ('shared', 'limits')]
    """
    is_flows, offered = of == "flows", result.chain.traffic.offered
    tightest, following = result.tightest, result.next_binding
    if not is_flows:
        tightest, following = result.tightest_of_rate, result.next_rate_binding
    found = []
    for limit in result.limits:
        mark = "next" if limit is following else ""
        mark = "limits" if any(limit is each for each in tightest) else mark
        load = offered * Fraction(limit.seconds.value) / limit.keys if offered and is_flows else offered
        found.append(Bar(limit, limit.flows if is_flows else limit.rate, mark, load))
    return tuple(found)


@style.styled
def plot_limits(result: Capacity, of: Of | None = None, *, ax: Axes | None = None) -> Axes:
    """Every limit of every hop as a bar on a logarithmic axis; the binding one and the next are marked.

    ``of`` is ``"rate"`` (connections a second; without it, where a rate is offered) or ``"flows"``
    (open at once).  The offered load is a line: the offered rate, or at each limit the flows that it
    keeps there.  Of very many limits only the smallest are shown, and the figure says so.
    Where there are kinds of traffic, a row of parts beside each bar is what each of them takes of the
    limit at the present mix.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> plot_limits(capacity(example("outage")), ax=style.blank()).get_title(loc="left")
    'login-proxy shared allows 586.5/s: at 700/s 47.8% to 64.8% are expected to fail'
    """
    if of not in (None, "flows", "rate"):
        raise reject(of, 'the bars are "flows" or "rate"', "write one of these", "of")
    ax = style.axes(ax)
    offered = result.chain.traffic.offered
    if of is None:
        of = "flows" if offered is None or result.rate is None else "rate"
    every = bars(result, of)
    shown = _shown(every)
    behind = _FOR_FEWER if result.chain.traffic.kinds else _FOR_VALUES
    low, high = _range([float(value) for bar in shown for value in (bar.value, bar.load) if value], behind)
    ax.set_xscale("log")
    ax.set(xlim=(low, high), ylim=(max(len(shown), _FEWEST_ROWS) - 0.4, -0.6))
    for place, bar in enumerate(shown):
        _bar(ax, place, bar, low)
        if bar.load and of == "flows":
            ax.plot([float(bar.load)] * 2, (place - 0.44, place + 0.44), color=style.INK, gid="load")
    pad = 10.0
    if offered is not None and of == "rate":
        words = f"{numbers.rate(offered)}/s offered"
        pad = 6 + labels.marked(ax, [Mark(float(offered), words, "offered", "--", style.INK, 1.8)])
    style.si_axis(ax.xaxis)
    is_kept = any(bar.load for bar in shown)
    kept = f" (black: kept by {numbers.rate(offered)}/s offered)" if is_kept else ""
    counted = "connections a second" if of == "rate" else f"flows open at once{kept}"
    names = int(_NAMES * style.figure_of(ax).get_size_inches()[0])
    ax.set_yticks(range(len(shown)), _names(shown, names))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    if left := len(every) - len(shown):
        counted += f"; {left:,} more limit{'s' if left > 1 else ''}, none of them lower"
    if short := served.without_ports(result.served):
        counted += f", of the clients with ports; {short}"
    rows = table.prose(counted, int(1 / style.width(ax, "x")))
    ax.set_xlabel("\n".join(rows), loc="left")
    style.headline(ax, _finding(result, of), pad=pad)
    if result.chain.traffic.kinds:
        _kinds(ax, result, of, shown, rows=len(rows))
    return ax


def _kinds(ax: Axes, result: Capacity, of: Of, shown: tuple[Bar, ...], *, rows: int) -> None:
    """Beside each bar, from nothing to all of it: what each kind takes."""
    figure = style.figure_of(ax)
    inches = float(figure.get_size_inches()[0])  # of the axes' width it would change while that is found
    edge: Any = ax.transAxes
    across = figure.dpi_scale_trans + ScaledTranslation(1, 0, edge)
    where = blended_transform_factory(across, ax.transAxes)
    parts = ax.inset_axes((_BEHIND * inches, 0, _WIDE * inches, 1), transform=where, sharey=ax)
    known = looks(result)
    for place, bar in enumerate(shown):
        left = 0.0
        for kind, part in taken_of(bar.limit, of_rate=of == "rate").items():
            gid = f"taken:{bar.limit.hop}:{bar.limit.name}:{kind}"
            parts.barh(place, float(part), left=left, height=0.7, gid=gid, **known[kind].filled)
            left += float(part)
    parts.set(xlim=(0, 1))
    over: Any = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "center"}
    parts.annotate("by kind", (0.5, 1), (0, 3), **over)  # under it are the words of the other axis
    low, high = parts.set_xticks([0, 1], ["0%", "100%"])
    low.label1.set_horizontalalignment("left")
    high.label1.set_horizontalalignment("right")
    parts.tick_params(axis="y", left=False, labelleft=False)
    parts.spines["left"].set_visible(False)
    drop = style.FOR_AXIS + _ROW * (rows - 1)
    style.below(ax, [look.patch for look in dict.fromkeys(known.values())], drop)


def rows_of(result: Capacity) -> int:
    """How many bars the figure has."""
    return min(len(result.limits), _MOST_BARS)


def _shown(every: tuple[Bar, ...]) -> tuple[Bar, ...]:
    if len(every) <= _MOST_BARS:
        return every
    ranked = sorted(
        range(len(every)), key=lambda at: (not every[at].mark, every[at].value is None, every[at].value)
    )
    return tuple(every[at] for at in sorted(ranked[:_MOST_BARS]))


def _range(values: list[float], behind: float) -> tuple[float, float]:
    """From the power of ten below the smallest, so that it is a bar too, to some way over the largest."""
    smallest, largest = min(values, default=1.0), max(values, default=10.0)
    low = 10.0 ** floor(log10(smallest / 1.5))
    return low, max(largest, 100 * low) * (max(largest, 100 * low) / low) ** behind


def _bar(ax: Axes, place: int, bar: Bar, low: float) -> None:
    name, binds = f"{bar.limit.hop}:{bar.limit.name}", bar.mark == "limits"
    width = max(float(bar.value or 0) - low, 0.0)
    ax.barh(place, width, left=low, height=0.7, gid=f"limit:{name}", **_LOOKS[bar.mark])
    written = "no limit" if bar.value is None else style.si(bar.value)
    words = f"{written} {'◀ ' if binds else ''}{bar.mark}".rstrip()
    looks: Any = {"fontweight": "bold", "color": style.BINDING} if binds else {"color": style.INK}
    at = _right_of(bar, low, ax.get_xlim()[1]), place
    looks |= {"textcoords": "offset points", "va": "center", "bbox": style.BEHIND}
    ax.annotate(words, at, (4, 0), gid=f"value:{name}", **looks)


def _right_of(bar: Bar, low: float, high: float) -> float:
    """Where the words begin: behind the bar, and behind the load where that is right behind the bar."""
    value, load = max(float(bar.value or 0), low), float(bar.load or 0)
    return load if value <= load <= value * (high / low) ** _BESIDE else value


def _names(shown: tuple[Bar, ...], longest: int) -> list[str]:
    """Each limit with its hop's name: limits of two hops may be called alike."""
    return [
        f"{table.name(bar.limit.hop, longest)}  {table.name(bar.limit.name, longest * 3 // 2)}"
        for bar in shown
    ]


def _finding(result: Capacity, of: Of) -> str:
    offered, at_most = result.chain.traffic.offered, result.flows_at_most
    if of == "flows":
        fewer = " or fewer" if at_most else ""
        return f"{_allow(result.tightest)} {style.count(result.flows)} connections{fewer}"
    if result.rate_binding is None or result.rate is None:
        return "Nothing limits the rate"
    or_less = " or less" if result.rate_at_most else ""
    said = f"{_allow(result.tightest_of_rate)} {numbers.rate(result.rate)}/s{or_less}"
    if offered is None or not result.rate:
        return said
    if failing := verdict.failing(under_load(result)):
        return f"{said}: at {numbers.rate(offered)}/s {failing}"
    return f"{said}: {numbers.rate(offered)}/s is {numbers.percent(offered / result.rate)} of it"


def _allow(limits: Sequence[Limit]) -> str:
    return f"{labels.tied(limits, 30)} {tied.verb(limits, 'allows')}"
