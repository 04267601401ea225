"""Figures of rates that are those of some clients only say how many get no ports."""

import pytest

import tuplecalc as tc
from tuplecalc.render import figures
from tuplecalc.render.figures import style

CGN = tc.with_settings(tc.cone(clients=12000, addresses=56, block=512, hold=60, rate=10_000), "title=a")
NONE = "4,944 of 12,000 clients get no ports"


def words(kind: str, chain: tc.Chain) -> str:
    """All words of a figure."""
    ax = getattr(figures, f"plot_{kind}")(tc.capacity(chain), ax=style.blank())
    legend = ax.get_legend()
    texts = [*ax.texts, *(legend.get_texts() if legend else ()), ax.xaxis.label, ax.yaxis.label]
    return " ".join(" | ".join([ax.get_title(loc="left"), *(each.get_text() for each in texts)]).split())


@pytest.mark.parametrize("kind", ["shape", "limits", "rate", "map", "blocking", "exhaustion"])
def test_it_is_said_in_plain_words(kind: str) -> None:
    assert NONE in words(kind, CGN)
    assert "clients get no ports" not in words(kind, tc.with_settings(CGN, "hops.nat.addresses=96"))


def test_whose_rate_a_map_has_and_whose_ports_fill() -> None:
    assert f"for the clients with ports; {NONE}" in words("map", CGN)
    assert f"only of clients with ports; {NONE}" in words("exhaustion", CGN)
