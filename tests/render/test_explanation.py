"""The four outputs of ``explain``: text of 80 columns, LaTeX, Markdown, JSON."""

import json
import re

import pytest
from rich.cells import cell_len

import tuplecalc as tc
from tests.algebra.cases import ALL, PROXY, chain
from tests.command import invoke
from tuplecalc.network.file import EXAMPLES
from tuplecalc.render import explanation as render

every_chain = pytest.mark.parametrize("chain", ALL.values(), ids=ALL)

INVERTED_CONE = """\
NAT in front of a proxy that captures by TPROXY (port constraint)

flows = min over all limits of floor(scopes·floor(size / keys))  (Hall)
rate  = min over all limits of size·scopes / seconds  (Little)

clients · ports
  a client needs a port of its own for each connection to the same service
  flows = |A|·a·E
        = 28,232·65,536·10 = 18,502,123,520
  rate  = |A|·a·E / (H + c·T)
        = 28,232·65,536·10 / (2 + 1·60) ≈ 298,421,347.10/s

nat · ports
  many clients share few addresses, and only the port tells their connections
  apart
  flows = |P|·M·E'
        = 64,512·4·10 = 2,580,480
  rate  = |P|·M·E' / (H + T)
        = 64,512·4·10 / (2 + 120) ≈ 21,151.48/s   ◀ limits

proxy · accepted
  on its client side the proxy tells connections apart by address and port only
  flows = |A|·b·E
        = 64,512·4·10 = 2,580,480
  rate  = |A|·b·E / H
        = 64,512·4·10 / 2 = 1,290,240/s

proxy · upstream
  on its service side the proxy needs a port for each connection to a service
  flows = |L|·b·E'
        = 64,512·4·10 = 2,580,480
  rate  = |L|·b·E' / (H + c·T)
        = 64,512·4·10 / (2 + 1·60) ≈ 41,620.65/s

proxy · shared
  a connection has two sides at the proxy, and each takes a port of the same
  table
  flows = floor(|A ∪ L| / 2)·b·E'·n
        = floor(64,512 / 2)·4·10·1 = 1,290,240   ◀ limits
  rate  = |A ∪ L|·b·E'·n / (2·H + c·T)
        = 64,512·4·10·1 / (2·2 + 1·60) = 40,320/s

the chain: the smallest of all limits
  flows = min(
    |A_clients|·a·E,          = 18,502,123,520  clients ports
    |A|·b·E,                  =      2,580,480  nat ports, proxy accepted
    |L|·b·E,                  =      2,580,480  proxy upstream
    floor(|A ∪ L| / 2)·b·E·n  =      1,290,240  proxy shared  ◀
  ) = 1,290,240
  rate  = min(
    |A_clients|·a·E / (H + c·T_clients),
                                      ≈ 298,421,347.10/s  clients ports
    |A|·b·E / (H + T_nat),            ≈      21,151.48/s  nat ports  ◀
    |A|·b·E / H,                      =      1,290,240/s  proxy accepted
    |L|·b·E / (H + c·T),              ≈      41,620.65/s  proxy upstream
    |A ∪ L|·b·E·n / (2·H + c·T)       =         40,320/s  proxy shared
  ) ≈ 21,151.48/s

symbols
  letter   chain         value  unit       meaning (where it is set)
clients
  |A|      |A_clients|  28,232  ports      ports of each source address that
                                           reaches the hop (clients.ports)
  a        a            65,536  addresses  source addresses that reach the hop
                                           (clients.addresses)
  E        E                10  endpoints  endpoints that connections address
                                           before the hop = N of services
  T        T_clients        60  s          how long a closed connection keeps
                                           its port (clients.time_wait)
nat
  |P|      |A|          64,512  ports      ports of each address that the NAT
                                           translates to (hops.nat.ports)
  M        b                 4  addresses  addresses that the NAT translates to,
                                           of all instances = m·n
  m                          4  addresses  addresses that one instance
                                           translates to (hops.nat.addresses)
  n                          1  instances  instances (hops.nat.instances)
  E'       E                10  endpoints  endpoints that connections address
                                           behind the hop = N of services
  T        T_nat           120  s          hops.nat.time_wait
proxy
  |A|      |A|          64,512  ports      = P of nat
  b        b                 4  addresses  source addresses that can address one
                                           endpoint = M of nat
  E        E                10  endpoints  = N of services
  |L|      |L|          64,512  ports      ports for the service side
                                           (hops.proxy.ports)
  E'       E                10  endpoints  = N of services
  T        T                60  s          hops.proxy.time_wait
  |A ∪ L|  |A ∪ L|      64,512  ports      ports in A or L
  n        n                 1  instances  hops.proxy.instances
services
  N        E                10  endpoints  service endpoints (services)
traffic
  H        H                 2  s          mean time that a connection stays
                                           open (traffic.hold)
  c        c                 1             share of connections that the client
                                           side closes first
                                           (traffic.first_close)
"""


def test_the_text_of_the_inverted_cone() -> None:
    assert render.text(tc.explain(tc.example("inverted-cone-tproxy"))) == INVERTED_CONE


@every_chain
def test_text_fits_a_terminal(chain: tc.Chain) -> None:
    lines = render.text(tc.explain(chain)).splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert not [line for line in lines if line != line.rstrip()]


@pytest.mark.parametrize("name", EXAMPLES)
def test_text_says_what_binds(name: str) -> None:
    result = tc.capacity(tc.example(name))
    text = render.text(tc.explain(tc.example(name)))
    assert f"  ) = {result.flows:,}\n" in text
    assert "flows = min(" in text
    assert "rate  = min(" in text
    assert (text.count("◀ limits"), text.count("◀\n")) == (2, 2)  # flows and rate: at the limit, in the chain
    for limit in result.limits:
        assert re.search(rf"^{limit.hop} · {limit.name}(  |$)", text, re.MULTILINE)


def test_many_limits_are_shown_by_the_smallest() -> None:
    explanation = tc.explain(ALL["many"])
    text = render.text(explanation)
    assert len(explanation.limits) == 29
    assert "limits more; JSON and LaTeX have all" in text
    assert "more, none of them smaller" in text
    assert "◀ limits" in text
    assert len(text.splitlines()) < 150
    assert render.latex(explanation).count(r"\paragraph") == 29 + 1
    assert len(json.loads(json.dumps(tc.to_dict(explanation)))["limits"]) == 29
    assert r"\ldots" in explanation.latex()


def test_a_thousand_hops_stay_readable() -> None:
    hops = ({"kind": "cone", "addresses": 1, "max_entries": 10**6 + number} for number in range(300))
    text = render.text(tc.explain(chain(*hops)))
    assert len(text.splitlines()) < 150


def test_no_rate_and_no_flow() -> None:
    text = render.text(tc.explain(ALL["no rate"]))
    assert text.count("rate    nothing limits it") == 2
    assert json.loads(json.dumps(tc.to_dict(tc.explain(ALL["no rate"]))))["rate"] is None
    lines = [line.split() for line in render.text(tc.explain(ALL["refused"])).splitlines()]
    assert ["0", "=", "0/s", "h0", "shared", "◀"] in lines


def test_huge_numbers_are_powers_of_two_or_rounded() -> None:
    text = render.text(tc.explain(ALL["huge"]))
    assert "28,232·2^128·65,535·2^128"[:12] in text
    assert "≈" in text
    assert not re.search(r"\d{20}", text.replace(",", ""))


def test_bounds_say_so() -> None:
    assert "At most" in render.text(tc.explain(ALL["taken"]))
    assert "At most" not in render.text(tc.explain(tc.example("outage")))


def test_json() -> None:
    explanation = tc.explain(tc.example("inverted-cone-tproxy"))
    found = json.loads(invoke("explain", "inverted-cone-tproxy", "-o", "json").stdout)
    assert found == json.loads(json.dumps(tc.to_dict(explanation)))
    assert found["schema_version"] == 1
    assert found["title"] == explanation.title
    assert found["flows"]["formula"] == explanation.flows_form.text
    assert "floor(|A ∪ L| / 2)" in found["flows"]["formula"]
    assert found["flows"]["value"] == 1290240
    assert found["flows"]["binding"] == {"hop": "proxy", "limit": "shared"}
    assert found["rate"]["value"] == pytest.approx(21151.475410)
    assert found["rate"]["binding"] == {"hop": "nat", "limit": "ports"}
    shared = found["limits"][-1]
    assert (shared["hop"], shared["limit"], shared["flows"]["value"]) == ("proxy", "shared", 1290240)
    assert [step["text"] for step in shared["flows"]["steps"]][1:] == [
        "floor(64,512 / 2)·4·10·1",
        "1,290,240",
    ]
    union = next(row for row in found["symbols"] if row["symbol"] == "|A ∪ L|")
    assert union["value"] == 64512
    assert union["unit"] == "ports"


@every_chain
def test_markdown(chain: tc.Chain) -> None:
    lines = render.markdown(tc.explain(chain)).splitlines()
    assert lines.count("$$") % 2 == 0
    columns = 0
    for line in lines:  # every row of a table has as many cells as its head
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not cells or not columns or cells == columns, line
        columns = cells
    for formula in (
        part for line in lines if line.startswith("|") for part in re.findall(r"\$([^$]*)\$", line)
    ):
        assert formula == formula.strip()


@every_chain
def test_latex(chain: tc.Chain) -> None:
    latex = render.latex(tc.explain(chain))
    begun = re.findall(r"\\begin\{(.*?)\}", latex)
    assert begun == re.findall(r"\\end\{(.*?)\}", latex)
    assert set(begun) == {"align*", "longtable"}
    table = latex.split("longtable}{llrlp{.4\\linewidth}}")[1]
    for row in table.splitlines()[1:-1]:
        assert len(re.findall(r"(?<!\\)&", row)) == 4


def test_words_from_outside_are_escaped() -> None:
    explanation = tc.explain(chain({**PROXY, "name": "[a_b] & 50% $x$ | `c`"}, title="T_1 & *2*"))
    latex, markdown = render.latex(explanation), render.markdown(explanation)
    assert r"\section*{T\_1 \& *2*}" in latex
    assert r"\paragraph{{[}a\_b] \& 50\% \$x\$ | `c`: shared}" in latex
    assert r"# T\_1 & \*2\*" in markdown
    assert r"## \[a\_b] & 50% \$x\$ \| \`c\`" in markdown


def test_the_reason_of_a_bound_names_its_hop_as_markdown_has_it() -> None:
    bounded = tc.from_dict(
        {
            "traffic": {"first_close": 0.5},
            "clients": {"addresses": 1},
            "hops": [
                {
                    "name": "<b> *edge*",
                    "kind": "hourglass",
                    "capture": "tproxy",
                    "source": "client",
                    "ports": "40000-60999",
                    "accept_wait": 60,
                }
            ],
            "services": {"addresses": 1, "ports": 80},
        }
    )
    (said,) = [line for line in render.markdown(tc.explain(bounded)).splitlines() if "At most" in line]
    assert "because of" in said
    assert "<b> *edge*" not in said
