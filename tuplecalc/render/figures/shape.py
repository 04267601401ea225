"""The chain's silhouette: how wide the tuple space of each leg is, and what each hop lets through."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, cos, log10, pi, radians, sin
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.patches import Polygon, Rectangle

from tuplecalc.limits.capacity import Capacity, space_of, walk
from tuplecalc.limits.hop_capacity import HopCapacity
from tuplecalc.render import numbers, served, table, tied
from tuplecalc.render.figures import labels, style
from tuplecalc.render.figures.ways import draw_ways

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tuplecalc.limits.legs import Sources
    from tuplecalc.limits.targets import Target

_TAPER, _PLATE = 0.3, 0.05  # of the distance between two hops: where a leg bends; half of a plate
_OVER = 1.06  # the plates reach over the widest leg
_SMALL, _NORMAL = 7.0, 8.5  # points
_CHARACTER = 0.6  # of the size of the type, on average
_LINE = 17  # characters of a line that says a factor of a tuple space
_SHORT = 9  # characters
_NUMBER, _NAME = 24.0, 16.0  # points from one number, one tilted name to the next
_TILT = 35  # degrees, of names where there are many
_STEPS = 16


@style.styled
def plot_shape(result: Capacity, *, ax: Axes | None = None) -> Axes:
    """The silhouette of a chain: an hourglass looks like one, a cone like a cone.

    From the clients to the services, the height of each leg is the logarithm of its tuple space,
    sources × ports × endpoints: the ports are the core, sources × endpoints the shell around it,
    so that the two heights add up.  Clients that get no ports have no part in it.  A plate at each hop
    leaves an opening as high as its own smallest limit; the one that binds the flows is marked.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> plot_shape(capacity(example("cone")), ax=style.blank()).get_title(loc="left")
    'nat ports allows 5,160,960 connections open at once'
    """
    ax = style.axes(ax)
    hops = _of_served(result, _hops(result))
    widths = [_decades(hop.tuple_space) for hop in hops]
    edge = (max(widths) or 1.0) / 2 * _OVER
    waists = [_waist(widths, place, hop) for place, hop in enumerate(hops)]
    _silhouette(ax, hops, waists)
    for place, (hop, waist) in enumerate(zip(hops, waists, strict=True)):
        binds = hop.name == result.binding.hop
        if place or binds or waist < widths[0]:
            _plate(ax, place, hop.name, waist, edge, binds=binds)
    _scale(ax, max(widths))
    ax.set(xlim=(-_PLATE, len(waists) + _PLATE), ylim=(-edge, edge), xticks=[])
    ax.spines[["left", "bottom"]].set_visible(False)
    height = _words(ax, result, hops)
    draw_ways(ax, result, _below(ax, len(waists)))
    _parts(ax, hops[-1], edge)
    flows = f"{style.count(result.flows)} connection{'' if result.flows == 1 else 's'}"
    most = "at most " if result.flows_at_most else ""
    names, allow = labels.tied(result.tightest, 30), tied.verb(result.tightest, "allows")
    short = served.without_ports(result.served)
    but = f"; {short}" if short else ""
    style.headline(ax, f"{names} {allow} {most}{flows} open at once{but}", pad=9 + height)
    return ax


def _hops(result: Capacity) -> Sequence[HopCapacity]:
    """The hops; where kinds of traffic go round one, their legs are beside those that leave it."""
    strands, there = result.chain.strands, result.chain.hops
    if all(strand.crosses(hop) for strand in strands for hop in there):
        return result.hops
    legs: dict[int, tuple[Sources, Target]] = {}
    found = []
    for hop, at, passed in zip(result.hops, (None, *there, None), walk(result.chain), strict=False):
        crossing = [number for number, strand in enumerate(strands) if at is None or strand.crosses(at)]
        legs |= zip(crossing, passed.leaving, strict=True)
        found.append(hop._replace(**space_of(legs.values())._asdict()))
    return found


def _of_served(result: Capacity, hops: Sequence[HopCapacity]) -> Sequence[HopCapacity]:
    """The same, with the legs that still have the clients' addresses as wide as those that get ports need."""
    found, part = list(hops), 1 - result.served.without
    if not result.served.are_all and result.served.served:
        for place, hop in enumerate((None, *result.chain.hops)):
            if hop is not None and hop.own_addresses is not None:
                break
            leg = found[place]
            space, sources = int(leg.tuple_space * part), int(leg.sources * part)
            found[place] = leg._replace(tuple_space=space, sources=sources)
    return found


def _decades(count: int) -> float:
    return log10(count) if count > 1 else 0.0


def _flows(hop: HopCapacity) -> int | None:
    """What a hop lets through by its own limits; None where it has none."""
    return min((limit.flows for limit in hop.limits if limit.flows is not None), default=None)


def _waist(widths: list[float], place: int, hop: HopCapacity) -> float:
    """The height of an opening: no more than that of the legs on both sides."""
    least, flows = min(widths[max(place - 1, 0)], widths[place]), _flows(hop)
    return least if flows is None else min(least, _decades(flows))


def _silhouette(ax: Axes, hops: Sequence[HopCapacity], waists: list[float]) -> None:
    """Shell and core, symmetric about the middle: each leg bends to the openings at its ends."""
    for part, colour, heights in (
        ("addresses", style.SKY, [_decades(hop.tuple_space) for hop in hops]),
        ("ports", style.BLUE, [_core(hop) for hop in hops]),
    ):
        points: list[tuple[float, float]] = []
        for place, (waist, behind) in enumerate(zip(waists, heights, strict=True)):
            before = heights[max(place - 1, 0)]
            opening = min(waist, before, behind)
            if place:
                points += _bend(place - _TAPER, before, place - _PLATE, opening)
            points += _bend(place + _PLATE, opening, place + _TAPER, behind)
        points.append((len(hops), heights[-1]))
        outline = [(x, y / 2) for x, y in points] + [(x, -y / 2) for x, y in reversed(points)]
        ax.add_patch(Polygon(outline, facecolor=colour, edgecolor="none", gid=f"space:{part}"))


def _bend(x: float, y: float, to_x: float, to_y: float) -> list[tuple[float, float]]:
    """From one height to another without a corner."""
    steps = [step / _STEPS for step in range(_STEPS + 1)]
    return [(x + (to_x - x) * at, y + (to_y - y) * (1 - cos(pi * at)) / 2) for at in steps]


def _plate(ax: Axes, place: int, hop: str, waist: float, edge: float, *, binds: bool) -> None:
    looks: Any = {"color": style.BINDING if binds else style.MUTED, "linewidth": 0, "zorder": 3}
    for low in (waist / 2, -edge):
        ax.add_patch(
            Rectangle((place - _PLATE, low), 2 * _PLATE, edge - waist / 2, gid=f"plate:{hop}", **looks)
        )


def _scale(ax: Axes, widest: float) -> None:
    """How far apart the edges of a leg are that holds so many tuples."""
    most = 3 if style.is_narrow(ax) else 6
    step = next(step for step in (1, 2, 5, 10, 20, 50) if widest / step <= most)
    ticks = range(0, int(widest) + 1, step)
    ax.set_yticks([tick / 2 for tick in ticks], [style.power(tick) if tick else "1" for tick in ticks])
    ax.set_ylabel("tuples (log scale)")
    lines = {side * tick / 2 for tick in ticks for side in (1, -1)}
    across = ax.get_yaxis_transform()
    ax.hlines(sorted(lines), 0, 1, transform=across, colors=style.FAINT, linewidths=0.7, zorder=0)


class _Type(NamedTuple):
    """The size of the words, and how many characters a leg has room for."""

    points: float
    room: int

    @property
    def is_roomy(self) -> bool:
        """Whether numbers can be written out, and a leg's factors line by line."""
        return self.room > _LINE


def _type(ax: Axes, legs: int) -> _Type:
    inches = style.figure_of(ax).get_size_inches()[0] * ax.get_position().width / legs
    points = _NORMAL if inches > 1.2 else _SMALL
    return _Type(points, int(inches / (points / 72 * _CHARACTER)))


def _below(ax: Axes, legs: int) -> float:
    """How many points the words under the axes are high."""
    letters = _type(ax, legs)
    return (5 if letters.is_roomy else 2) * letters.points * 1.2


def _words(ax: Axes, result: Capacity, hops: Sequence[HopCapacity]) -> float:
    """Above each hop what it keeps, below each leg what it could hold; the height of the former in points.

    Of very many hops every second, third, … is named, such that the one that binds is.
    """
    legs = len(hops)
    letters, every = _type(ax, legs), ceil(_NUMBER * legs / style.across(ax))
    tilted = {} if letters.is_roomy else {"rotation": _TILT, "rotation_mode": "anchor"}
    binding = [hop.name for hop in hops].index(result.binding.hop)
    apart = ceil(_NAME / _NUMBER * every)
    named = range(binding % every, legs, every)
    rows, longest = 0, 0
    for place, hop in enumerate(hops):
        is_free = place in named and apart <= place <= legs - apart if place else binding >= apart
        if place != binding and not is_free:
            continue
        kept = _kept(result, hop, letters)
        rows, longest = max(rows, len(kept)), max(longest, len(" ".join(kept)))
        colour, weight = (style.BINDING, "bold") if place == binding else (style.INK, "normal")
        looks = {"color": colour, "fontweight": weight, "gid": f"hop:{hop.name}", **tilted}
        text = "\n".join(kept) if letters.is_roomy else " ".join(kept)
        _note(ax, (place, 1), text, letters, "center" if place and letters.is_roomy else "left", **looks)
        if place in named:
            could = "\n".join(_could(hop, letters, result.hops[place].sources))
            _note(ax, (place + 0.5, 0), could, letters, "center", gid=f"leg:{hop.name}")
    if legs - binding >= apart:
        ends = "right" if letters.is_roomy else "left"
        _note(ax, (legs, 1), "services", letters, ends, gid="services", **tilted)
    if letters.is_roomy:
        return rows * 1.2 * letters.points
    return longest * letters.points * _CHARACTER * sin(radians(_TILT)) + 6


def _kept(result: Capacity, hop: HopCapacity, letters: _Type) -> list[str]:
    flows, binds = _flows(hop), hop.name == result.binding.hop
    lines = [table.name(hop.name, letters.room if letters.is_roomy else _LINE)]
    if flows is None:
        lines.append("keeps all")
    elif flows < result.hops[0].tuple_space or binds:
        number = style.count(flows) if letters.is_roomy else style.si(flows)
        crowded = hop.name == result.hops[0].name and len(number) > _SHORT  # it begins at the very left
        lines.append(f"keeps {style.si(flows) if crowded else number}")
        if result.chain.is_mixed and letters.is_roomy:
            lines.append("of this mix")  # so many of its flows, which take several spaces at once
    for collapse in result.collapse:
        if collapse.hop == hop.name and collapse.kept < 1 and letters.is_roomy:
            lines.append(table.name(f"{numbers.percent(collapse.kept)} of {collapse.cone}", letters.room))
    return [*lines, "▼ limits" if letters.is_roomy else "◀"] if binds else lines


def _could(hop: HopCapacity, letters: _Type, of_all: int) -> list[str]:
    """What a leg could hold, and out of which factors; of several kinds of legs only how much in all."""
    if not letters.is_roomy:
        return [style.si(hop.tuple_space)]
    tuples = f"{style.count(hop.tuple_space)} {'tuple' if hop.tuple_space == 1 else 'tuples'}"
    if hop.sources * hop.ports * hop.endpoints != hop.tuple_space:
        return [tuples, "of several kinds"]
    served = f"{style.count(hop.sources)} "
    if hop.sources < of_all:  # the others are clients that get no ports
        served += f"of {style.count(of_all)}\n"
    return [
        tuples,
        f"{served}{'address' if hop.sources == 1 else 'addresses'}",
        f"× {style.count(hop.ports)} {'port' if hop.ports == 1 else 'ports'}",
        f"× {style.count(hop.endpoints)} {'endpoint' if hop.endpoints == 1 else 'endpoints'}",
    ]


def _note(ax: Axes, at: tuple[float, int], text: str, letters: _Type, ha: str, **looks: Any) -> None:
    """Words over (1) or under (0) the axes."""
    where: Any = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    aligned: Any = {"ha": ha, "va": "bottom" if at[1] else "top", "ma": ha, "fontsize": letters.points}
    ax.annotate(text, at, (0, 3 if at[1] else -3), **where, **aligned, **looks)


def _parts(ax: Axes, last: HopCapacity, edge: float) -> None:
    """The names of core and shell, where the last leg ends."""
    total, core = _decades(last.tuple_space), _core(last)
    heights = {"ports": 0.0, "addresses\n× endpoints": max((total + core) / 4, 0.28 * edge)}
    for part, y in heights.items():
        looks: Any = {"va": "center", "fontsize": _SMALL, "gid": f"part:{part.split()[0]}"}
        ax.text(1.005, y, part, transform=ax.get_yaxis_transform(), **looks)


def _core(hop: HopCapacity) -> float:
    return _decades(min(hop.ports, hop.tuple_space))
