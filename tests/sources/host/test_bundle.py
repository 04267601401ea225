"""Bundles as a whole: machines without rules, single files, files that say the same."""

import json
from typing import Any

from tests.sources.host.drafts import bundle, chain, read, values
from tests.sources.host.gateway import MASQUERADE, TABLE, draft, hops, saved
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
    assert made.remarks == (Remark("haproxy.cfg:1", "global", why),)
    assert made.passed_over == {"not collected: ipvsadm -Sn: not installed": 1}


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
