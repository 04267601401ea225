"""The table, as text and in colours."""

import io
from typing import Any

import pytest
from rich.console import Console

import tuplecalc as tc
from tuplecalc.network.file import EXAMPLES, from_dict
from tuplecalc.render.capacity import text
from tuplecalc.render.table import Page
from tuplecalc.under_load.offered import Offered

OUTAGE = """\
The login outage: a NAT-mode balancer in front of regional login proxies
Shape: inverted cone (a proxy behind a NAT, where each connection takes two
ports)

hop           kind        tuple space   reachable flows      rate /s     used
─────────────────────────────────────────────────────────────────────────────
clients       clients   8,455,716,864     8,455,716,864   23,488,102   0.003%
lvs           NAT             387,072           387,072        921.6      76%
login-proxy   proxy           387,072           193,536        586.5     119%

hop          limit                 room          flows     rate /s
────────────────────────────────────────────────────────────────────────────
clients      ports     64,512 × 131,072  8,455,716,864  23,488,102
lvs          ports           64,512 × 6        387,072       921.6
login-proxy  accepted        64,512 × 6        387,072       1,290
             upstream        64,512 × 6        387,072       1,075
             shared      64,512 / 2 × 6        193,536       586.5  ◀ limits

193,536 connections can be open at once, and the highest rate is 586.5/s:
login-proxy shared limits both, because a connection has two sides at the proxy,
and each takes a port of the same table.
"""

BY_SHARE = """\
of the connections are expected to fail at 4,000/s, if
tproxy’s table holds 976,000 entries (Linux: 262,144) and nat’s table holds
488,000 entries (Linux: 262,144). Tight means that more than 80% of what is
possible is used.
4,000/s is 95% of the highest rate.

TPROXY and REDIRECT side by side on one machine, by share
Shape: inverted cone (a proxy behind a NAT, where connections take two ports or
end at few listeners), 2 kinds of traffic

516,096 connections of this mix can be open at once, and the highest rate is
4,230/s: redirect capture limits both, because connections to all services end
at the proxy's few listeners (REDIRECT). Here and at each limit flows and rates
are of all kinds together in their shares, not only of those under “kinds”. By
kind: tproxy shared limits the flows of transparent; redirect capture limits
redirected; nat ports limits the rate of transparent beside the others as
offered.

kind          share     flows   rate /s   offered   up to /s            failing
───────────────────────────────────────────────────────────────────────────────
transparent     50%   258,048     2,115     2,000     19,151               none
redirected      50%   258,048     2,115     2,000      2,115   practically none
“up to” is the highest rate of a kind while the others stay as offered.

hop        kind         tuple space   reachable flows       rate /s      used
─────────────────────────────────────────────────────────────────────────────
clients    clients   18,502,123,520    18,502,123,520   298,421,347   0.0013%
nat        NAT            2,580,480         2,580,480        21,151       19%
tproxy     proxy          2,580,480         1,720,320        21,151      5.1%
redirect   proxy            645,120           516,096         4,230       95%
“rate” is the highest up to this hop; “used” is of the hop’s own limits alone.

limit        kinds                  flows       rate /s
──────────────────────────────────────────────────────────────────
clients
  ports      all           18,502,123,520   298,421,347
nat
  ports      all                2,580,480        21,151
tproxy
  accepted   transparent        5,160,960     2,580,480
  upstream   transparent        5,160,960        83,241
  shared     all                1,720,320        78,196
redirect
  capture    redirected           516,096         4,230   ◀ limits
  upstream   redirected         1,290,240        20,810
"""


def printed(chain: tc.Chain, *, terminal: bool = False, width: int = 80, load: Offered | None = None) -> str:
    """The table of a chain."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=terminal,
        color_system="standard" if terminal else None,
        highlight=False,
    )
    page = Page(min(width, 120), width)
    console.print(text(tc.capacity(chain), load, page), soft_wrap=True, end="")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_outage() -> None:
    first, why, unseen, best, rest = printed(tc.example("outage")).split("\n", 4)
    assert first.startswith("Fails: ")
    assert first.endswith(" of the connections are expected to fail at 700/s.")
    assert why == "Blind picks, more than a lack of ports: lvs and login-proxy pick the same ones"
    assert unseen == "unseen."
    assert best.startswith("Best case, if no two hops ever picked the same port: 16.2% fail")
    assert rest.startswith(f"700/s is 119% of the highest rate.\n\n{OUTAGE}")


def test_kinds_of_traffic() -> None:
    load = tc.offered(tc.example("mixed-by-share"))
    kinds = tuple(kind._replace(expected=kind.failing) for kind in load.kinds)
    text = printed(
        tc.example("mixed-by-share"),
        load=load._replace(kinds=kinds, groups=(), expected=load.blocking),
    )
    assert text.startswith(f"Tight: practically none {BY_SHARE}")
    narrow = printed(tc.example("mixed-by-share"), terminal=True, width=60).split("limit ")[1]
    assert max(map(len, map(_bare, narrow.split("◀ limits")[0].splitlines()))) <= 60


def test_flows_and_rate_are_marked_apart_where_they_differ() -> None:
    lines = printed(tc.example("inverted-cone-tproxy")).splitlines()
    assert [line.split()[0] for line in lines if line.endswith("◀ rate")] == ["nat"]
    assert [line.split()[0] for line in lines if line.endswith("◀ flows")] == ["shared"]


def test_settings_are_written_as_a_shell_wants_them() -> None:
    named = tc.with_settings(tc.example("cone"), 'hops.nat.name="edge nat"')
    assert "\n    --set 'hops.\"edge nat\".addresses=5'\n" in printed(named)


def test_styles_end_with_their_line() -> None:
    lines = printed(tc.example("outage"), terminal=True).splitlines()
    coloured = [line for line in lines if "\x1b[" in line]
    assert len(coloured) > 5
    assert all(line.endswith("\x1b[0m") for line in coloured)


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_terminal_is_never_overrun(name: str, width: int) -> None:
    text = printed(tc.example(name), terminal=True, width=width)
    lines = [line for line in text.splitlines() if "--set" not in line and "https:" not in line]
    assert max(len(line) for line in map(_bare, lines)) <= width


NATS = ("module.net.google_compute_router_nat.nat", "module.net.azurerm_nat_gateway.n", "nat-" + "long" * 30)
IMPORTED: dict[str, Any] = {
    "traffic": {
        "rate": 90,
        "hold": "5s",
        "kinds": [{"name": name, "share": "1/3"} for name in NATS],
    },
    "clients": {"addresses": "10.0.0.0/8"},
    "hops": [
        {"name": name, "kind": "cone", "addresses": 2, "traffic": name, "max_entries": 1 << 30}
        for name in NATS
    ],
    "services": {"addresses": 1, "ports": 443},
}


@pytest.mark.parametrize("with_kinds", [True, False])
@pytest.mark.parametrize("width", [60, 80])
def test_long_names_are_folded_and_stay_whole(
    width: int, with_kinds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal, and in a pipe where COLUMNS says how wide it is."""
    plain = {key: value for key, value in IMPORTED.items() if key != "traffic"}
    hops = [{key: value for key, value in hop.items() if key != "traffic"} for hop in IMPORTED["hops"]]
    chain = from_dict(IMPORTED if with_kinds else plain | {"hops": hops})
    text = "".join(f"{_bare(line)}\n" for line in printed(chain, terminal=True, width=width).splitlines())
    monkeypatch.setenv("COLUMNS", str(width))
    assert printed(chain, width=width) == text
    tables = text[text.index("\nhop ") :].split("--set")[0]
    assert max(len(line) for line in tables.splitlines() if NATS[2] not in line) <= width
    first = [line.split(" ")[0] for line in tables.splitlines()]
    for name in NATS[:2]:
        assert name in "".join(first)


def _bare(line: str) -> str:
    from rich.text import Text

    return Text.from_ansi(line).plain


def test_markup_in_names_is_only_text() -> None:
    chain = tc.with_settings(tc.cone(title="[red]hot[/red]", name="[b]"), "clients.addresses=9")
    text = printed(chain)
    assert text.startswith("[red]hot[/red]\n")
    assert "\n[b] " in text
