"""Remarks of a capacity that keep it from misleading: families, presets that are contradicted, no hold."""

from pathlib import Path
from typing import Any

import pytest

import tuplecalc as tc
from tests.command import invoke
from tuplecalc.render import sentences
from tuplecalc.render.presets import contradictions
from tuplecalc.render.sentences import remarks

V4, V6 = "198.18.1.0/24", "2001:db8::/120"
WEB4, WEB6 = "198.18.9.1", "2001:db8:9::1"
NAT4, NAT6 = "198.18.0.1", "2001:db8:1::1"
GROUPS = [{"name": "old", "addresses": V4}, {"name": "new", "addresses": V6}]


def net(clients: Any, hops: list[dict[str, Any]], services: Any, **traffic: Any) -> tc.Chain:
    groups = [
        {"name": name, "addresses": each, "ports": 443} for name, each in zip("ab", services, strict=False)
    ]
    return tc.from_dict(
        {"traffic": {"hold": 9, **traffic}, "clients": clients, "hops": hops, "services": groups}
    )


def cone(*addresses: str, **keys: Any) -> dict[str, Any]:
    return {"name": "nat", "kind": "cone", "addresses": list(addresses), **keys}


def families(chain: tc.Chain) -> list[str]:
    found = list(remarks.other_family(tc.capacity(chain)))
    said = list(sentences.details(tc.capacity(chain), tc.offered(chain)))
    assert all(each in said for each in found)
    return found


def test_clients_of_ipv6_behind_a_nat_of_ipv4_are_told() -> None:
    (said,) = families(net(GROUPS, [cone(NAT4)], [WEB4]))
    assert said == (
        "nat turns IPv6 of new into IPv4, and is counted as a NAT64. If it is none, these clients cannot "
        "cross: leave them out, or give nat and the services addresses of IPv6."
    )
    (said,) = families(net({"addresses": [V4, V6]}, [cone(NAT4)], [WEB4]))
    assert said.startswith("nat turns IPv6 of the clients into IPv4")
    (said,) = families(net(GROUPS, [cone(NAT6)], [WEB6]))
    assert "IPv4 of old into IPv6, and is counted as a NAT46" in said


def test_a_nat_of_both_families_is_told_of_what_it_crosses_only() -> None:
    both = cone(NAT4, NAT6)
    said = families(net(GROUPS, [both], [WEB4, WEB6]))
    assert [each.partition(",")[0] for each in said] == [
        "nat turns IPv4 of old into IPv6",
        "nat turns IPv6 of new into IPv4",
    ]
    assert all("by [[traffic.kinds]]" in each for each in said)
    kinds = [
        {"name": "four", "share": 0.5, "clients": "old", "services": "a"},
        {"name": "six", "share": 0.5, "clients": "new", "services": "b"},
    ]
    assert not families(net(GROUPS, [both], [WEB4, WEB6], kinds=kinds))
    crossed = [{**kinds[0], "clients": ["old", "new"]}, kinds[1]]
    (said_of_one,) = families(net(GROUPS, [both], [WEB4, WEB6], kinds=crossed))
    assert said_of_one.startswith("nat turns IPv6 of new into IPv4")


def test_what_can_change_the_family_says_nothing() -> None:
    jool = cone(NAT4, preset="jool")
    assert not families(net({"addresses": V6}, [jool], [WEB4]))
    assert not families(net({"addresses": V4}, [cone(NAT4)], [WEB4]))
    counted = {"name": "nat", "kind": "cone", "addresses": 2}
    assert not families(net(GROUPS, [counted], [WEB4]))
    proxy = {
        **{"name": "proxy", "kind": "hourglass", "capture": "listen"},
        **{"listen_addresses": [NAT4, NAT6], "listen_ports": 80, "addresses": [NAT4]},
    }
    assert not families(net(GROUPS, [proxy], [WEB4]))


def test_a_proxy_or_a_forwarder_that_cannot_change_it_is_an_error() -> None:
    tproxy = {"name": "proxy", "kind": "hourglass", "capture": "tproxy", "addresses": [NAT4]}
    firewall = {"name": "fw", "kind": "hourglass", "layer": 3}
    for hop in (tproxy, firewall):
        with pytest.raises(tc.ChainError, match='the clients "new" reach no service'):
            net(GROUPS, [hop], [WEB4])


AWS = {"name": "nat", "preset": "aws-nat-gateway", "addresses": 1}


@pytest.mark.parametrize(
    ("keys", "against"),
    [
        ({"ports": "1024-65535"}, ["hops.nat.ports=1024-65535"]),
        ({"time_wait": "90s", "ports": {"count": 55000}}, ["hops.nat.time_wait=90"]),
        ({"time_wait": 60}, []),
        ({"mapping": "endpoint-independent"}, []),  # the preset leaves it open
        ({}, []),
    ],
)
def test_what_a_preset_does_not_leave_open_and_a_file_says_otherwise(
    keys: dict[str, Any], against: list[str]
) -> None:
    chain = net({"addresses": 9}, [{**AWS, **keys}], [WEB4])
    said = list(contradictions(chain))
    assert [each.partition(" ")[0] for each in said] == against
    assert all("Why: AWS caps an address at 55,000" in each for each in said)
    assert all(each in sentences.details(tc.capacity(chain), tc.offered(chain)) for each in said)


def test_clients_and_a_value_that_no_source_gives() -> None:
    """Whoever knows what no source gives knows better."""
    unknown = {"name": "nat", "preset": "tencent-nat-gateway", "addresses": 1, "time_wait": "5s"}
    assert not list(contradictions(net({"addresses": 9}, [unknown], [WEB4])))


def test_import_says_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tuplecalc.cli.import_.contradictions", lambda _: ["it stands against"], raising=False
    )
    monkeypatch.setattr("tuplecalc.render.presets.contradictions", lambda _: ["it stands against"])
    source = tmp_path / "haproxy.cfg"
    source.write_text("frontend f\n  bind :80\n  default_backend b\nbackend b\n  server s 198.18.0.1:80\n")
    assert "it stands against" in invoke("import", str(source)).stderr


def test_a_chain_without_hold_says_what_is_assumed() -> None:
    chain = tc.with_settings(tc.example("cone"), "traffic.hold=")
    said = remarks.no_hold(tc.capacity(chain))
    assert said.startswith("No hold is given: each connection is taken to close at once (0 s)")
    assert said.endswith("--set traffic.hold=30s")
    assert "No hold is given" in " ".join(invoke("capacity", "cone", "--set", "traffic.hold=").stdout.split())
    assert not remarks.no_hold(tc.capacity(tc.with_settings(chain, "traffic.hold=0s")))
    kinds = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5, "hold": 9}]
    mixed = tc.from_dict(
        {
            "traffic": {"kinds": kinds},
            "clients": {"addresses": 9},
            "services": {"addresses": 1, "ports": 80},
        }
    )
    assert "each connection of a is taken" in remarks.no_hold(tc.capacity(mixed))
    whole = tc.with_settings(mixed, "traffic.kinds.a.hold=1s")
    assert not remarks.no_hold(tc.capacity(whole))


def test_tight_is_explained() -> None:
    said = " ".join(invoke("capacity", "cone", "--rate", "40000").stdout.split())
    assert said.startswith("Tight: ")
    assert "Tight means that more than 80% of what is possible is used." in said
    moved = " ".join(invoke("compare", "cone", "--set", "traffic.rate=40000").stdout.split())
    assert "Now it is tight (more than 80% of what is possible is used):" in moved


def proxies(name: str, number: int, **keys: Any) -> dict[str, Any]:
    own = {"kind": "hourglass", "capture": "tproxy", "split": "services", "tracking": "off"}
    return {"name": name, "instances": number, **own, **keys}


def idle(hops: list[dict[str, Any]], services: int = 1, **traffic: Any) -> list[str]:
    groups = [{"name": name, "addresses": services, "ports": 443} for name in "ab"]
    chain = tc.from_dict(
        {"traffic": {"hold": 9, **traffic}, "clients": {"addresses": 9}, "hops": hops, "services": groups}
    )
    found = list(remarks.idle(tc.capacity(chain)))
    said = list(sentences.details(tc.capacity(chain), tc.offered(chain)))
    assert all(each in said for each in found)
    return found


def test_instances_without_a_service_of_their_own_are_told() -> None:
    told = 'instances of p have no service of their own and stay idle (split = "services").'
    assert idle([proxies("p", 6)]) == [f"4 of 6 {told}"]
    assert idle([proxies("p", 3)]) == [
        '1 of 3 instances of p has no service of its own and stays idle (split = "services").'
    ]
    assert not idle([proxies("p", 2)])
    assert not idle([proxies("p", 6)], services=3)
    assert not idle([proxies("p", 6, split="flows")])


def test_idle_instances_are_those_of_the_kinds_that_a_proxy_ends() -> None:
    both = [{"name": "one", "share": 0.5, "services": "a"}, {"name": "two", "share": 0.5, "services": "b"}]
    assert len(idle([proxies("p", 3)], kinds=both)) == 1
    assert not idle([proxies("p", 2)], kinds=both)
    assert idle([proxies("p", 2, captures="one")], kinds=both)[0].startswith("1 of 2 instances of p has no")


def test_listeners_behind_are_what_instances_serve() -> None:
    behind = proxies("q", 2, capture="listen", listen_ports=443)
    assert idle([proxies("p", 3), behind])[0].startswith("1 of 3 instances of p has no service")
    assert not idle([proxies("p", 2), behind])
