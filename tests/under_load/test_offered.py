"""What becomes of an offered rate: what runs dry first and when, what blind choices cost."""

from fractions import Fraction
from math import exp
from typing import Any

import pytest

import tuplecalc as tc
from tests.oracle import blind as oracle
from tuplecalc.under_load.blind import blind_blocking
from tuplecalc.under_load.chains import blocking, max_rate, unserved
from tuplecalc.under_load.choice import BlindHop
from tuplecalc.under_load.erlang import erlang_b
from tuplecalc.under_load.exhaustion import Exhausted
from tuplecalc.under_load.hashing import fullest_estimate
from tuplecalc.under_load.mean_field import MeanField
from tuplecalc.under_load.offered import Offered
from tuplecalc.under_load.share_failing import failing_at


def load(chain: tc.Chain, *settings: str) -> Offered:
    return tc.offered(tc.with_settings(chain, *settings))


def dry(chain: tc.Chain, *settings: str) -> Exhausted:
    found = load(chain, *settings).exhausted
    assert found is not None
    return found


def test_the_outage() -> None:
    """Done when: 700/s is over 586.5/s, when the pool is gone, what share fails, and what helps most."""
    result = tc.capacity(tc.example("outage"))
    found = tc.offered(result)
    assert found is not None
    assert found.overloaded
    assert float(result.hops[1].limits[0].rate or 0) == 921.6
    assert [round(float(hop.utilisation or 0), 3) for hop in found.used] == [0.0, 0.76, 1.194]
    assert found.exhausted is not None
    assert found.exhausted.limit is result.binding
    assert found.blocking is not None
    assert found.blocking.lower == pytest.approx(1 - 64512 * 6 / 660 / 700, rel=1e-3)
    assert found.blocking.upper == pytest.approx(erlang_b(64511 / 2, 700 / 6 * 330), rel=1e-12)
    first, second, *_ = tc.advise(result)
    assert first.settings == ("hops.login-proxy.tracking=off",)
    assert second.settings == ("hops.lvs.addresses=2",)


def test_it_runs_dry_after_as_long_as_its_keys_take_to_fill_it() -> None:
    """Held 300 s on average, one leg 60 s longer: by hand, at the time that is given."""
    found = dry(tc.example("outage"))
    t, rate = found.seconds, 700 / 6
    with_linger = 60 + 300 * (1 - exp(-(t - 60) / 300))
    without = 300 * (1 - exp(-t / 300))
    assert rate * (with_linger + without) == pytest.approx(64512, rel=1e-9)
    assert found.soonest == pytest.approx(64512 / 2 / rate)


def test_the_first_to_run_dry_need_not_be_the_one_that_binds() -> None:
    """A small table that is released at once fills sooner than a range that lingers for two minutes."""
    nat = tc.Cone(name="nat", addresses=1, ports={"count": 60_000})
    small = tc.Forwarder(name="fw", layer=3, max_entries=600, tracking_time_wait=0)
    chain = tc.Chain(
        traffic=tc.Traffic(rate=520, hold="1.2s"),
        clients=tc.Clients(addresses=10**6),
        hops=[nat, small],
        services=tc.Services(addresses=1, ports=80),
    )
    result = tc.capacity(chain)
    assert result.rate_binding is not None
    assert (result.rate_binding.hop, dry(chain).limit.hop) == ("nat", "fw")
    assert dry(chain).seconds < 10


@pytest.mark.parametrize("factor", [1 + 1e-15, 1.0000001])
def test_just_over_the_highest_rate_it_takes_long_and_ends(factor: float) -> None:
    for chain in (tc.example("outage"), tc.example("cone")):
        highest = Fraction(tc.capacity(chain).rate or 0)
        changed = chain.changed(
            traffic=chain.traffic.changed(rate=highest * Fraction(factor).limit_denominator(10**17))
        )
        found = tc.offered(changed)
        assert found.exhausted is None or found.exhausted.seconds < 1e6


def test_what_fits_never_runs_dry() -> None:
    assert load(tc.example("outage"), "traffic.rate=586").exhausted is None
    assert load(tc.example("outage"), "traffic.rate=587").exhausted is not None


def test_behind_a_hash_the_fullest_address_is_the_first() -> None:
    even = tc.cone(
        clients=100, addresses=4, services=1, hold=0, rate=8, ports={"count": 200}, time_wait="120s"
    )
    hashed = dry(even, "hops.nat.spread=hashed")
    assert dry(even).seconds == 100
    assert hashed.seconds == pytest.approx(100 * 25 / fullest_estimate(100, 4))


def blind(chain: tc.Chain, *settings: str) -> BlindHop:
    (found,) = load(chain, *settings).blind
    return found


def pair(nat: str, proxy: str, **traffic: Any) -> tc.Chain:
    cone = tc.Cone(name="nat", addresses=2, ports=nat, time_wait=traffic.pop("nat_linger", 0))
    hop = tc.Proxy(
        name="proxy", capture="tproxy", source="client", ports=proxy, time_wait=30, collision="refuses"
    )
    return tc.Chain(
        traffic=tc.Traffic(**traffic),
        clients=tc.Clients(addresses=1000),
        hops=[cone, hop],
        services=tc.Services(addresses=5, ports=80),
    )


def test_each_address_and_service_sees_its_part_of_the_rate() -> None:
    found = blind(pair("1-300", "201-600", hold=5, rate=40))
    classes = {"cone_only": 200, "overlap": 100, "proxy_only": 300}
    times = {"hold": 5, "cone_linger": 0, "proxy_linger": 30}
    assert found.blocking is not None
    assert found.blocking.is_exact
    assert found.blocking.upper == pytest.approx(blind_blocking(**classes, **times, rate=4), rel=1e-8)
    assert found.half is not None
    assert blind_blocking(**classes, **times, rate=found.half.upper / 10) == pytest.approx(0.5, abs=2e-3)
    assert found.burst == Fraction(100, 800)


def test_ranges_that_are_apart_never_meet() -> None:
    assert load(pair("1-300", "301-600", hold=5)).blind == ()
    assert load(pair("1-300", "201-600", hold=5), "hops.proxy.tracking=off").blind == ()
    assert MeanField(tc.capacity(pair("1-300", "201-600", hold=5)))


def test_half_of_all_fail_at_the_rate_that_says_so() -> None:
    chain = pair("1-300", "201-600", hold=5)
    half = blind(chain).half
    assert half is not None
    for rate, bound in ((half.upper, 0), (half.lower, 1)):
        assert failing_at(tc.capacity(chain), rate).all[bound] == pytest.approx(0.5, rel=1e-4)


def test_half_of_a_cone_that_hashes_comes_with_its_full_addresses() -> None:
    chain = tc.with_settings(pair("1-300", "1-300", hold=5), "clients.addresses=3", "hops.nat.spread=hashed")
    half = blind(chain).half
    assert half is not None
    found = failing_at(tc.capacity(chain), half.lower).all
    assert found == pytest.approx((0.5, 0.5), abs=1e-3)  # all but what finds no room there
    assert half.lower < 65  # evenly spread it is 80/s


def test_half_in_closed_form() -> None:
    """Full overlap: ``2·P/(s + 2·t)`` for each address and service."""
    found = blind(pair("1-300", "1-300", hold=5)).half
    assert found is not None
    assert found.lower == pytest.approx(10 * 2 * 300 / (5 + 2 * 35), rel=1e-6)


def test_groups_with_shares_fail_each_at_their_own_rate() -> None:
    chain = tc.inverted_cone(hold=5, rate=300, proxy_ports="1024-65535")
    groups = [{"addresses": 1, "ports": 80, "share": 0.9}, {"addresses": 1, "ports": 443, "share": 0.1}]
    refusing = tc.with_settings(chain, "hops.proxy.collision=refuses")
    shares = tc.from_dict(refusing.to_dict() | {"services": groups})
    found = blind(shares)
    times = {
        "cone_only": 0,
        "overlap": 64512,
        "proxy_only": 0,
        "hold": 5,
        "cone_linger": 0,
        "proxy_linger": 60,
    }
    assert found.blocking is not None
    hot, cool = blind_blocking(**times, rate=270), blind_blocking(**times, rate=30)
    assert found.blocking.lower == pytest.approx(0.9 * hot + 0.1 * cool)
    assert found.half is not None
    assert failing_at(tc.capacity(shares), found.half.upper).all.lower == pytest.approx(0.5, rel=1e-4)


@pytest.mark.parametrize("rate", [3.0, 6.0, 12.0])
def test_a_cone_that_lingers_longer_than_the_table_lies_in_the_bracket(rate: float) -> None:
    """The NAT avoids a port for 20 s after the close, the proxy's table frees it at once: simulated."""
    chain = pair("1001-1300", "1001-1300", hold=5, nat_linger=20, rate=rate * 10)
    found = blind(chain).blocking
    assert found is not None
    setting = oracle.Chain(oracle.Sizes(0, 300, 0), rate=rate, hold=5, cone_linger=20, proxy_linger=30)
    seen = oracle.simulated(setting, 60_000, table_linger=0)
    share = seen.collision + seen.exhausted
    assert found.lower + 2 * seen.error < share < found.upper - 2 * seen.error


def test_of_several_pairs_the_worst_is_named() -> None:
    row = tc.Chain(
        traffic=tc.Traffic(rate=100, hold=5),
        clients=tc.Clients(addresses=1000),
        hops=[
            tc.Cone(name="nat", addresses=2),
            tc.Proxy(name="one", capture="tproxy", source="client", ports="60000-65535", collision="refuses"),
            tc.Proxy(name="two", capture="tproxy", source="client", ports="60000-65535", collision="refuses"),
        ],
        services=tc.Services(addresses=1, ports=80),
    )
    found = load(row)
    assert [(hop.chooser, hop.hop) for hop in found.blind] == [("nat", "one"), ("one", "two")]
    assert found.worst is found.blind[1]


CGN = """
clients.addresses = %s
hops = [{ name = "cgn", kind = "cone", addresses = 56, block = 1024 }]
services = [{ name = "x", addresses = 1, ports = 80 }, { name = "y", addresses = 1, ports = 81 }]
traffic = { rate = %s, %s }
"""
ALIKE = 'hold = "0s"'


def test_what_clients_without_ports_open_fails() -> None:
    """3,528 of 12,000 have a block: the others' .706 fail, and of the rest what fails of them alone."""
    found = load(tc.loads(CGN % (12_000, 20_000, ALIKE)))
    assert found.not_served == Fraction(8_472, 12_000)
    assert found.blocking == pytest.approx((0.706, 0.706), rel=1e-12)
    assert [kind.failing for kind in found.kinds] == [found.blocking]
    alone = load(tc.loads(CGN % (3_528, 70_560, ALIKE)))
    assert alone.not_served == 0
    assert alone.blocking is not None
    assert 0.1 < alone.blocking.lower < 0.9
    beside = load(tc.loads(CGN % (12_000, 240_000, ALIKE))).blocking
    assert beside == pytest.approx(tuple(1 - 0.294 * (1 - share) for share in alone.blocking), rel=1e-9)


APART = """
traffic = { rate = %d, hold = "0s", kinds = [
    { name = "x", share = 0.25, clients = "a", services = "x" },
    { name = "y", share = 0.75, clients = "b", services = "y" },
] }
clients = [{ name = "a", addresses = 12000 }, { name = "b", addresses = 10 }]
hops = [
    { name = "cgn", kind = "cone", addresses = 56, block = 1024, traffic = ["x"] },
    { name = "nat", kind = "cone", addresses = 1, traffic = ["y"] },
]
services = [{ name = "x", addresses = 1, ports = 80 }, { name = "y", addresses = 1, ports = 81 }]
"""


def test_clients_without_ports_fail_of_their_kind_only() -> None:
    """Kinds that share nothing fail as two chains do, and together as their mean does."""
    for rate in (1_000, 480_000):
        found = load(tc.loads(APART % rate))
        cgn = tc.cone(clients=12_000, addresses=56, block=1024, services=1, hold="0s", rate=rate // 4)
        nat = tc.cone(clients=10, addresses=1, services=1, hold="0s", rate=rate * 3 // 4)
        one, two = load(cgn).blocking, load(nat).blocking
        assert one is not None
        assert two is not None
        assert [kind.failing for kind in found.kinds] == [pytest.approx(one), pytest.approx(two)]
        assert found.blocking == pytest.approx([(x + 3 * y) / 4 for x, y in zip(one, two, strict=True)])
        assert found.not_served == Fraction(8_472, 12_010)


@pytest.mark.parametrize("text", [APART % 1, CGN % (12_000, 1, ALIKE)])
def test_no_rate_is_low_enough_for_clients_without_ports(text: str) -> None:
    chain = tc.loads(text)
    least = float(unserved(chain))
    assert max_rate(chain, least * 0.99) == 0.0
    rate = max_rate(chain, least * 1.1)
    assert rate is not None
    assert blocking(chain, rate).upper == pytest.approx(least * 1.1)
    waits = *(each.path for each in chain.hops), *(each.path for each in chain.clients)
    at_once = tc.with_settings(chain, *(f"{path}.time_wait=0s" for path in waits))
    assert tc.capacity(at_once).rate is None
    assert blocking(at_once, 1).upper == pytest.approx(least)
