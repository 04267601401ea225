"""Chains that are hard to draw, and what must hold for every figure."""

from itertools import combinations

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Annotation, Text

import tuplecalc as tc
from tests.command import HUGE
from tuplecalc.network.file import EXAMPLES
from tuplecalc.render.figures import style


def _hop(number: int) -> tc.Cone | tc.Hourglass:
    if number % 3 == 0:
        return tc.Cone(name=f"nat-{number}", addresses=2 ** (10 - number))
    if number % 3 == 1:
        return tc.Hourglass(name=f"firewall number {number}", layer=3, max_entries=10**6 * number)
    return tc.Hourglass(name=f"proxy {number}", capture="tproxy", source="client", ports="1024-65535")


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
CHAINS = {name: tc.example(name) for name in EXAMPLES} | ODD
SIZES: tuple[style.Size, ...] = ("slide", "half-page")


def texts(ax: Axes) -> list[Text]:
    """Every text that is seen."""
    found = [t for t in ax.findobj(Text) if isinstance(t, Text) and t.get_visible() and t.get_text().strip()]
    low, high = sorted(ax.get_xlim())
    ticks = {
        id(tick.label1)
        for tick in ax.xaxis.get_major_ticks() + ax.xaxis.get_minor_ticks()
        if not low <= tick.get_loc() <= high
    }
    low, high = sorted(ax.get_ylim())
    ticks |= {
        id(tick.label1)
        for tick in ax.yaxis.get_major_ticks() + ax.yaxis.get_minor_ticks()
        if not low <= tick.get_loc() <= high
    }
    return [text for text in found if id(text) not in ticks]


def check_words(ax: Axes, slack: float = 1.0) -> None:
    """No two texts lie over each other, and none leaves the figure; tilted ones count for the latter only."""
    figure = style.figure_of(ax)
    with style.without_glyph_warnings():
        figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
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


def words(ax: Axes, gid: str) -> str:
    """The text of a name, in one line."""
    (found,) = [artist for artist in by_gid(ax, gid) if isinstance(artist, Text | Annotation)]
    return " ".join(found.get_text().split())
