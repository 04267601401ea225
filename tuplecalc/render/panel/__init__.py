"""The what-if panel: a chain's numbers as inputs of a page, and its own formulas as the page's script."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.metadata import version
from itertools import groupby
from typing import Any, NamedTuple

from markupsafe import Markup

from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.questions.paths import likely
from tuplecalc.render import numbers, verdict
from tuplecalc.render.html import environment
from tuplecalc.render.panel.javascript import printed
from tuplecalc.render.sentences import totals
from tuplecalc.under_load.offered import Offered, offered
from tuplecalc.whatif.opened import Input
from tuplecalc.whatif.regions import Regions, regions

_WHY = {
    "unknown": "This page has no formulas for these values together: the command below gives the answer.",
    "bound": "Several tables limit together here: these figures are bounds; the command below is exact.",
    "large": "This page has no formulas for these values: the command below gives the answer.",
    "refused": "No chain can have these values together: the command below says why.",
}
_TALL = 900  # pixels of the frame in a notebook


class Panel(NamedTuple):
    """The parts of a page that has the panel: its HTML, and its script with what a policy allows of it."""

    body: Markup
    script: Markup
    policy: Markup
    """The script's source in a content-security policy: its hash."""


def panel(known: Regions, command: str, result: Capacity, load: Offered) -> Panel:
    """The panel of a chain, of its result and of what becomes of its offered rate.

    ``command`` is what gives the same answer for the present values.

    The page's script is printed from the decisions and formulas of :mod:`tuplecalc.whatif`; it asks no
    network for anything, and evaluates no text.
    """
    command = command.encode(errors="replace").decode()  # a file's name may be no Unicode
    says = {
        "command": command,
        "first": _first(known),
        "why": _WHY,
        "verdict": verdict.verdict(load),
        "kind": load.verdict,
        "before": _before(result),
        "bounds": {"flows": result.flows_at_most, "rate": result.rate_at_most},
        "reasons": " ".join(totals.at_most(result)),
    }
    templates = environment()
    own = templates.get_template("panel/panel.js").render()
    text = f"{{\n{printed(known, says)}{own}}}\n"
    tables = [(title, [*group]) for title, group in groupby(enumerate(known.inputs), key=_table)]
    body = templates.get_template("panel/panel.html").render(tables=tables, numbers=numbers, shown=shown)
    allowed = b64encode(sha256(text.encode()).digest()).decode()
    return Panel(Markup(body), Markup(text), Markup(f"'sha256-{allowed}'"))


def _before(result: Capacity) -> str:
    """The same two figures of the file."""
    rate = "" if result.rate is None else f" and {numbers.rate(result.rate)}/s"
    return f"In the file it is {numbers.count(result.flows)}{rate}."


def _first(known: Regions) -> str:
    """The input whose curve is drawn first: a share of kinds, else how many addresses the first hop has."""
    paths = [each.paths[0] for each in known.inputs]
    shares = [each.paths[0] for each in known.inputs if each.is_share]
    wanted = shares[0] if shares else likely(known.chain)
    return wanted if wanted in paths else paths[0] if paths else ""


def _table(numbered: tuple[int, Input]) -> str:
    """Whose number it is: the table that it stands in."""
    path = numbered[1].paths[0]
    return path.rpartition(".")[0]


def shown(each: Input) -> dict[str, Any]:
    """The input's attributes as the page has them."""
    key = each.paths[0].rpartition(".")[2]
    name = "first close (client: 1)" if key == "first_close" else key
    return {
        "label": name.replace("_", " "),
        "value": f"{float(each.present):.12g}" if not each.is_count else each.present,
    }


def framed(of: Regions) -> str:
    """The panel for a notebook: a page of its own in a frame."""
    page = standing(of)
    style = f"width: 100%; height: {_TALL}px; border: 0"
    return (
        f'<iframe title="What if" sandbox="allow-scripts" style="{style}" srcdoc="{escape(page)}"></iframe>'
    )


def standing(of: Regions, command: str = "tuplecalc capacity FILE.toml") -> str:
    """The panel alone, as a whole page."""
    template = environment().get_template("panel/page.html")
    title, result = of.chain.title or "A chain", capacity(of.chain)
    made = panel(of, command, result, offered(result))
    return template.render(panel=made, title=title, version=version("tuplecalc"))


def panel_of(result: Capacity, load: Offered, command: str) -> Panel | None:
    """The panel of a result that nobody explored yet; None where its formulas are too many for a page."""
    known = regions(result.chain)
    return panel(known, command, result, load) if known.is_known else None
