"""TPROXY, REDIRECT, DNAT to the machine itself: proxies, alone and beside a cone."""

from typing import Any

import pytest

from tests.sources.host.drafts import values
from tests.sources.host.gateway import DIVERT, MASQUERADE, ROUTE, TABLE, TPROXY, draft, hops, saved, whys
from tests.sources.host.test_nft import DPORT, MARK, match, ruleset

_KNOWN = "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"


@pytest.mark.parametrize(
    ("lines", "others", "expected", "why"),
    [
        (DIVERT + TPROXY, {}, {"source": "client", "tracking": "loose", **TABLE}, []),
        (TPROXY + "-A PREROUTING -m conntrack --ctstate INVALID -j DROP", {}, {"tracking": "strict"}, []),
        (TPROXY + "-A FORWARD -m conntrack --ctstate INVALID -j DROP", {}, {"tracking": "loose"}, []),
        (TPROXY + _KNOWN + "-A INPUT -i lo -j ACCEPT\n-A INPUT -j DROP", {}, {"tracking": "strict"}, []),
        (TPROXY + _KNOWN + "-A INPUT -p tcp --dport 22 -j DROP", {}, {"tracking": "loose"}, []),
        (TPROXY + "-A INPUT -j DROP\n" + _KNOWN, {}, {"tracking": "loose"}, []),
        (TPROXY + "-A INPUT -m conntrack --ctstate INVALID -j DROP",
         {"liberal_txt": "net.netfilter.nf_conntrack_tcp_be_liberal = 1"}, {"tracking": "loose"}, []),
        (TPROXY + "-A PREROUTING -p tcp -m multiport --dports 80,81 -j CT --notrack", {},
         {"tracking": "off", "source": "own", "addresses": "198.18.0.7", "ports": "32768-60999"}, []),
        (TPROXY + "-A PREROUTING -p tcp --dport 8080 -j CT --notrack", {}, {"tracking": "loose"},
         ["these flows are not tracked; counted as if they were"]),
        (":DIVERT - [0:0]\n-A PREROUTING -p tcp -m socket -j DIVERT\n-A DIVERT -j MARK --set-mark 1\n"
         "-A DIVERT -j ACCEPT\n" + TPROXY, {}, {"source": "client"}, []),
        (TPROXY + "-A PREROUTING -i wan -p tcp -j CT --notrack", {}, {"tracking": "loose"},
         ["these flows are not tracked; counted as if they were"]),
        (TPROXY + "-A PREROUTING -s 198.18.1.9 -j CT --notrack", {}, {"tracking": "loose"},
         ["these flows are not tracked; counted as if they were"]),
        (TPROXY.replace("mark 1", "mark 2"), {}, {"capture": "tproxy"}, ["TPROXY does nothing: no"]),
        (TPROXY, {"route_json": ROUTE.replace('"100"', '"101"')}, {}, ["TPROXY does nothing: no"]),
        (TPROXY, {"route_json": ROUTE.replace('"local"', '"unicast"')}, {}, ["TPROXY does nothing: no"]),
        (TPROXY, {"route_json": ""}, {"capture": "tproxy"}, []),
        (TPROXY, {"limits_txt": "# nginx 7\nMax open files  4096  8192  files",
                  "listeners_txt": "State Recv-Q\n"}, {"name": "proxy"}, ["nothing listens on 3129"]),
        (TPROXY, {"limits_txt": "# squid 7\nMax open files  4096  8192  files",
                  "more_txt": "# squid 8\nMax open files  1024  8192  files"},
         {"name": "squid", "max_files": 1024}, []),
        (TPROXY, {"limits_txt": "# squid 7\nMax open files  0  8192  files"}, {"name": "proxy"},
         ["not a file"]),
        (TPROXY, {"limits_txt": "# nginx 7\nMax open files  4096  8192  files",
                  "listeners_txt": 'LISTEN 0 9 *:3129 *:* users:(("squid",pid=8,fd=9))'},
         {"name": "squid"}, []),
    ],
)  # fmt: skip
def test_tproxy(lines: str, others: dict[str, str], expected: dict[str, Any], why: list[str]) -> None:
    made = draft(saved(mangle=lines), **others)
    (proxy,) = hops(made)
    assert {key: proxy[key] for key in expected} == expected
    assert proxy["layer"] == 7
    assert "max_files" in expected or "max_files" not in proxy
    assert all(said.startswith(begin) for (_, said), begin in zip(whys(made), why, strict=True))
    assert values(made.clients) == {"addresses": "198.18.1.0/24"}
    assert "usesrc" in made.hops[0]["source"].unknown


_CAUGHT = [match(DPORT, 80), {"tproxy": {"port": 3129}}, MARK]
_INVALID = match({"ct": {"key": "state"}}, ["invalid"], "in")


@pytest.mark.parametrize(
    ("rule", "iptables", "expected", "unknown"),
    [
        ([{"counter": None}], "", "off", False),
        ([{"counter": None}], saved(filter="-A INPUT -m conntrack --ctstate NEW -j ACCEPT"), "loose", False),
        ([_INVALID, {"accept": None}], "", "loose", False),
        ([_INVALID, {"drop": None}], "", "strict", False),
        ([{"vmap": {"key": {"ct": {"key": "mark"}}, "data": {"set": []}}}], "", "loose", False),
        ([{"xt": {"type": "match", "name": "conntrack"}}], "", "loose", False),
        (None, saved(mangle=TPROXY), "loose", True),
    ],
)
def test_a_table_that_nothing_needs(
    rule: list[Any] | None, iptables: str, expected: str, unknown: bool
) -> None:
    """nft lists all rules, those of iptables too; iptables lists its own alone."""
    both = ruleset(("pre", "prerouting", [_CAUGHT]), ("in", "input", [rule or []]))
    made = draft(iptables, nft_json=both if rule else "")
    assert values(made.hops[0])["tracking"] == expected
    assert bool(made.hops[0]["tracking"].unknown) is unknown
    assert ("max_entries" in made.hops[0]) is (expected != "off")


def test_services_have_the_ports_that_are_captured() -> None:
    made = draft(saved(mangle=TPROXY))
    assert [values(each) for each in made.services] == [{"ports": 80}]
    assert made.services[0]["ports"].where == "iptables.txt:7"
    made = draft(saved(mangle=TPROXY, nat=MASQUERADE))
    assert [values(each) for each in made.services] == [{"name": "captured", "ports": 80}, {"name": "others"}]
    assert [values(kind)["services"] for kind in made.kinds] == [["captured"], ["others"]]
    assert draft(saved(nat="-A PREROUTING -p tcp -j REDIRECT --to-ports 9")).services == ()


@pytest.mark.parametrize(
    ("line", "listens"),
    [
        ("-A PREROUTING -p tcp --dport 2222 -j REDIRECT --to-ports 22", ""),
        ("-A PREROUTING -p tcp --dport 53 -j REDIRECT", ""),
        ("-A PREROUTING -p tcp --dport 2222 -j DNAT --to-destination 198.18.1.1:22", ""),
        ("-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 2200",
         'LISTEN 0 9 *:2200 *:* users:(("sshd",pid=1,fd=9))'),
    ],
)  # fmt: skip
def test_what_leads_to_a_service_of_the_machine_itself(line: str, listens: str) -> None:
    made = draft(saved(nat=f"{line}\n{MASQUERADE}"), listeners_txt=listens)
    assert [hop["kind"] for hop in hops(made)] == ["cone"]
    why = "it leads to a service of the machine itself, which is no proxy: not counted"
    assert (whys(made), made.kinds) == ([("iptables.txt:7", why)], ())


def test_tproxy_of_ipv6() -> None:
    text = saved(mangle=TPROXY).replace("iptables-save", "ip6tables-save")
    made = draft(text)
    assert hops(made)[0]["addresses"] == "2001:db8::7"
    assert values(made.clients) == {"addresses": "2001:db8:1::/64"}
    assert [why[:20] for _, why in whys(made)] == ["TPROXY does nothing:"], "only IPv4 has the route"
    assert hops(draft(saved(mangle=TPROXY), ip6_txt=text))[0]["addresses"] == "198.18.0.7"
    older = ROUTE.replace(', "pref": "medium"', "")  # of another version of ip
    assert older != ROUTE
    assert hops(draft(text, route_json=older))[0]["addresses"] == "2001:db8::7"

    by_lan = ROUTE.replace('"2001:db8::1", "dev": "wan"', '"2001:db8:1::9", "dev": "lan"')
    assert hops(draft(text, route_json=by_lan))[0]["addresses"] == "2001:db8:1::1"
    home = ROUTE.replace('"table": "100"', '"table": "100", "pref": "medium"')
    assert draft(text, route_json=home).remarks == ()


def test_an_address_that_is_not_known_is_asked_for() -> None:
    asked = draft(saved(mangle=TPROXY), route_json="").hops[0]["addresses"]
    assert (asked.value, asked.unknown) == (
        None,
        "from which address it speaks; one until then: ip route get SERVER",
    )


def test_captured_and_passing() -> None:
    own, nat = draft(saved(mangle=TPROXY, nat=MASQUERADE)).hops
    assert (values(own)["traffic"], values(nat)["traffic"]) == (["captured"], ["passing"])
    assert own["machine"].value == nat["machine"].value == "box"
    assert own["addresses"].value == nat["addresses"].value == "198.18.0.7"
    made = draft(saved(mangle=DIVERT + TPROXY, nat=MASQUERADE))
    client, nat = made.hops
    assert values(client)["traffic"] == ["captured"]
    assert "traffic" not in nat, "connections with clients' addresses are translated as well"
    assert [values(kind)["name"] for kind in made.kinds] == ["captured", "passing"]
    clash = saved(
        mangle=DIVERT + TPROXY,
        nat=f"{MASQUERADE}\n-A POSTROUTING -s 198.18.0.0/16 -j MASQUERADE --to-ports 9",
    )
    assert values(draft(clash).clients) == {"addresses": 65536}
    made = draft(
        saved(mangle=DIVERT + TPROXY, nat=f"{MASQUERADE} --to-ports 9\n-A POSTROUTING -j MASQUERADE")
    )
    assert [values(hop)["traffic"] for hop in made.hops] == [["captured"], ["passing"], ["passing-2"]]


@pytest.mark.parametrize(
    ("lines", "expected", "why"),
    [
        ("-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 3128", {"listen_ports": 3128}, []),
        ("-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 3128\n"
         "-A PREROUTING -p tcp --dport 443 -j REDIRECT --to-ports 3130\n"
         "-A PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 5353",
         {"listen_ports": [3128, 3130]}, ["not all services share all listen_ports"]),  # UDP is counted
        ("-A PREROUTING -p tcp --dport 80 -j REDIRECT", {"listen_ports": 80}, []),
        ("-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 198.18.1.1:3128\n"
         "-A INPUT -p tcp -s 198.18.1.9 -j SNAT --to-source 198.18.1.1\n"
         "-A INPUT -p tcp -j SNAT --to-source 198.18.1.1:5000-5999",
         {"listen_addresses": "198.18.1.1", "listen_ports": 3128, "rewrite_ports": "5000-5999"}, []),
        ("-A OUTPUT -p tcp -j REDIRECT --to-ports 15001", {"listen_ports": 15001}, []),
        ("-A PREROUTING -p tcp -j REDIRECT", {}, []),
        ("-A PREROUTING -p tcp -m geoip --source-country XX -j REDIRECT", {}, ["it is for fewer flows than"]),
    ],
)  # fmt: skip
def test_redirect(lines: str, expected: dict[str, Any], why: list[str]) -> None:
    made = draft(saved(nat=lines))
    (proxy,) = hops(made)
    assert proxy["capture"] == "nat"
    assert made.passed_over == ({"rules for UDP alone": 1} if "udp" in lines else {})
    found = {k: v for k, v in proxy.items() if k.startswith(("listen", "rewrite"))}
    assert found == expected
    assert all(said.startswith(begin) for (_, said), begin in zip(whys(made), why, strict=True))


def test_a_sidecar() -> None:
    """What comes in and what goes out have a listener each."""
    lines = """
:IN - [0:0]
:OUT - [0:0]
-A PREROUTING -p tcp -j IN
-A OUTPUT -p tcp -m owner --uid-owner 1337 -j RETURN
-A OUTPUT ! -d 127.0.0.1/32 -o lo -j IN
-A OUTPUT -p tcp -j OUT
-A IN -p tcp -j REDIRECT --to-ports 15006
-A OUT -p tcp -j REDIRECT --to-ports 15001
"""
    made = draft(saved(nat=lines))
    assert [(hop["listen_ports"], hop["traffic"]) for hop in hops(made)] == [
        (15006, ["captured"]),
        (15001, ["captured-2"]),
    ]
    assert values(made.clients)["addresses"] == ["198.18.0.7-198.18.0.8", "198.18.1.0/24", "203.0.113.5"]


def test_both_ways_of_capture_agree_on_the_machine() -> None:
    tracked = "-A PREROUTING -p tcp --dport 80 -j CT --notrack\n" + TPROXY
    two = 'LISTEN 0 9 *:3128 *:* users:(("a",pid=1,fd=9))\nLISTEN 0 9 *:3129 *:* users:(("b",pid=2,fd=9))'
    files = "# {} {}\nMax open files  {}  8192  files"
    made = draft(
        saved(mangle=tracked, nat="-A PREROUTING -p tcp --dport 81 -j REDIRECT --to-ports 3128"),
        listeners_txt=two,
        one_txt=files.format("a", 1, 100),
        other_txt=files.format("b", 2, 200),
    )
    assert [(hop["name"], hop["capture"], hop["tracking"]) for hop in hops(made)] == [
        ("b", "tproxy", "loose"),
        ("a-2", "nat", "loose"),
    ]
    assert ["max_files" in hop for hop in hops(made)] == [False, False]
