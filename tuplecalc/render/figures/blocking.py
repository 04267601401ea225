"""The share of connections that fails, against the rate, around the highest one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import cycle
from math import log10, sqrt
from typing import TYPE_CHECKING, Any

from tuplecalc.limits.capacity import Capacity
from tuplecalc.render import numbers, served, table
from tuplecalc.render.figures import labels, style
from tuplecalc.render.figures.curves import (
    FLOOR,
    Curve,
    Kind,
    Span,
    check_that_some_fail,
    curves,
    kind_curves,
)
from tuplecalc.render.figures.kinds import looks
from tuplecalc.render.figures.labels import End, Mark
from tuplecalc.under_load.chains import Bracket, chain_blocking, rate_for
from tuplecalc.under_load.offered import offered as under_load
from tuplecalc.under_load.pools import pools

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RARELY = 1e-3
_MARGIN = 0.1  # of what is right of the highest rate or the offered one, on its left
_LINE = 24  # characters
_LOOKS: dict[Kind, tuple[str, str, str]] = {
    "erlang": (style.BLUE, "-", ""),
    "search": (style.VERMILLION, "--", "////"),
    "blind": (style.PURPLE, "-.", "\\\\\\\\"),
}
"""The colour, the line, the hatch of a band."""
_NAMED = 3  # kinds that fail alike; of more there is but the number
_DASHES = ("-", "--", "-.", ":")
_DARKER = {style.YELLOW: "#B8A900"}
"""What is too light for a line."""


@style.styled
def plot_blocking(result: Capacity, *, ax: Axes | None = None) -> Axes:
    """What share of the connections fails at which rate, around the highest one.

    The curves are those of :func:`curves`, or one for each kind of traffic, where those that fail alike
    are one, at the rate of all kinds, of what is expected as devices choose: lines where the share is
    known, bands where it lies between two bounds.  The share is on a logarithmic axis that ends at 1e-9.
    The highest rate and the offered one are lines; where a rate is offered, points mark what fails there.

    Raises :class:`~tuplecalc.errors.InputError` where nothing limits the rate, and where no flow
    gets through.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> plot_blocking(capacity(example("cone")), ax=style.blank()).get_title(loc="left")
    'Below 42,121/s fewer than 1 in 1,000 fail; 1,500/s is offered'
    """
    check_that_some_fail(result)
    of_kinds = kind_curves(result) if len(result.chain.traffic.kinds) > 1 else {}
    found = tuple(of_kinds.values()) or curves(result)
    ax = style.axes(ax)
    offered, highest = result.chain.traffic.offered, float(result.rate or 0)
    span = Span.around(highest, None if offered is None else float(offered))
    ax.set_xscale("log" if span.logarithmic else "linear")
    ax.set_yscale("log")
    marks = [Mark(highest, f"highest: {numbers.rate(result.rate)}/s", "highest", "-")]
    if offered is not None:
        marks.append(Mark(float(offered), f"{numbers.rate(offered)}/s offered", "offered", "--"))
    ax.set(xlim=(_left(found, marks, span), span.high), ylim=(FLOOR, 1.0))
    of_all = ", all kinds together" if of_kinds else ""
    ax.set(xlabel=f"new connections a second{of_all}", ylabel="share of connections that fails")
    style.si_axis(ax.xaxis)
    decades = range(round(log10(FLOOR)), 1)
    ax.set_yticks([10.0**decade for decade in decades], [_tick(decade) for decade in decades])
    ax.minorticks_off()
    ax.grid(axis="y")
    if of_kinds:
        words = list(_kinds(ax, result, of_kinds))
        finding = _finding_of_kinds(result)
        fails = "is expected to fail" if under_load(result).blind else "fails"
        ax.set_ylabel(f"share of each kind that {fails}")
    else:
        words = [_curve(ax, curve, offered, curve.kind, _LOOKS[curve.kind]) for curve in found]
        finding = _finding(result)
    style.headline(ax, finding, pad=6 + labels.marked(ax, marks))
    labels.beside(ax, words)
    return ax


def _left(found: Iterable[Curve], marks: Iterable[Mark], span: Span) -> float:
    """Where the rates begin: where something begins to fail, and with room beside the lines."""
    starts = [mark.at - _MARGIN * (span.high - mark.at) for mark in marks]
    for curve in found:
        never = [rate for rate, share in zip(curve.rates, curve.shares, strict=True) if share.upper <= FLOOR]
        starts.append(max(never, default=span.low))
    return span.low if span.logarithmic else max(min(starts), 0.0)


def _tick(decade: int) -> str:
    text = f"{100 * 10.0**decade:g}%" if decade >= -4 else style.power(decade)
    return f"≤ {text}" if decade <= log10(FLOOR) else text


def _kinds(ax: Axes, result: Capacity, found: Mapping[str, Curve]) -> Iterator[End]:
    """A line for each kind; one for those that fail alike, and for those that have no look of their own."""
    known, offered = looks(result), result.chain.traffic.offered
    alike: dict[object, list[str]] = {}
    for kind, curve in found.items():
        alike.setdefault(curve.shares, []).append(kind)
    said = set()
    for dashes, kinds in zip(cycle(_DASHES), alike.values(), strict=False):
        look = min((known[kind] for kind in kinds), key=lambda each: each.colour == style.MUTED)
        several = list(dict.fromkeys(known[kind].label for kind in kinds))
        names = ", ".join(several) if len(kinds) <= _NAMED else f"{len(kinds)} kinds"
        curve = found[kinds[0]]._replace(label=names)
        colour = _DARKER.get(look.colour, look.colour)
        end = _curve(ax, curve, offered, names, (colour, dashes, look.hatch))
        if names not in said:
            yield end
        said.add(names)


def _curve(ax: Axes, curve: Curve, offered: Any, gid: str, look: tuple[str, str, str]) -> End:
    """A line, or a band between two; its words stand at its right end."""
    lower, upper = ([max(share[bound], FLOOR / 10) for share in curve.shares] for bound in (0, 1))
    colour, dashes, hatch = look
    looks: Any = {"color": colour, "linestyle": dashes}
    of_curve = f"curve:{gid}"
    if lower != upper:
        looks |= {"linestyle": "-", "linewidth": 1.2}  # two dashed lines next to each other look like neither
        band: Any = {"facecolor": colour, "alpha": 0.25, "hatch": hatch, "edgecolor": colour, "linewidth": 0}
        ax.fill_between(curve.rates, lower, upper, gid=f"{of_curve}:band", **band)
    ax.plot(curve.rates, upper, gid=f"{of_curve}:upper", **looks)
    ax.plot(curve.rates, lower, gid=f"{of_curve}:lower", **looks)
    words = table.prose(curve.label, _LINE)
    if curve.at is not None:
        shares = sorted({max(share, FLOOR) for share in curve.at})
        dot: Any = {"color": colour, "marker": "o", "clip_on": False, "zorder": 4, "gid": f"at:{gid}"}
        ax.plot([float(offered)] * len(shares), shares, **dot)
        words.append(f"{_said(curve.at)} at {numbers.rate(offered)}/s")
    end = sqrt(max(lower[-1], FLOOR)) * sqrt(max(upper[-1], FLOOR))
    line = {key: looks[key] for key in ("color", "linestyle")}
    return End("\n".join(words), (ax.get_xlim()[1], end), f"label:{gid}", line)


def _said(share: Bracket) -> str:
    if share.upper < FLOOR:
        return f"under {style.si(FLOOR)}"

    def write(bound: float) -> str:
        return numbers.share(bound) if bound >= 1e-4 else style.si(bound)

    return (
        f"at most {write(share.upper)}" if share.lower < share.upper / 100 else numbers.between(share, write)
    )


def _finding(result: Capacity) -> str:
    """What is expected to fail at the offered rate; where hardly anything is, up to which rate that holds."""
    offered, load = result.chain.traffic.offered, under_load(result)
    if load.of_rate == "fails" and load.expected and load.blocking:
        said = f"At {numbers.rate(offered)}/s {_said(load.expected)} of the connections"
        if load.expected == load.blocking:
            return f"{said} fail: {_reason(result)}"
        best = _said(load.blocking) if load.blocking.upper > _RARELY else "fewer than 1 in 1,000"
        return f"{said} are expected to fail ({best} in the best case)"
    below = f"elow {numbers.rate(Fraction(rate_for(result, _RARELY) or 0.0))}/s fewer than 1 in 1,000 fail"
    below = f"Best case, if no two hops ever picked the same port: b{below}" if load.blind else f"B{below}"
    return below if offered is None else f"{below}; {numbers.rate(offered)}/s is offered"


def _finding_of_kinds(result: Capacity) -> str:
    """What is expected to fail of the kind that fails most; where hardly anything is, as of all."""
    kinds = under_load(result).kinds
    worst = max(kinds, key=lambda kind: kind.expected.upper, default=None)
    if worst is None or worst.expected.upper <= _RARELY:
        return _finding(result)
    which = (
        f"of {table.name(worst.kind, 30)}" if len({each.expected for each in kinds}) > 1 else "of each kind"
    )
    said = f"At {numbers.rate(result.chain.traffic.offered)}/s {_said(worst.expected)} {which}"
    blindly = worst.expected != worst.failing
    return f"{said} are expected to fail" if blindly else f"{said} fail: {_reason(result)}"


def _reason(result: Capacity) -> str:
    """The limit that fails most, and whether for want of room; or that blocks ran out."""
    if short := served.without_ports(result.served):
        return short
    rate = float(result.chain.traffic.offered or 0)
    worst = max(pools(result), key=lambda each: chain_blocking([each], rate).upper)
    full = chain_blocking([worst._replace(search="exhaustive")], rate).upper
    hop = table.name(worst.limit.hop, 30)
    if full < chain_blocking([worst], rate).upper / 2:
        return f"{hop} gives up its search for a port"
    return f"{hop} {worst.limit.name} is full"
