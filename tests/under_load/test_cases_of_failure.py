"""Chains that "fit" and fail: what people met, with the share that is right, and the mean field's laws."""

from functools import partial
from math import exp

import pytest

import tuplecalc as tc
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import example, loads
from tuplecalc.network.replace import replace
from tuplecalc.render.verdict import verdict
from tuplecalc.under_load import hits
from tuplecalc.under_load.blind import blind_blocking
from tuplecalc.under_load.chains import Bracket
from tuplecalc.under_load.mean_field import MeanField
from tuplecalc.under_load.offered import offered

ALL = ("", "", "")

FOLD = """
traffic = {rate = 100, hold = "30s"}
clients = {addresses = 1}
hops = [{name = "lb", kind = "hourglass", layer = 4, virtual = {addresses = 3, ports = 443}}]
services = {addresses = 4, ports = 443}
"""
REMEMBERS = """
traffic = {rate = 500, hold = "1s", first_close = "server"}
clients = {addresses = 1, ports = "1024-65535"}
hops = [{name = "fw", kind = "hourglass", layer = 3, reuse_after = "10s"}]
services = {addresses = 1, ports = 443}
"""
SAME_PORT = """
[traffic]
rate = 100
hold = "10s"
kinds = [{name = "kept", share = 0.5}, {name = "own", share = 0.5}]
[clients]
addresses = 1
[[hops]]
name = "one"
kind = "hourglass"
capture = "tproxy"
source = "client"
captures = "own"
machine = "m"
tracking = "off"
[[hops]]
name = "two"
kind = "hourglass"
capture = "tproxy"
source = "client-port"
captures = "kept"
machine = "m"
tracking = "off"
[services]
addresses = 1
ports = 443
"""
WAITS = """
traffic = {rate = 100, first_close = "server"}
clients = {addresses = 256}
hops = [{name = "nat", kind = "cone", addresses = 1, closing = "gives-way"}]
services = {addresses = 1, ports = 443, time_wait = "60s"}
"""


def share(chain: Chain, rate: float) -> tuple[float, float]:
    found = offered(replace(chain, "traffic.rate", rate)).expected
    assert found is not None
    return found.lower, found.upper


@pytest.mark.parametrize(("rate", "right"), [(20, 0.0036), (100, 0.018), (700, 0.12)])
def test_a_balancer_folds_three_addresses_onto_shared_servers(rate: float, right: float) -> None:
    """Case 12, simulated."""
    lower, upper = share(loads(FOLD), rate)
    assert lower == pytest.approx(right, rel=0.05)
    assert upper == pytest.approx(right, rel=0.06)


def test_more_virtual_addresses_make_it_worse_and_one_is_safe() -> None:
    found = [
        share(replace(loads(FOLD), "hops.lb.virtual", {"addresses": number, "ports": 443}), 100)[1]
        for number in (1, 2, 3, 9)
    ]
    assert found[0] == 0
    assert found == sorted(found)


def test_a_firewall_that_remembers() -> None:
    """Case 13, simulated; what its clients remember as long is no risk."""
    assert share(loads(REMEMBERS), 500) == pytest.approx((0.072, 0.072), abs=5e-4)
    both = replace(loads(REMEMBERS), "traffic.first_close", "client")
    assert share(both, 500) == (0, 0)


def test_a_proxy_that_keeps_address_and_port_beside_others_of_its_machine() -> None:
    """Case 14: half of the flows keep a port that the other half may have upstream."""
    load = offered(loads(SAME_PORT))
    kept, own = (kind.expected for kind in load.kinds)
    assert kept.lower == pytest.approx(50 * (10 + 60) / 28_232, rel=0.02)  # the upstream sockets linger
    assert kept.lower < kept.upper < 1.4 * kept.lower
    assert own.upper == 0  # its sockets are bound where the kept ones are: it sees them


@pytest.mark.parametrize(("rate", "little"), [(50, 0.0549), (570, 0.3986)])
def test_outage(rate: float, little: float) -> None:
    """Case 15: to first order K/(1 + K); a device has a port only once at a time, so that more die."""
    lower, upper = share(example("outage"), rate)
    killed = 2 * 0.75 * rate * 300 / 6 / 64_512
    assert little == pytest.approx(killed / (1 + killed), abs=1e-4)
    assert little < lower < little + killed**2 / 4
    assert upper == pytest.approx(1 - (1 - killed / 2) ** 2, rel=1e-6)


@pytest.mark.parametrize("rate", [50, 570])
def test_outage_where_its_machines_refuse(rate: float) -> None:
    """Case 15 by the mean field of two devices, which has a closed form."""
    chain = replace(example("outage"), "hops.login-proxy.collision", "refuses")
    ports = {"cone_only": 0, "overlap": 64_512, "proxy_only": 0}
    lower, upper = share(chain, rate)
    closed = partial(blind_blocking, **ports, rate=rate / 6, hold=300, proxy_linger=60)
    assert lower == pytest.approx(closed(cone_linger=0), rel=1e-5)
    assert upper == pytest.approx(closed(cone_linger=120), rel=0.05)


def test_the_services_of_a_cone_that_gives_way_wait() -> None:
    """Case 16: 64,512 ports in 60 s; the cone takes ports again that its service still holds."""
    chain = loads(WAITS)
    assert tc.capacity(chain).rate == pytest.approx(1075.2)
    lower, upper = share(chain, 100)
    assert lower == pytest.approx(100 * 60 / (64_512 + 100 * 60), rel=0.01)
    assert upper >= lower


def test_a_balancer_with_one_address_is_safe() -> None:
    """Case 17."""
    one = replace(loads(FOLD), "hops.lb.virtual", {"addresses": 1, "ports": 80})
    assert share(one, 100) == (0, 0)


@pytest.mark.parametrize(
    ("load", "exponential", "fixed"),
    [(0.05, 0.0716, 0.0738), (0.1, 0.1344, 0.1455), (0.2, 0.2432, 0.2792), (0.4418, 0.4229, 0.5537)],
)
def test_how_many_die_at_much_load(load: float, exponential: float, fixed: float) -> None:
    """Simulated, 200,000 flows through 5,000 ports."""
    chain = loads("""
    traffic = {hold = 1}
    clients = {addresses = 1, ports = "1024-6023"}
    hops = [{name = "p", kind = "hourglass", capture = "tproxy", source = "client", ports = "1024-6023"}]
    services = {addresses = 1, ports = 80}
    """)
    field = MeanField(capacity(chain))
    for each, right in ((field, exponential), (field.longer(), fixed)):
        dies = each.at({ALL: load * 5000}).dies[ALL]
        assert dies == pytest.approx(right, abs=0.004)


def test_a_wrong_law_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if hits were independent of each other: K/(1 + K)."""

    def independent(self: hits.Hits) -> list[float]:
        return [exp(-self.deadly * self.rate * time) for time in hits._TIMES]

    monkeypatch.setattr(hits.Hits, "lives", independent)
    with pytest.raises(AssertionError):
        test_how_many_die_at_much_load(0.4418, 0.4229, 0.5537)


def test_survival_and_apart_ranges() -> None:
    outage = example("outage")
    assert share(replace(outage, "hops.login-proxy.survival", 1), 570) == (0, 0)
    assert share(replace(outage, "hops.login-proxy.survival", 0), 570)[0] > share(outage, 570)[0]
    apart = replace(replace(outage, "hops.lvs.ports", "1024-33279"), "hops.login-proxy.ports", "33280-65535")
    assert share(apart, 100)[1] < 1e-9


def test_the_verdict_at_its_bounds() -> None:
    cone = example("cone")
    highest = tc.capacity(cone).rate
    assert highest is not None
    words = [offered(replace(cone, "traffic.rate", float(highest) * part)).verdict for part in (0.5, 0.9, 2)]
    assert words == ["fits", "tight", "fails"]
    assert offered(replace(cone, "traffic.rate", None)).verdict is None


FEW_PORTS = """
traffic = {rate = %s, hold = "60s"}
clients = {addresses = 1000, ports = "1024-65535"}
hops = [
  {name = "n", kind = "cone", addresses = 1, ports = "1024-%s"},
  {name = "p", kind = "hourglass", capture = "tproxy", source = "client", ports = "1024-%s"},
]
services = {addresses = 1, ports = 443}
"""


@pytest.mark.parametrize(("rate", "last"), [(0.005, 1025), (0.02, 1025), (0.05, 1030), (0.001, 1024)])
def test_the_best_case_is_no_worse_than_what_is_expected(rate: float, last: int) -> None:
    """In a table of few ports devices lose less than who refuses what finds no room: π of the older live."""
    load = offered(tc.loads(FEW_PORTS % (rate, last, last)))
    assert load.blocking is not None
    assert load.expected is not None
    assert load.blocking.lower <= load.expected.lower
    assert load.blocking.upper <= load.expected.upper
    alone = load.blind[0].blocking
    assert alone is not None
    assert alone.lower <= load.expected.lower
    assert load.kinds[0].failing == load.blocking


GROUPS = """
traffic = {rate = %s, hold = "10s"}
clients = [{name = "big", addresses = 100_000}, {name = "tiny", addresses = 1, ports = 40_000}]
services = {addresses = 1, ports = 443}
"""


@pytest.mark.parametrize(
    ("rate", "word", "worst"), [(1000, "Fails", ", and 41.2% of those from tiny."), (1, "Fits", "/s.")]
)
def test_groups_of_clients_are_judged_as_kinds_are(rate: int, word: str, worst: str) -> None:
    """The tiny one's port is offered λ·70 s/100,001 = A erlang: A/(1 + A) of what it opens fails."""
    load = offered(tc.loads(GROUPS % rate))
    assert verdict(load).startswith(word)
    assert verdict(load).endswith(worst)
    assert load.most_failing == pytest.approx(1 / (1 + 1 / (7e-4 * rate)), rel=1e-3)


def test_a_rate_above_the_highest_is_named_where_hardly_any_of_it_fails() -> None:
    load = offered(tc.with_settings(example("cone"), "traffic.rate=42304"))
    few = load._replace(expected=Bracket(0.0, 1e-6), kinds=())
    assert verdict(few) == (
        "Fails: none to 1 in 1 million of the connections are expected to fail at 42,304/s, "
        "which is more than the highest rate."
    )
