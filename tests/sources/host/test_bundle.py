"""Bundles as a whole: machines without rules, single files, files that say the same."""

import json
from typing import Any

import pytest

from tests.sources.host.drafts import bundle, chain, read, values
from tests.sources.host.gateway import MASQUERADE, TABLE, draft, hops, saved, whys
from tests.sources.host.test_nft import match, meta, ruleset
from tuplecalc.errors import InputError
from tuplecalc.sources.draft import Remark


def test_a_router_and_a_client() -> None:
    made = draft()
    (router,) = hops(made)
    assert router == {"name": "router", "kind": "hourglass", "layer": 3, "preset": "linux-router", **TABLE}
    assert hops(draft(sysctl_txt="net.ipv6.conf.all.forwarding = 1"))[0]["name"] == "router"
    settings = {
        "net.ipv4.ip_forward": "0",
        "net/ipv4/ip_local_port_range": "1024 65535",
        "net.ipv4.ip_local_reserved_ports": "3000-3999,5000",
        "net.ipv4.tcp_tw_reuse": "1",
        "net.ipv4.tcp_tw_reuse_delay": "2000",
    }
    made = draft(
        sysctl_txt="sysctl: permission denied\n" + "".join(f"{k} = {v}\n" for k, v in settings.items())
    )
    assert made.hops == ()
    assert values(made.clients) == {
        "addresses": ["198.18.0.7-198.18.0.8", "198.18.1.1", "203.0.113.5"],
        "ports": ["1024-2999", "4000-4999", "5001-65535"],
        "reuse_after": "2000ms",
    }


def test_what_is_not_tracked() -> None:
    notrack = [{"notrack": None}]
    by_lan = [match(meta("iifname"), "lan"), *notrack]
    drops = [match({"ct": {"key": "state"}}, ["invalid"], "in"), {"drop": None}]
    none = "nothing is tracked on this machine: it has no table to count, so leave `max_entries` out"
    for rules, counted, said in (
        ([notrack], False, [("nft.json:nftables[5]", none)]),
        ([by_lan], False, [("nft.json:nftables[5]", none)]),
        ([[{"counter": None}]], False, []),
        ([drops], True, []),
    ):
        made = draft(nft_json=ruleset(("c", "prerouting", rules)))
        (router,) = hops(made)
        assert ("max_entries" in router) is ("preset" in router) is counted
        assert whys(made) == said
    made = draft(nft_json=ruleset(("c", "prerouting", [by_lan, drops])))
    why = "these flows are not tracked; counted as if they were, and were translated"
    assert whys(made) == [("nft.json:nftables[5]", why)]
    assert made.hops[0]["preset"].unknown == "", "a rule does track"
    made = draft(saved(nat=f"{MASQUERADE}", raw="-A PREROUTING -i lan -j CT --notrack"))
    assert whys(made) == [("iptables.txt:14", why)]
    assert draft(saved(raw="-A PREROUTING -p udp -j CT --notrack")).remarks == ()
    for part, counted in (("", False), ("-i lan", True)):
        made = draft(saved(raw=f"-A PREROUTING {part} -j CT --notrack"))
        assert ("max_entries" in made.hops[0]) is counted
        assert [said for _, said in whys(made)] == [why if counted else none]


def test_a_single_file_is_a_bundle_of_one() -> None:
    made = read(bundle("iptables.txt", iptables_txt=saved(nat=MASQUERADE)))
    (cone,) = made.hops
    assert (cone["addresses"].value, cone["addresses"].unknown) == (1, "the address of wan: ip addr")
    assert made.clients == {}
    assert chain(made).hops[0].name == "nat"


def test_what_is_in_no_file_is_said() -> None:
    made = draft(
        haproxy_cfg="global\n  maxconn 100", missing_txt="# not collected\nipvsadm -Sn: not installed\n"
    )
    why = "not a file of the collector: give it as a source of its own if it is one"
    missing = Remark("missing.txt:2", "ipvsadm -Sn: not installed", "not collected")
    assert made.remarks == (Remark("haproxy.cfg:1", "global", why), missing)
    assert made.passed_over == {}


NOT_ROOT = "iptables-save: Could not fetch rule set generation id: Permission denied (you must be root)"
LIST = f"# not collected\nss -tlnp: not installed\n{NOT_ROOT}\n"


def test_rules_that_could_not_be_read() -> None:
    with pytest.raises(InputError) as caught:
        draft(missing_txt=LIST)
    assert str(caught.value) == (
        "missing.txt:3: its rules could not be read, and may translate or limit what is counted here"
        f" ({NOT_ROOT}); collect it again as root; without missing.txt, what it routes is read alone"
    )
    made = draft(saved(nat=f"odd\n{MASQUERADE}"), missing_txt=LIST)
    assert [remark.where for remark in made.remarks] == ["missing.txt:3", "iptables.txt:7", "missing.txt:2"]
    assert made.remarks[0].why.endswith("or limit what is counted here: collect it again as root")
    absent = (
        "nft -j list ruleset: not installed\niptables-save: # Table `nat' is incompatible, use 'nft' tool."
    )
    made = draft(missing_txt=f"# not collected\n{absent}")
    assert [why for _, why in whys(made)] == ["not collected"] * 2


def test_settings_that_are_none_are_remarked() -> None:
    table = "net.netfilter.nf_conntrack_"
    lines = {
        "net.ipv4.ip_local_port_range = abc": "no range of ports: left out",
        "net.ipv4.ip_local_reserved_ports = 40000,abc": "no ports: left out",
        f"{table}max = -5": "no number: left out",
        f"{table}tcp_timeout_time_wait = {'9' * 23}": "no number: left out",
        "foo": "not understood: no line `key = value`",
        "net.ipv4.ip_local_reserved_ports = ": "",
        "sysctl: permission denied on key": "",
        "fs.nr_open = 1048576": "",
        "net.ipv4.ip_forward = 1": "",
    }
    made = draft(sysctl_txt="\n".join(lines))
    expected = [
        Remark(f"sysctl.txt:{at}", line, why) for at, (line, why) in enumerate(lines.items(), 1) if why
    ]
    assert list(made.remarks) == [each._replace(said=each.said.strip()) for each in expected]
    assert "max_entries" not in hops(made)[0]


def test_rules_of_iptables_are_not_taken_twice() -> None:
    lost = [{"counter": None}, {"xt": {"type": "target", "name": "MASQUERADE"}}]
    mine = [{"masquerade": {"port": 2000}}]
    tables = [("ip", "nat", "POSTROUTING", lost), ("ip", "mine", "post", mine)]
    objects: list[dict[str, Any]] = []
    for family, table, name, rule in tables:
        where = {"family": family, "table": table}
        objects += [{"chain": {**where, "name": name, "hook": "postrouting"}}]
        objects += [{"rule": {**where, "chain": name, "expr": rule}}]
    made = draft(saved(nat=MASQUERADE), nft_json=json.dumps({"nftables": objects}))
    assert [hop.get("ports") for hop in hops(made)] == [None, 2000]
    assert made.remarks == ()
