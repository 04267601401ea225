"""Two results side by side."""

from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given, settings

import tuplecalc as tc
from tests.limits.chains import Topology, topologies
from tuplecalc.network.file import EXAMPLES
from tuplecalc.questions.comparison import Comparison, KeyChange, compare

OUTAGE = tc.example("outage")
NAT = {"name": "nat", "kind": "cone", "addresses": 2}
PROXY = {"name": "proxy", "kind": "hourglass", "capture": "tproxy", "source": "client"}
FIREWALL = {"name": "fw", "kind": "hourglass", "layer": 3, "max_entries": 10**5}


def chain(*hops: Mapping[str, object], **keys: object) -> tc.Chain:
    ends = {"clients": {"addresses": 8}, "services": {"addresses": 6, "ports": 80}}
    return tc.from_dict({**ends, "traffic": {"hold": 1}, "hops": list(hops), **keys})


def between(old: tc.Chain, new: tc.Chain) -> Comparison:
    return compare(tc.capacity(old), tc.capacity(new))


def after(*changes: str) -> Comparison:
    return between(OUTAGE, tc.with_settings(OUTAGE, *changes))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_chain_beside_itself(name: str) -> None:
    found = between(tc.example(name), tc.example(name))
    assert all(limit.is_same for hop in found.hops for limit in hop.limits)
    assert found.flows_ratio == 1
    assert found.rate_ratio == 1
    assert not found.binding_moved
    assert not found.rate_binding_moved
    assert not found.keys
    assert not found.gone
    assert not found.added


def test_without_tracking_the_cone_binds() -> None:
    found = after("hops.login-proxy.tracking=off")
    assert found.keys == (KeyChange("hops.login-proxy.tracking", "strict", "off"),)
    assert found.flows_ratio == 2
    assert found.rate_ratio == Fraction(9216, 10) / (Fraction(64512 * 6, 660))
    assert found.binding_moved
    assert found.rate_binding_moved
    assert (found.new.binding.hop, found.new.binding.name) == ("lvs", "ports")
    (proxy,) = (hop for hop in found.hops if hop.name == "login-proxy")
    assert [(limit.name, limit.is_same, limit.new is None) for limit in proxy.limits] == [
        ("accepted", True, False),
        ("upstream", True, False),
        ("shared", False, True),
    ]


def test_a_changed_figure_has_both_values() -> None:
    found = after("hops.lvs.addresses=2", "traffic.hold=10m", "clients.reuse_after=1s")
    assert found.keys == (
        KeyChange("traffic.hold", 300, 600),
        KeyChange("clients.reuse_after", None, 1),
        KeyChange("hops.lvs.addresses", 1, 2),
    )
    (ports,) = found.hops[1].limits
    assert ports.old
    assert ports.new
    assert (ports.old.flows, ports.new.flows) == (387_072, 774_144)


def test_hops_that_only_one_side_has() -> None:
    found = between(chain(NAT, FIREWALL, PROXY), chain({**NAT, "name": "outer"}, NAT, PROXY))
    assert [hop.name for hop in found.hops] == ["clients", "outer", "nat", "fw", "proxy"]
    assert (found.gone, found.added) == (("fw",), ("outer",))
    outer, fw = found.hops[1], found.hops[3]
    assert outer.old is None
    assert outer.new
    assert [(limit.name, limit.old) for limit in outer.limits] == [("ports", None)]
    assert fw.new is None
    assert fw.old
    assert [(limit.name, limit.new) for limit in fw.limits] == [("entries", None)]
    assert found.keys == ()


def test_a_hop_that_moves_is_the_same_hop() -> None:
    found = between(chain(NAT, PROXY), chain(PROXY, NAT))
    assert [hop.name for hop in found.hops] == ["clients", "proxy", "nat"]
    assert found.gone == found.added == ()


def test_a_hop_of_another_kind_says_what_was_written() -> None:
    found = between(chain({**PROXY, "name": "x"}), chain({**NAT, "name": "x", "block": 512}))
    assert found.keys == (
        KeyChange("hops.x.time_wait", 60, 120),
        KeyChange("hops.x.kind", "hourglass", "cone"),
        KeyChange("hops.x.capture", "tproxy", None),
        KeyChange("hops.x.source", "client", None),
        KeyChange("hops.x.addresses", 1, 2),
        KeyChange("hops.x.ports", "32768-60999", "1024-65535"),
        KeyChange("hops.x.block", None, 512),
    )


def test_keys_in_tables_and_lists() -> None:
    virtual = {**NAT, "name": "a.b", "virtual": {"addresses": 1, "ports": 80}}
    groups = [{"addresses": 1, "ports": 80}, {"addresses": 2, "ports": 80}]
    found = between(chain({**NAT, "name": "a.b"}), chain(virtual, services=groups))
    assert found.keys == (
        KeyChange('hops."a.b".virtual.addresses', None, 1),
        KeyChange('hops."a.b".virtual.ports', None, 80),
        KeyChange("services.addresses", 6, None),
        KeyChange("services.ports", 80, None),
        KeyChange("services[0].addresses", None, 1),
        KeyChange("services[0].ports", None, 80),
        KeyChange("services[1].addresses", None, 2),
        KeyChange("services[1].ports", None, 80),
    )


def test_without_a_rate_or_flows_there_is_no_ratio() -> None:
    endless = chain(PROXY, traffic={"hold": 0}, clients={"addresses": 8, "time_wait": 0})
    refused = chain({**PROXY, "source": "client-port"})
    found = between(refused, endless)
    assert found.flows_ratio is None
    assert found.rate_ratio is None
    assert between(endless, refused).flows_ratio == 0


@settings(max_examples=60, deadline=None)
@given(topologies(max_hops=3), topologies(max_hops=3))
def test_every_hop_and_limit_of_both_sides_is_there_once(old: Topology, new: Topology) -> None:
    found = between(tc.from_dict(old), tc.from_dict(new))
    for side in ("old", "new"):
        result: tc.Capacity = getattr(found, side)
        hops = [getattr(hop, side) for hop in found.hops if getattr(hop, side)]
        assert sorted(hop.name for hop in hops) == sorted(hop.name for hop in result.hops)
        limits = [getattr(limit, side) for hop in found.hops for limit in hop.limits if getattr(limit, side)]
        assert {id(limit) for limit in limits} == {id(limit) for limit in result.limits}
        assert len(limits) == len(result.limits)
    assert [hop.name for hop in found.hops if hop.new] == [hop.name for hop in found.new.hops]


def test_kinds_and_groups_go_by_their_names() -> None:
    clients = [{"name": "office", "addresses": 2}, {"name": "branch", "addresses": 1}]
    old = tc.from_dict(
        {
            "traffic": {"kinds": [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}]},
            "clients": clients,
            "services": {"name": "web", "addresses": 1, "ports": 80},
        }
    )
    new = tc.with_settings(
        old, "traffic.kinds.a.share=0.2", "clients.branch.addresses=3", "services.ports=81"
    )
    assert tc.compare(old, new).keys == (
        KeyChange("traffic.kinds.a.share", 0.5, 0.2),
        KeyChange("traffic.kinds.b.share", 0.5, 0.8),
        KeyChange("clients.branch.addresses", 1, 3),
        KeyChange("services.web.ports", 80, 81),
    )
    alike = tc.from_dict({"clients": {"addresses": 3}, "services": {"addresses": 1, "ports": 80}})
    assert KeyChange("traffic.kinds.a.share", 0.5, None) in tc.compare(old, alike).keys
