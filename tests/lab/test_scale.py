"""Large chains made small: the order of the limits, the proportions of the ports, the bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuplecalc.errors import InputError
from tuplecalc.lab.scale import AIM, MOST_FLOWS, Scaled, _pieces, _Ports, scale
from tuplecalc.limits.capacity import capacity
from tuplecalc.limits.limit import by_flows
from tuplecalc.network.chain import Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import EXAMPLES, example
from tuplecalc.network.ports import PortSet
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.replace import with_settings
from tuplecalc.network.services import Services


def order(found: Scaled) -> None:
    whole, small = capacity(found.original), capacity(found.chain)
    pairs = list(zip(whole.limits, small.limits, strict=True))
    assert all((a.hop, a.name) == (b.hop, b.name) for a, b in pairs)
    for here, there in pairs:
        for other, beyond in pairs:
            assert (by_flows(here) < by_flows(other)) == (by_flows(there) < by_flows(beyond))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples(name: str) -> None:
    found = scale(example(name))
    assert found.keeps_order
    assert 100 <= found.result.flows <= AIM
    order(found)
    whole = capacity(found.original)
    assert (whole.binding.hop, whole.binding.name) == (found.result.binding.hop, found.result.binding.name)
    assert whole.shape == found.result.shape


def test_a_small_chain_is_left_as_it_is() -> None:
    chain = Chain(
        clients=Clients(addresses=9),
        hops=[Cone(name="nat", addresses=1, ports="20000-20099")],
        services=Services(addresses=1, ports=80),
    )
    found = scale(chain)
    assert found.is_same
    assert found.chain is chain
    assert found.factor == 1


@pytest.mark.parametrize("factor", [400, 1000, 3000])
def test_a_factor_that_is_given(factor: int) -> None:
    found = scale(example("inverted-cone-tproxy"), factor)
    assert found.factor == factor
    assert found.result.flows <= MOST_FLOWS
    nat, _ = found.chain.hops
    assert isinstance(nat, Cone)
    assert nat.ports.size == pytest.approx(64512 / factor, abs=4)


def test_a_factor_that_leaves_too_much() -> None:
    with pytest.raises(
        InputError, match=r"^--scale 1: as it is the chain holds 5,160,960 flows; the lab opens"
    ):
        scale(example("cone"), 1)
    with pytest.raises(
        InputError, match="no chain of 5,000 flows or fewer has the same tightest limit; write"
    ):
        scale(example("cone"), 2)


def test_halves_stay_halves() -> None:
    found = scale(example("mixed"))
    nat, proxy = found.chain.hops
    assert isinstance(nat, Cone)
    assert isinstance(proxy, Proxy)
    assert not nat.ports & proxy.ports
    assert nat.ports.size == proxy.ports.size
    assert proxy.rewrite_ports == nat.ports | proxy.ports


def test_the_second_limit_may_not_come_first() -> None:
    """A cone that is only a little smaller than the files stays smaller."""
    chain = with_settings(example("cone"), "hops.nat.max_entries=5500000")
    found = scale(chain)
    assert found.keeps_order
    order(found)


SETS = st.lists(
    st.tuples(st.integers(1, 65535), st.integers(1, 65535)).map(lambda ends: (min(ends), max(ends))),
    min_size=1,
    max_size=2,
).map(PortSet.of_ranges)


@given(SETS, SETS, SETS, st.sampled_from([64, 500, 3000]))
def test_sets_keep_what_they_have_in_common(a: PortSet, b: PortSet, c: PortSet, factor: int) -> None:
    chain = Chain(
        clients=Clients(addresses=1, ports=a),
        hops=[
            Cone(name="nat", addresses=1, ports=b),
            Proxy(name="proxy", capture="tproxy", source="client", ports=c),
        ],
        services=Services(addresses=1, ports=80),
    )
    pieces = _pieces(chain)
    ports = _Ports(pieces, factor)
    small = {each: PortSet(ports.of(each)) for each in (a, b, c)}
    for one, less in small.items():
        assert less.size == pytest.approx(one.size / factor, abs=3 * len(pieces))
        assert all((high - low) % 2 for low, high in less.ranges)  # an even number of ports
        for other, fewer in small.items():
            assert bool(one & other) == bool(less & fewer)
            assert bool(one - other) == bool(less - fewer)
            assert (one == other) == (less == fewer)


def test_what_chance_has_a_part_in() -> None:
    """A shared limit far above the flows has none; one cone alone draws nothing against another."""
    from tuplecalc.lab.chance import blind_hops, drawing_hops
    from tuplecalc.network.file import example, from_dict

    assert blind_hops(capacity(example("outage"))) == ["login-proxy"]
    assert blind_hops(capacity(example("hourglass"))) == []
    nats = [{"name": name, "kind": "cone", "addresses": 2, "ports": "20000-20049"} for name in "ab"]
    ends = {"clients": {"addresses": 9}, "services": {"addresses": 3, "ports": 80}}
    assert drawing_hops(from_dict(ends | {"hops": nats})) == ["a", "b"]
    assert drawing_hops(from_dict(ends | {"hops": nats[:1]})) == []
