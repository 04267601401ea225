"""nft's JSON: what each expression and statement says of tuples."""

import json
from dataclasses import fields
from typing import Any

import pytest

from tuplecalc.errors import InputError
from tuplecalc.sources.host import chains as chains_module
from tuplecalc.sources.host import nft
from tuplecalc.sources.host.chains import Reading
from tuplecalc.sources.host.rule import Left, Rule
from tuplecalc.sources.texts import Text

_DEFAULTS = {each.name: each.default for each in fields(Rule)}
SETS = [
    {"set": {"family": "inet", "table": "t", "name": "inside", "type": "ipv4_addr", "elem": [
        {"elem": {"val": {"prefix": {"addr": "198.18.4.0", "len": 24}}, "timeout": 60}},
        {"range": ["198.18.6.1", "198.18.6.9"]},
    ]}},
    {"set": {"family": "inet", "table": "t", "name": "learnt", "type": "ipv4_addr"}},
    {"map": {"family": "inet", "table": "t", "name": "web", "type": ["ipv4_addr", "inet_service"], "elem": [
        [{"concat": ["198.18.0.1", 80]}, {"concat": ["198.18.2.1", 8080]}],
        [{"concat": ["198.18.0.2", 443]}, {"concat": ["198.18.2.2", {"range": [8443, 8444]}]}],
    ]}},
]  # fmt: skip


def match(left: object, right: object, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


def header(protocol: str, name: str) -> dict[str, Any]:
    return {"payload": {"protocol": protocol, "field": name}}


def meta(key: str) -> dict[str, Any]:
    return {"meta": {"key": key}}


def ruleset(*chains: tuple[str, str, list[list[Any]]], family: str = "inet") -> str:
    """Chains by name and hook ("" where it has none), each a list of rules."""
    objects: list[Any] = [{"metainfo": {"version": "1.0.6"}}, *SETS]
    for name, hook, _ in chains:
        chain = {"family": family, "table": "t", "name": name} | ({"hook": hook} if hook else {})
        objects.append({"chain": chain})
    objects += [
        {"rule": {"family": family, "table": "t", "chain": name, "handle": 1, "expr": each}}
        for name, _, rules in chains
        for each in rules
    ]
    return json.dumps({"nftables": objects})


def read(text: str) -> Reading:
    assert nft.recognises(Text("nft.json", text))
    return nft.read(Text("nft.json", text))


def said(rule: Rule) -> dict[str, Any]:
    """The fields of a rule that differ from their defaults, without what was written."""
    found = {name: getattr(rule, name) for name in _DEFAULTS}
    return {k: v for k, v in found.items() if v != _DEFAULTS[k] and k not in ("where", "text", "hook")}


TCP = match(meta("l4proto"), "tcp")
SADDR, DADDR, DPORT = header("ip", "saddr"), header("ip", "daddr"), header("tcp", "dport")
MARK = {"mangle": {"key": meta("mark"), "value": 1}}
WEB = {"dnat": {"family": "ip", "addr": {"map": {"key": {"concat": [DADDR, DPORT]}, "data": "@web"}}}}
DRAWN = {"numgen": {"mode": "inc", "mod": 2, "offset": 0}}


@pytest.mark.parametrize(
    ("expressions", "expected"),
    [
        ([match(SADDR, "@inside"), match(meta("oifname"), "wan*"), {"masquerade": None}],
         [{"action": "masquerade", "family": "ip", "sources": ("198.18.4.0/24", "198.18.6.1-198.18.6.9"),
           "out_interface": "wan*"}]),
        ([TCP, {"snat": {"family": "ip", "addr": {"range": ["198.18.0.1", "198.18.0.9"]},
                         "port": {"range": [1024, 65535]}, "flags": ["fully-random", "persistent"]}}],
         [{"action": "snat", "family": "ip", "protocol": "tcp", "to_addresses": ("198.18.0.1-198.18.0.9",),
           "to_ports": "1024-65535", "persistent": True, "random": True}]),
        ([match(meta("nfproto"), "ipv6"), match(meta("iifname"), {"set": ["a", "b"]}),
          match(header("th", "dport"), {"set": [80, {"range": [8000, 8099]}]}), {"redirect": {"port": 1}}],
         [{"action": "redirect", "family": "ip6", "in_interface": "a,b",
           "destination_ports": "80, 8000-8099", "to_ports": "1"}]),
        ([match({"concat": [SADDR, DPORT]}, {"set": [
            {"concat": ["198.18.1.1", 80]}, {"concat": ["198.18.1.2", 81]}]}), {"redirect": None}],
         [{"action": "redirect", "family": "ip", "protocol": "tcp", "sources": ("198.18.1.1", "198.18.1.2"),
           "destination_ports": "80-81"}]),
        ([WEB], [
            {"action": "dnat", "family": "ip", "protocol": "tcp", "destinations": ("198.18.0.1",),
             "destination_ports": "80", "to_addresses": ("198.18.2.1",), "to_ports": "8080"},
            {"action": "dnat", "family": "ip", "protocol": "tcp", "destinations": ("198.18.0.2",),
             "destination_ports": "443", "to_addresses": ("198.18.2.2",), "to_ports": "8443-8444"}]),
        ([match(DPORT, 80), {"dnat": {"family": "ip", "port": 8080, "addr": {"map": {
            "key": DRAWN, "data": {"set": [[0, "198.18.2.4"], [1, "198.18.2.5"]]}}}}}],
         [{"action": "dnat", "family": "ip", "protocol": "tcp", "destination_ports": "80",
           "to_addresses": ("198.18.2.4", "198.18.2.5"), "to_ports": "8080"}]),
        ([{"dnat": {"addr": "2001:db8::7"}}],
         [{"action": "dnat", "family": "ip6", "to_addresses": ("2001:db8::7",)}]),
        ([match(DPORT, 80), {"tproxy": {"family": "ip", "addr": "127.0.0.1", "port": 3129}}, MARK],
         [{"action": "tproxy", "family": "ip", "protocol": "tcp", "destination_ports": "80",
           "to_ports": "3129", "to_addresses": ("127.0.0.1",), "mark": 1}]),
        ([match({"socket": {"key": "transparent"}}, 1), MARK, {"accept": None}],
         [{"action": "transparent-socket", "mark": 1}]),
        ([MARK], []),
        ([match(SADDR, "@inside"), match(DADDR, "@inside"),
          match(meta("l4proto"), {"set": ["tcp", "udp"]}), {"notrack": None}],
         [{"action": "notrack", "family": "ip", "sources": ("198.18.4.0/24", "198.18.6.1-198.18.6.9"),
           "destinations": ("198.18.4.0/24", "198.18.6.1-198.18.6.9")}]),
        ([match({"socket": {"key": "transparent"}}, 0), MARK], []),
        ([match(DPORT, 80), {"notrack": None}],
         [{"action": "notrack", "protocol": "tcp", "destination_ports": "80"}]),
        ([match({"ct": {"key": "state"}}, ["invalid", "new"], "in"), {"counter": "bad"}, {"drop": None}],
         [{"action": "drop-invalid"}]),
        ([{"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [
            ["established", {"accept": None}], ["invalid", {"drop": None}]]}}}],
         [{"action": "drop-invalid"}]),
        ([match({"ct": {"key": "state"}}, "invalid", "!="), {"drop": None}], []),
        ([match({"ct": {"key": "state"}}, "new", "in"), {"drop": None}], []),
        ([match(meta("l4proto"), "icmp"), {"masquerade": None}], []),
        ([match(header("icmp", "type"), "echo-request"), {"masquerade": None}], []),
        ([match(header("udp", "dport"), 53, "!="), {"tproxy": {"addr": "::1"}}],
         [{"action": "tproxy", "family": "ip6", "protocol": "udp", "to_addresses": ("::1",),
           "others": "udp dport != 53"}]),
        ([match(SADDR, "@learnt"), match(DADDR, "198.18.0.0", "!="), match({"&": [meta("mark"), 16]}, 16),
          {"masquerade": None}],
         [{"action": "masquerade", "family": "ip",
           "others": "ip saddr @learnt ip daddr != 198.18.0.0 meta mark & 16 16"}]),
    ],
)  # fmt: skip
def test_what_a_rule_says(expressions: list[Any], expected: list[dict[str, Any]]) -> None:
    reading = read(ruleset(("c", "prerouting", [expressions])))
    assert [said(rule) for rule in reading.rules] == expected
    assert reading.remarks == []
    assert {rule.where for rule in reading.rules} <= {"nft.json:nftables[5]"}


def test_chains_are_followed_with_what_leads_to_them() -> None:
    to_inner = {
        "vmap": {"key": DPORT, "data": {"set": [[80, {"jump": {"target": "a"}}], [81, {"drop": None}]]}}
    }
    text = ruleset(
        ("base", "postrouting", [[match(SADDR, "198.18.1.0"), to_inner], [{"goto": {"target": "b"}}]]),
        ("a", "", [[match(meta("oifname"), "wan"), {"jump": {"target": "b"}}]]),
        ("b", "", [[{"masquerade": None}], [{"jump": {"target": "a"}}]]),
        ("never", "", [[{"masquerade": None}]]),
    )
    first = {"sources": ("198.18.1.0",), "destination_ports": "80", "out_interface": "wan"}
    rules = read(text).rules
    assert [said(rule) for rule in rules] == [
        {"action": "masquerade", "family": "ip", "protocol": "tcp", **first},
        {"action": "masquerade"},
        {"action": "masquerade", "out_interface": "wan"},  # b leads to a, and a to b again
    ]
    assert {rule.hook for rule in rules} == {"postrouting"}


def test_rules_behind_an_exception_are_for_the_others() -> None:
    marked = match(meta("mark"), 7, "!=")
    here = [
        [match(DADDR, "198.18.9.9"), {"accept": None}],
        [marked, {"return": None}],
        [{"masquerade": None}],
    ]
    (rule,) = read(ruleset(("c", "postrouting", here))).rules
    left = (
        Left("nft.json:nftables[5]", "ip daddr 198.18.9.9 accept"),
        Left("nft.json:nftables[6]", "meta mark != 7 return"),
    )
    assert said(rule) == {"action": "masquerade", "left": left}


@pytest.mark.parametrize(
    "accepted",
    [
        [match({"ct": {"key": "state"}}, ["established", "related"], "in"), {"accept": None}],
        [{"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [["established", {"accept": None}]]}}}],
    ],
)
def test_a_firewall_that_drops_what_it_does_not_know(accepted: list[Any]) -> None:
    text = ruleset(("c", "input", [accepted, [match(DPORT, 22), {"accept": None}]]))
    assert read(text).rules == []
    (rule,) = read(text.replace('"hook": "input"', '"hook": "input", "policy": "drop"')).rules
    assert (rule.action, rule.hook, rule.where) == ("drop-invalid", "input", "nft.json:nftables[4]")
    assert rule.text == "chain c: policy drop"


def test_verdict_maps_of_a_balancer() -> None:
    """As a cluster's node has them: address, protocol and port lead to a chain, which draws one of two."""
    elements = [
        [{"concat": ["198.18.9.1", "tcp", 80]}, {"goto": {"target": "web"}}],
        [{"concat": ["198.18.9.2", "udp", 53]}, {"goto": {"target": "dns"}}],
    ]
    key = {"concat": [DADDR, meta("l4proto"), header("th", "dport")]}
    drawn = {"vmap": {"key": DRAWN, "data": {"set": [[n, {"goto": {"target": f"to{n}"}}] for n in range(2)]}}}
    to = [[[{"dnat": {"addr": f"198.18.2.{n}", "port": 8080}}]] for n in range(2)]
    text = ruleset(
        ("services", "prerouting", [[{"vmap": {"key": key, "data": {"set": elements}}}]]),
        ("web", "", [[drawn]]),
        ("dns", "", [[drawn]]),
        ("to0", "", to[0]),
        ("to1", "", to[1]),
    )
    found = [(r.destinations, r.protocol, r.destination_ports, r.to_addresses) for r in read(text).rules]
    assert found == [
        (("198.18.9.1",), "tcp", "80", ("198.18.2.0",)),
        (("198.18.9.1",), "tcp", "80", ("198.18.2.1",)),
        (("198.18.9.2",), "udp", "53", ("198.18.2.0",)),
        (("198.18.9.2",), "udp", "53", ("198.18.2.1",)),
    ]


UNKNOWN = "not understood: no expression of nft that is known here"


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ({"synproxy": {"mss": 1460}}, UNKNOWN),
        ({"xt": None}, "iptables made this rule, and nft does not print what it does: iptables-save would"),
        ({"snat": {"addr": "198.18.9.0", "type_flags": "prefix"}},
         "one address for each: no ports are shared, so that this is no NAT of ours"),
        ({"flow": {"op": "add", "flowtable": "@f"}}, UNKNOWN),
        ("odd", UNKNOWN),
        ({"redirect": {"port": 99999}}, 'not understood: "99999": ports run from 1 to 65535'),
        ({"snat": {"addr": "198.18.0.300"}},
         'not understood: "198.18.0.300": an IPv4 address is four numbers from 0 to 255 without leading '
         "zeros"),
        ({"dnat": {"addr": {"map": {"key": DRAWN, "data": {"set": [7]}}}}}, UNKNOWN),
        ({"jump": {"target": "nowhere"}}, "nowhere is neither known nor a chain"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_remarked(expression: object, why: str) -> None:
    reading = read(ruleset(("c", "prerouting", [[match(DPORT, 80), expression], [{"redirect": None}]])))
    (remark,) = reading.remarks
    assert (remark.where, remark.why) == ("nft.json:nftables[5]", why)
    assert [rule.action for rule in reading.rules] == ["redirect"]


def test_other_families_and_broken_rules() -> None:
    rule = {"family": "bridge", "table": "t", "chain": "c", "expr": []}
    chain = {"family": "inet", "table": "t", "name": "c", "hook": "ingress"}
    objects = [
        {"chain": chain},
        {"rule": rule},
        {"rule": {**rule, "family": "ip"}},
        {"rule": 7},
        {"rule": rule},
    ]
    reading = read(json.dumps({"nftables": objects}))
    assert reading.passed_over == {"chain at ingress": 1, "bridge rule": 2}
    assert reading.remarks == [
        ("nft.json:nftables[2]", "rule family ip table t chain c expr", "c is no chain here"),
        (
            "nft.json:nftables[3]",
            "rule 7",
            "not understood: a rule without its family, table, chain or expressions",
        ),
    ]


def test_rules_of_iptables_are_left_to_iptables_save() -> None:
    lost = [TCP, {"counter": {"packets": 0, "bytes": 0}}, {"xt": {"type": "target", "name": "MASQUERADE"}}]
    text = ruleset(("POSTROUTING", "postrouting", [lost]), family="ip")
    (remark,) = read(text).remarks
    assert remark.why.endswith("iptables-save would")
    assert remark.said == "meta l4proto tcp counter 0 0 xt type target name MASQUERADE"
    assert nft.read(Text("nft.json", text), {("ip", "t")}) == Reading()


def test_ways_that_multiply_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains_module, "MOST_STEPS", 2_000)
    twice = [
        [match(header("ip", name), f"198.18.{n}.{m}"), {"jump": {"target": f"c{n + 1}"}}]
        for n in range(30)
        for m, name in enumerate(("saddr", "daddr"))
    ]
    chains = [(f"c{n}", "" if n else "input", twice[2 * n : 2 * n + 2]) for n in range(30)]
    reading = read(ruleset(*chains, ("c30", "", [[{"notrack": None}]])))
    assert len(reading.rules) < 100
    several = [[match(DPORT, n), {"jump": {"target": "b"}}] for n in range(1, 200)]
    invalid = [match({"ct": {"key": "state"}}, ["invalid"], "in"), {"drop": None}]
    reading = read(ruleset(("a", "input", several), ("b", "", [invalid] * 20)))
    why = "more than 2,000 ways through the chains from a: the rest is not read"
    assert reading.remarks[-1].why == why
    assert len(reading.rules) > 1_000
    last = ("post", "postrouting", [[{"masquerade": None}]])
    *_, rule = read(ruleset(("a", "input", several), ("b", "", [invalid] * 20), last)).rules[:1]
    assert rule.action == "masquerade", "what translates is read before"
    with pytest.raises(InputError) as caught:
        read(ruleset(("a", "input", several), ("b", "", [[{"notrack": None}]] * 20)))
    assert str(caught.value).endswith(
        "more than 2,000 ways through the chains from a:"
        " what translates may stand in the rest; leave out chains that do not"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"nftables": [', "nft.json: not JSON: Expecting value"),
        ('{"nftables": 7}', 'nft.json: no list "nftables" in it'),
        ('{"nftables": ' + "[" * 100_000, "nft.json: not JSON: "),
    ],
)
def test_a_broken_file_is_an_error(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        nft.read(Text("nft.json", text))
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith("collect it again: `nft -j list ruleset`")


COUNT = {"ct count": {"val": 1000, "inv": True}}
RATE = {"limit": {"rate": 5, "per": "second"}}


@pytest.mark.parametrize(
    ("expressions", "limits"),
    [
        ([COUNT, {"drop": None}], True),
        ([{"set": {"op": "add", "elem": "x", "set": "@m", "stmt": [COUNT]}}, {"reject": None}], True),
        ([RATE, {"accept": None}], True),
        ([RATE, {"log": None}], False),
        ([match(header("icmp", "type"), "echo-request"), RATE, {"accept": None}], False),
    ],
)
def test_limits_of_connections_are_remarked(expressions: list[Any], limits: bool) -> None:
    reading = read(ruleset(("c", "forward", [expressions])))
    why = "it limits how many connections there are, or come; that is not counted"
    assert [remark.why for remark in reading.remarks] == [why] * limits


def test_a_bad_first_line_loses_nothing_else() -> None:
    text = "# Warning: table ip nat is managed by iptables-nft\n" + ruleset(
        ("c", "postrouting", [[{"masquerade": None}]])
    )
    assert nft.recognises(Text("nft.json", text))
    reading = read(text)
    assert [rule.action for rule in reading.rules] == ["masquerade"]
    assert [(remark.where, remark.said[:9]) for remark in reading.remarks] == [("nft.json:1", "# Warning")]
