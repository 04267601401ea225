"""Chains that are hard to draw, and what must hold for every figure."""

from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text

import tuplecalc as tc
from tests.command import HUGE
from tuplecalc.network.file import EXAMPLES
from tuplecalc.render.figures import style


def _hop(number: int) -> tc.Cone | tc.Forwarder | tc.Proxy:
    if number % 3 == 0:
        return tc.Cone(name=f"nat-{number}", addresses=2 ** (10 - number))
    if number % 3 == 1:
        return tc.Forwarder(name=f"firewall number {number}", layer=3, max_entries=10**6 * number)
    return tc.Proxy(name=f"proxy {number}", capture="tproxy", source="client", ports="1024-65535")


TEN = tc.Chain(
    traffic=tc.Traffic(rate=10, hold="30s"),
    clients=tc.Clients(addresses="198.18.0.0/15"),
    hops=[_hop(number) for number in range(10)],
    services=tc.Services(addresses=10, ports=[80, 443]),
)
DIRECT = tc.loads("clients.addresses = 9\nservices = {addresses = 2, ports = 80}")
NO_FLOW = tc.loads(
    "clients.addresses = 9\nservices = {addresses = 2, ports = 80}\ntraffic.rate = 7\n[[hops]]\n"
    'name = "a$b$ a very long name of a proxy that nobody reads to the end"\n'
    'kind = "hourglass"\ncapture = "tproxy"\nsource = "client-port"'
)
ODD = {"ten": TEN, "huge": tc.loads(HUGE), "direct": DIRECT, "no flow": NO_FLOW}
_P = (
    '{name = "p", kind = "hourglass", capture = "tproxy", source = "client", '
    'ports = "1024-65535", captures = ["login"]}'
)
CAPTURED = """
traffic = {rate = 700, hold = "5m", kinds = [{name = "login", share = 0.1}, {name = "play", share = 0.9}]}
clients.addresses = 131072
hops = [
    {name = "lvs", kind = "cone", addresses = 1},
    PROXY,
]
services = {addresses = 6, ports = 443}
""".replace("PROXY", _P)
BRANCHES = """
traffic.kinds = [
    {name = "office", rate = 525, hold = "1m", clients = "office"},
    {name = "branch", rate = 175, hold = "1m", clients = "branch"},
]
clients = [{name = "office", addresses = 1000}, {name = "branch", addresses = 50}]
hops = [
    {name = "A", kind = "cone", addresses = 2, traffic = "office"},
    {name = "B", kind = "cone", addresses = 1, ports = "1024-5000", traffic = "branch"},
    {name = "firewall", kind = "hourglass", layer = 3, max_entries = 262144},
]
services = {addresses = 6, ports = 443}
"""
FIVE = """
traffic.rate = 600
traffic.hold = "30s"
traffic.kinds = [
    {name = "login", share = 0.05, hold = "5m"},
    {name = "web", share = 0.6, hold = "2s"},
    {name = "an api with a very long name that goes on and on", share = 0.2999},
    {name = "数据库 ∑αβ $x$", share = 0.05, hold = "1h"},
    {name = "rare", share = 0.0001},
]
clients.addresses = 5000
hops = [
    {name = "edge nat", kind = "cone", addresses = 4},
    {name = "firewall", kind = "hourglass", layer = 3, max_entries = 1000000, traffic = ["login", "web"]},
    PROXY,
    {name = "数据 frontend", kind = "hourglass", capture = "listen", traffic = ["web", "数据库 ∑αβ $x$"]},
]
services = {addresses = 10, ports = [80, 443]}
""".replace("PROXY", _P)
_ALIKE = "".join(f'{{name="f{n}",kind="hourglass",layer=3,max_entries=300000}},' for n in range(5))
MIXES = {
    "captured": tc.loads(CAPTURED),
    "tiny": tc.loads(CAPTURED.replace("0.1", '"1/1000000"').replace("0.9", '"999999/1000000"')),
    "alike": tc.loads(CAPTURED.replace("hops = [", f"hops = [{_ALIKE}")),
    "far too much": tc.loads(CAPTURED.replace("700", "100_000")),
    "branches": tc.loads(BRANCHES),
    "five": tc.loads(FIVE),
}
CHAINS = {name: tc.example(name) for name in EXAMPLES} | ODD
MIXED_EXAMPLES = [name for name, chain in CHAINS.items() if chain.is_mixed]
SIZES: tuple[style.Size, ...] = ("slide", "half-page", "report")


def texts(ax: Axes) -> list[Text]:
    """Every text that is seen."""
    found = [t for t in ax.findobj(Text) if isinstance(t, Text) and t.get_visible() and t.get_text().strip()]
    outside = set()
    for axis, limits in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
        for tick in axis.get_major_ticks() + axis.get_minor_ticks():
            if not min(limits) <= tick.get_loc() <= max(limits):
                outside.add(id(tick.label1))
    return [text for text in found if id(text) not in outside]


def check_words(ax: Axes, slack: float = 1.0) -> None:
    """No two texts lie over each other, and none leaves the figure; tilted ones count for the latter only."""
    figure = style.figure_of(ax)
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    with style.style():
        figure.draw_without_rendering()
    boxes = [(text, Text.get_window_extent(text, renderer)) for text in texts(ax)]
    for text, box in boxes:
        inside = box.x0 > -slack and box.y0 > -slack
        inside = inside and box.x1 < figure.bbox.width + slack and box.y1 < figure.bbox.height + slack
        assert inside, f"{text.get_text()!r} leaves the figure"
    level = [(text, box) for text, box in boxes if not text.get_rotation() % 90]
    for (one, box), (other, beside) in combinations(level, 2):
        apart = (
            box.x1 <= beside.x0 + slack
            or beside.x1 <= box.x0 + slack
            or box.y1 <= beside.y0 + slack
            or beside.y1 <= box.y0 + slack
        )
        assert apart, f"{one.get_text()!r} and {other.get_text()!r} lie over each other"


def by_gid(ax: Axes, gid: str) -> list[object]:
    """The artists of a name."""
    return [artist for artist in ax.findobj() if artist.get_gid() == gid]


def key(ax: Axes) -> list[str]:
    """The words of the legend."""
    legend = ax.get_legend()
    assert legend
    return [text.get_text() for text in legend.get_texts()]


def line(ax: Axes, gid: str) -> tuple[Any, Any]:
    """The points of a line of a name: across, up."""
    (found,) = by_gid(ax, gid)
    assert isinstance(found, Line2D)
    across, up = (np.asarray(values, float) for values in found.get_data())
    return across, up


def words(ax: Axes, gid: str) -> str:
    """The text of a name, in one line."""
    (found,) = [artist for artist in by_gid(ax, gid) if isinstance(artist, Text | Annotation)]
    return " ".join(found.get_text().split())
