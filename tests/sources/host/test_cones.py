"""SNAT and MASQUERADE: cones, and kinds where there are several."""

import json

import pytest

from tests.sources.host.drafts import values
from tests.sources.host.gateway import ADDR, MASQUERADE, TABLE, draft, hops, saved, whys


@pytest.mark.parametrize(
    ("kernel", "preset", "unknown", "more"),
    [
        ("Linux 6.8.0-31-generic", "linux-snat", "", {}),
        ("Linux 6.5.0", "linux-snat", "", {}),
        ("6.1.0-13-amd64", "linux-snat-before-6-5", "", {"time_wait": "30s"}),
        ("Linux box 4.18.0-553.el8_10.x86_64 #1", "linux-snat-before-5-0", "HARDER", {"time_wait": "30s"}),
        ("", "linux-snat", "uname -r", {}),
    ],
)  # fmt: skip
def test_a_gateway(kernel: str, preset: str, unknown: str, more: dict[str, str]) -> None:
    made = draft(saved(nat=MASQUERADE), kernel=kernel)
    expected = {"name": "nat", "kind": "cone", "preset": preset, "addresses": "198.18.0.7"}
    assert hops(made) == [expected | TABLE | more]
    (cone,) = made.hops
    assert unknown in cone["preset"].unknown
    assert cone["addresses"].where == "iptables.txt:7, addr.json:[1].addr_info[1]"
    assert cone["max_entries"].where == "sysctl.txt:4"
    assert values(made.clients) == {"addresses": "198.18.1.0/24"}
    assert made.clients["addresses"].where == "addr.json:[2].addr_info[0]"
    assert made.remarks == () == made.kinds


def test_rules_that_share_out_are_one_cone_and_others_are_kinds() -> None:
    nth = (
        "-A POSTROUTING -o wan -m statistic --mode nth --every {} --packet 0 -j SNAT --to-source 198.18.0.{}"
    )
    made = draft(saved(nat=f"{nth.format(2, 7)}\n-A POSTROUTING -o wan -j SNAT --to-source 198.18.0.8"))
    assert [hop["addresses"] for hop in hops(made)] == [["198.18.0.7", "198.18.0.8"]]
    assert made.remarks == ()
    half = "-A POSTROUTING -m statistic --mode random --probability 0.5 -j SNAT --to-source 198.18.0."
    made = draft(saved(nat=f"{half}7\n{half}8"))
    assert [hop["addresses"] for hop in hops(made)] == [["198.18.0.7", "198.18.0.8"]]
    several = """
-A POSTROUTING -d 198.18.0.0/16 -j ACCEPT
-A POSTROUTING -s 198.18.1.0/25 -o wan -p tcp -j SNAT --to-source 198.18.0.7:2000-2999
-A POSTROUTING -s 198.18.1.0/25 -o wan -p udp -j SNAT --to-source 198.18.0.7:2000-2999
-A POSTROUTING -s 198.18.2.0/24 -o wan -p tcp -j SNAT --to-source 198.18.0.7:2000-2999
-A POSTROUTING -s 198.18.3.3/32 -m mark --mark 0x4 -j SNAT --to-source 198.18.0.8
-A POSTROUTING -s 198.18.4.4/32 -d 198.18.4.4/32 -j MASQUERADE
-A POSTROUTING -s 198.18.3.3/32 -m mark --mark 0x4 -j MASQUERADE
-A POSTROUTING -s 198.18.5.0/24 -p udp -j SNAT --to-source 198.18.0.9
"""
    made = draft(saved(nat=several))
    assert [{k: hop[k] for k in ("name", "addresses", "traffic")} for hop in hops(made)] == [
        {"name": "nat", "addresses": "198.18.0.7", "traffic": ["passing"]},
        {"name": "nat-2", "addresses": "198.18.0.8", "traffic": ["passing-2"]},
    ]
    assert hops(made)[0]["ports"] == "2000-2999"
    assert [values(kind) for kind in made.kinds] == [
        {"name": "passing", "share": "1/2"}, {"name": "passing-2", "share": "1/2"}]  # fmt: skip
    assert values(made.clients) == {"addresses": ["198.18.1.0/25", "198.18.2.0/24", "198.18.3.3"]}
    fewer = "it is for fewer flows than counted here: "
    behind = "not those of iptables.txt:7 (-A POSTROUTING -d 198.18.0.0/16 -j ACCEPT)"
    assert sorted(whys(made)) == [
        ("iptables.txt:10", fewer + behind),
        ("iptables.txt:11", f"{fewer}--mark 0x4, {behind}"),
        ("iptables.txt:13", "never reached: iptables.txt:11 takes all"),
        ("iptables.txt:14", "UDP alone is translated so: a chain of its own"),
        ("iptables.txt:8", fewer + behind),
    ]
    assert made.passed_over == {"NAT of an address that speaks to itself": 1}


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("-d 10.0.0.0/8 -j RETURN", True),
        ("-m mark ! --mark 0x4000/0x4000 -j RETURN", True),
        ("-s 198.18.1.0/24 -p tcp -m multiport --dports 80,443 -j ACCEPT", True),
        ("-d 10.0.0.0/8 -j OTHER", True),
        ("-d 10.0.0.0/8 -g BACK", False),
        ("-o lan -j ACCEPT", False),
        ("-p udp -j ACCEPT", False),
        ("-d 198.18.9.0/24 -j ACCEPT", False),
        ("-j LOG", False),
    ],
)
def test_rules_by_which_flows_leave_before_it(before: str, behind: bool) -> None:
    chains = ":OTHER - [0:0]\n-A OTHER -j ACCEPT\n:BACK - [0:0]\n-A BACK -d 10.1.0.0/16 -j RETURN"
    masquerade = "-A POSTROUTING -d 10.0.0.0/7 -o wan -p tcp -j MASQUERADE"
    made = draft(saved(nat=f"{chains}\n-A POSTROUTING {before}\n{masquerade}"))
    line = "8 (-A OTHER -j ACCEPT" if "OTHER" in before else f"11 (-A POSTROUTING {before}"
    why = f"it is for fewer flows than counted here: not those of iptables.txt:{line})"
    assert whys(made) == [("iptables.txt:12", why)] * behind
    assert not {"ACCEPT", "accept"} & made.passed_over.keys()


def test_a_rule_behind_one_that_fewer_flows_reach() -> None:
    """What returns from a chain reaches the next rule of its caller, and what is accepted does not."""
    lines = [":INNER - [0:0]", "-A POSTROUTING -j INNER", "-A POSTROUTING -j SNAT --to-source 198.18.0.9"]
    ways = [f"-A INNER -d 10.{n}.0.0/16 -j {'ACCEPT' if n < 4 else 'RETURN'}" for n in range(6)]
    to = "-A INNER -j SNAT --to-source 198.18.0.8"
    assert [hop["addresses"] for hop in hops(draft(saved(nat="\n".join([*lines, *ways, to]))))] == [
        "198.18.0.8",
        "198.18.0.9",
    ]
    accepting = "\n".join([*lines, *ways[:3], to])
    assert [hop["addresses"] for hop in hops(draft(saved(nat=accepting)))] == ["198.18.0.8"]


@pytest.mark.parametrize(
    "hairpin",
    [
        "-s 198.18.1.0/24 -d 198.18.1.20 -p tcp -j SNAT --to-source 198.18.1.1",
        "-s 198.18.1.0/25 -o lan -j MASQUERADE",
    ],
)
def test_flows_back_into_their_network_are_no_kind(hairpin: str) -> None:
    made = draft(saved(nat=f"-A POSTROUTING {hairpin}\n{MASQUERADE}"))
    assert ([hop["addresses"] for hop in hops(made)], made.kinds) == (["198.18.0.7"], ())
    why = "its flows go back into the network that they come from: not counted beside the others"
    assert whys(made) == [("iptables.txt:7", why)]
    assert hops(draft(saved(nat=f"-A POSTROUTING {hairpin}")))[0]["addresses"] == "198.18.1.1"
    for other in ("-s 198.18.1.0/24 -d 198.18.0.20", "-s 198.18.0.0/16 -o lan", "-s 198.18.1.0/24"):
        assert (
            len(draft(saved(nat=f"-A POSTROUTING {other} -j SNAT --to-source 198.18.0.9\n{MASQUERADE}")).hops)
            == 2
        )


def test_a_machine_is_no_client_of_itself() -> None:
    point = [{"ifname": "ppp0", "addr_info": [{"local": "203.0.113.7", "prefixlen": 32}]}]
    made = draft(saved(nat=MASQUERADE), addr_json=json.dumps(json.loads(ADDR) + point))
    assert values(made.clients) == {"addresses": "198.18.1.0/24"}


def test_many_rules_by_which_flows_leave() -> None:
    several = "\n".join(f"-A POSTROUTING -d 10.{n}.0.0/16 -j ACCEPT" for n in range(9))
    (remark,) = draft(saved(nat=f"{several}\n{MASQUERADE}")).remarks
    assert remark.why.endswith(
        "not those of iptables.txt:10 (-A POSTROUTING -d 10.3.0.0/16 -j ACCEPT), of 5 more rules"
    )


@pytest.mark.parametrize(
    ("first", "hidden"),
    [
        *(
            (first, True)
            for first in ("-o wan", "", "-s 198.18.0.0/16", "-d 198.18.8.0/22 -p tcp --dport 80:90")
        ),
        *((first, False) for first in ("-o lan", "-d 198.18.9.9", "-s 198.18.1.0/25", "-p tcp --dport 80")),
        ("-d 10.0.0.0/8", False),
    ],
)
def test_a_rule_behind_one_that_takes_all(first: str, hidden: bool) -> None:
    narrow = "-d 198.18.9.0/24 -p tcp --dport 80:81"
    second = f"-A POSTROUTING -s 198.18.1.0/24 -o wan {narrow} -j SNAT --to-source 198.18.0.8"
    made = draft(saved(nat=f"-A POSTROUTING {first} -j MASQUERADE\n{second}"))
    assert [why for _, why in whys(made)] == ["never reached: iptables.txt:7 takes all"] * hidden
    assert len(made.hops) == 2 - hidden


def test_ipv6() -> None:
    text = saved(nat=MASQUERADE).replace("iptables-save", "ip6tables-save")
    made = draft(text)
    assert hops(made)[0]["addresses"] == "2001:db8::7"
    assert values(made.clients) == {"addresses": "2001:db8:1::/64"}
    made = draft(saved(nat=MASQUERADE), ip6tables_txt=text)
    assert [hop["addresses"] for hop in hops(made)] == ["198.18.0.7"]
    assert whys(made) == [("ip6tables.txt:7", "IPv6 is translated too: a chain of its own")]


@pytest.mark.parametrize(
    ("kilobytes", "entries"), [(24684084, 262144), (4194305, 262144), (4194304, 65536), (1048576, None)]
)
def test_the_size_of_the_table_by_the_memory(kilobytes: int, entries: int | None) -> None:
    made = draft(saved(nat=MASQUERADE), sysctl_txt="", memory_txt=f"MemTotal:       {kilobytes} kB")
    assert hops(made)[0].get("max_entries") == entries
    made = draft(saved(nat=MASQUERADE), sysctl_txt="net.netfilter.nf_conntrack_max = 0")
    assert "max_entries" not in hops(made)[0], "0 is no limit"
