"""Every question about flows of several kinds, against single chains: random networks, and cases by hand."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

import tuplecalc as tc
from tests.oracle.kinds import from_seed
from tests.oracle.meaning import Topology
from tests.questions.test_sweep import check as check_sweep
from tuplecalc.network.replace import path_steps, replace
from tuplecalc.questions.advice import Advice
from tuplecalc.questions.crossover import Crossovers, crossovers
from tuplecalc.questions.elasticity import Elasticity, elasticities
from tuplecalc.questions.paths import number_at
from tuplecalc.questions.solving import solve
from tuplecalc.questions.sweep import sweep

SEEDS = (0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 13)


def paths_of(topology: Topology) -> list[str]:
    """Numbers of a random network, with ranges that it can have."""
    kinds = topology["traffic"]["kinds"]
    found = []
    for kind in kinds:
        path = f"traffic.kinds.{kind['name']}"
        found += [f"{path}.hold=0s..3s/4", f"{path}.first_close=0..1/3"]
        if "rate" in kind:
            found.append(f"{path}.rate=0.1..2/4")
        elif len(kinds) > 1:
            found.append(f"{path}.share=0..1/5")
    for group in topology["clients"]:
        if isinstance(group["addresses"], int):
            found.append(f"clients.{group['name']}.addresses=1..4")
        found += [f"clients.{group['name']}.time_wait=0s..2s/3"]
        found += [f"clients.{group['name']}.max_files=1..6"] if "max_files" in group else []
    found += [
        f"services.{group['name']}.addresses=1..3"
        for group in topology["services"]
        if isinstance(group["addresses"], int)
    ]
    for hop in topology["hops"]:
        path = f"hops.{hop['name']}"
        found.append(f"{path}.udp_timeout=0s..2s/3")
        if hop.get("source", "client-port") != "client-port":
            found += [f"{path}.connections_per_flow=0.25..2/4", f"{path}.upstream_hold=0s..4s/3"]
            found += [f"{path}.upstream_first_close=0..1/3"]
        if "capture" in hop and "max_files" in hop:
            found.append(f"{path}.files_per_flow=1..6/3")
        found += [f"{path}.blocks_per_client=1..3"] if "block" in hop else []
    return found


def networks() -> list[Any]:
    """Networks of several kinds, each with one of its numbers."""
    found = []
    for seed in SEEDS:
        topology = from_seed(seed)
        paths = paths_of(topology)
        found += [pytest.param(topology, path, id=f"{seed} {path}") for path in paths[seed % 4 :: 9]]
    return found


@pytest.mark.parametrize(("topology", "path"), networks())
def test_every_point_of_a_sweep_is_a_single_chain(topology: Topology, path: str) -> None:
    check_sweep(tc.from_dict(topology), path)


def check_crossovers(found: Crossovers) -> None:
    """Beside each place where limits change, and between, a limit binds that is as low as any."""
    for of, intervals in enumerate((found.flows, found.rate)):
        assert (intervals[0].low, intervals[-1].high) == (found.axis.values[0], found.axis.values[-1])
        for one, other in pairwise(intervals):
            assert other.low == (one.high + 1 if found.axis.is_count else one.high)
            assert one.limit != other.limit
        for low, high, limit in intervals:
            if not found.axis.is_count and high - low < Fraction(1, 10**12):
                continue  # a jump, which is known as well as that
            ends = [low, high] if found.axis.is_count else []
            inside = [Fraction(low + (high - low) * Fraction(part, 100)) for part in (1, 37, 50, 99)]
            for value in [*ends, *(int(each) if found.axis.is_count else each for each in inside)]:
                result = tc.capacity(replace(found.chain, found.axis.path, value))
                least = (result.binding, result.rate_binding)[of]
                if limit is None or least is None:
                    assert limit == (least and (least.hop, least.name)), (found, value)
                    continue
                binds = result.limit(*limit)
                assert (binds.rate, binds.flows)[1 - of] == (least.rate, least.flows)[1 - of], (found, value)


@pytest.mark.parametrize(("topology", "path"), networks())
def test_intervals_are_those_of_single_chains(topology: Topology, path: str) -> None:
    check_crossovers(crossovers(tc.from_dict(topology), path))


# Elasticities.

REAL = {
    *("share", "rate", "hold", "first_close", "time_wait", "reuse_after", "udp_timeout", "half_close"),
    *("connections_per_flow", "upstream_hold", "upstream_first_close", "files_per_flow", "accept_wait"),
    "tracking_time_wait",
}
STEP = Fraction(1, 10**8)


def figure(chain: tc.Chain, each: Elasticity) -> Fraction:
    """That of the limit; where a small step tells two apart that were one, of the first."""
    limits = tc.capacity(chain).limits
    named = [limit for limit in limits if (limit.hop, limit.name) == (each.limit.hop, each.limit.name)]
    alike = [limit for limit in limits if (limit.hop, limit.kind) == (each.limit.hop, each.limit.kind)]
    return of_limit((named or alike)[0], each.figure)


def of_limit(limit: tc.Limit, figure: str) -> Fraction:
    taken = limit.keys if figure == "flows" else limit.seconds.value
    size = limit.size.value if figure == "flows" else limit.busy_keys
    return Fraction(size * limit.scopes.value) / taken if taken else Fraction(0)


@pytest.mark.parametrize("seed", range(0, 40, 4))
def test_elasticities_are_slopes_of_single_chains(seed: int) -> None:
    """Of times, shares, rates and connections of a flow: of what can be a little more."""
    chain = tc.from_dict(from_seed(seed))
    for each in elasticities(chain):
        key = each.path.rpartition(".")[2]
        if key not in REAL or "," in each.path:
            continue
        found = number_at(chain, list(path_steps(each.path)), each.path)
        if not found.present or (found.unit == "" and found.present == 1):
            continue
        here = figure(chain, each)
        try:
            low, high = sorted(
                (figure(replace(chain, each.path, found.present * (1 + by)), each) / here - 1) / by
                for by in (STEP, -STEP)
            )
        except tc.ChainError as error:
            assert "hops of one machine agree" in str(error)  # noqa: PT017
            continue
        assert low - Fraction(1, 10**5) <= each.value <= high + Fraction(1, 10**5), each


# Cases.

MIX = """
traffic = {{ hold = "5m", kinds = [{{ name = "x", share = 0.5 }}, {{ name = "y", share = 0.5 }}] }}
clients = {{ addresses = 131072 }}
services = {{ addresses = {services}, ports = 80 }}
[[hops]]
name = "nat"
kind = "cone"
addresses = 4
[[hops]]
name = "tproxy"
kind = "hourglass"
capture = "tproxy"
source = "client"
ports = "1024-65535"
machine = "m"
captures = "x"
[[hops]]
name = "redirect"
kind = "hourglass"
capture = "nat"
source = "own"
addresses = 4
ports = "1024-65535"
machine = "m"
captures = "y"
"""


@pytest.mark.parametrize("services", [2, 10])
def test_the_mixed_deployment_turns_where_two_limits_meet(services: int) -> None:
    """M·E·P / (1 + x) = M·P / (1 − x) at x = (E − 1)/(E + 1): M·P·(E + 1)/2."""
    chain = tc.loads(MIX.format(services=services))
    best = Fraction(services - 1, services + 1)
    found = crossovers(chain, "traffic.kinds.x.share")
    assert [(each.low, each.limit) for each in found.flows] == [
        (0, ("redirect", "capture")),
        (best, ("tproxy", "shared")),
    ]
    most = 4 * 64_512 * (services + 1) // 2
    assert tc.capacity(replace(chain, "traffic.kinds.x.share", best)).flows == most
    assert solve(chain, "traffic.kinds.x.share", flows=most).value == best
    half = solve(chain, "traffic.kinds.x.share", flows=4 * 64_512 * services // 2 + 4)
    assert half.beyond
    assert half.value == Fraction(4 * 64_512 * services, 4 * 64_512 * services // 2 + 4) - 1
    none = solve(chain, "traffic.kinds.x.share", flows=most + 1)
    assert none.value is None


def test_only_logins_are_captured() -> None:
    """64,512·6 / (1 + x), and 387,072 where no login is captured."""
    chain = tc.with_settings(tc.loads(MIX.format(services=6)), "hops.nat.addresses=1", "hops.tproxy.machine=")
    whole = replace(chain, "hops.1.captures", ["x"])
    whole = tc.Chain(**{**whole.written(), "hops": whole.hops[:2]})
    found = sweep(whole, {"traffic.kinds.x.share": "0..1/11"})
    assert found.flows.tolist() == [387_072 * 10 // (10 + tenth) for tenth in range(11)]


CGN = """
clients.addresses = 12000
hops = [{ name = "cgn", kind = "cone", addresses = 56, block = 1024 }]
services = { addresses = 1, ports = 80 }
"""


def test_each_client_is_served() -> None:
    """63 blocks at each address: 190 of them have 11,970."""
    chain = tc.loads(CGN)
    assert tc.capacity(chain).served == (12_000, 3_528)
    chain = replace(chain, "clients.flows_each", 300)
    found = solve(chain, "hops.cgn.addresses")
    assert (found.value, found.beyond and found.beyond.served) == (191, (12_000, 11_970))
    assert found.target.each == (300,)
    wide = replace(chain, "hops.cgn.blocks_span", True)
    assert solve(wide, "hops.cgn.addresses").value == 191  # 63 blocks at each as well: no port is left over
    odd = tc.with_settings(wide, "hops.cgn.block=4096")
    assert tc.capacity(replace(odd, "hops.cgn.addresses", 4)).served.served == 63
    alone = tc.with_settings(odd, "hops.cgn.addresses=4", "hops.cgn.blocks_span=false")
    assert tc.capacity(alone).served == (12_000, 60)


def test_the_most_clients_that_can_be_served() -> None:
    chain = tc.loads(CGN, settings=["hops.cgn.addresses=1", "hops.cgn.ports=1024-65023", "hops.cgn.block="])
    found = solve(replace(chain, "clients.flows_each", 60), "clients.addresses")
    assert (found.value, found.is_largest) == (1_066, True)
    evenly = tc.with_settings(chain, "hops.cgn.block=even", "clients.flows_each=60")
    assert solve(evenly, "clients.addresses").value == 1_066
    assert tc.capacity(replace(evenly, "clients.addresses", 64_001)).served.served == 0


def test_no_advice_cuts_clients_off() -> None:
    settings = [each.settings for each in tc.advise(tc.capacity(tc.loads(CGN)), most=99)]
    assert ("hops.cgn.block=2048",) not in settings
    assert ("hops.cgn.addresses=57",) in settings


POOL = """
traffic.hold = "2s"
clients.addresses = 200
hops = [
    { name = "a", kind = "hourglass", capture = "listen", listen_ports = 443 },
    { name = "b", kind = "hourglass", capture = "listen", listen_ports = 8080 },
]
services = { addresses = 4, ports = 80 }
"""


def test_pooling_is_the_remedy_that_comes_first() -> None:
    """28,232 / (2 s + 60 s); kept for 1/r clients a connection lingers once: 28,232 / (2 s + r·60 s)."""
    chain = tc.loads(POOL)
    result = tc.capacity(chain)
    first, *others = tc.advise(result)
    assert result.rate == Fraction(28_232, 62)
    assert first.settings == ("hops.a.connections_per_flow=1/100", "hops.a.upstream_hold=200s")
    changed = tc.capacity(tc.with_settings(chain, *first.settings))
    assert (changed.flows, changed.rate) == (first.flows, first.rate) == (28_232, Fraction(28_232 * 10, 26))
    assert all("connections_per_flow" not in " ".join(each.settings) for each in others)
    by_hand = tc.with_settings(chain, "hops.a.connections_per_flow=2/35", "hops.a.upstream_hold=219s")
    assert tc.capacity(by_hand).rate == Fraction(28_232 * 35, 2 * 279)
    longest = solve(by_hand, "hops.a.upstream_hold", rate=28_232)
    assert longest.value is None
    most = solve(by_hand, "hops.a.connections_per_flow", rate=1000)
    assert most.value == Fraction(28_232, 279_000)


SIDECAR = """
traffic.hold = "2s"
clients.addresses = 200
hops = [
    { name = "sidecar", kind = "hourglass", capture = "nat", instances = 50 },
    { name = "nat", kind = "cone", addresses = 1 },
]
services = { addresses = 1, ports = 443 }
"""
TRADED = "; fewer connections can be open at once, though more can start each second"


def pooled(chain: tc.Chain) -> list[Advice]:
    found = tc.advise(tc.capacity(chain), most=99)
    return [each for each in found if "connections_per_flow" in " ".join(each.settings)]


def test_a_proxy_in_front_of_what_binds_may_keep_its_connections() -> None:
    """64,512 / (2 s + 120 s) at the NAT; kept for 100 clients: 64,512 / (2 s + 120 s / 100)."""
    chain = tc.loads(SIDECAR)
    assert tc.capacity(chain).rate == Fraction(64_512, 122)
    first = tc.advise(tc.capacity(chain))[0]
    assert first.settings == ("hops.sidecar.connections_per_flow=1/100", "hops.sidecar.upstream_hold=200s")
    assert (first.flows, first.rate) == (64_512, Fraction(64_512 * 10, 32))
    assert TRADED not in first.text
    assert pooled(chain) == [first]


@pytest.mark.parametrize(
    "settings",
    [
        ["hops.nat.max_entries=9000"],  # entries of a table
        ["hops.nat.kind=hourglass", "hops.nat.layer=3", "hops.nat.max_entries=9000", "hops.nat.addresses="],
        ["hops.nat.ports=1024-2023", "hops.nat.mapping=endpoint-independent"],
        ["services.time_wait=1h", "traffic.first_close=0"],  # what a service still holds
    ],
)
def test_it_does_whatever_binds_behind_it(settings: list[str]) -> None:
    assert len(pooled(tc.loads(SIDECAR, settings=settings))) == 1


def two_kinds(push: str, *settings: str) -> tc.Chain:
    """Short connections to one service, and longer ones to another."""
    kinds = f"""traffic.kinds = [
        {{ name = "api", share = 0.9, hold = "2s", services = "web" }},
        {{ name = "push", share = 0.1, hold = "{push}", services = "vault" }},
    ]"""
    services = """services = [
        { name = "web", addresses = 1, ports = 443 }, { name = "vault", addresses = 1, ports = 443 },
    ]"""
    hops = SIDECAR.partition("services")[0].replace('traffic.hold = "2s"', "")
    return tc.loads(f"{kinds}\n{hops}\n{services}", settings=settings)


def test_a_proxy_of_one_kind_keeps_connections_of_that_kind() -> None:
    (kept,) = pooled(two_kinds("100s", 'hops.sidecar.captures=["api"]'))
    assert kept.settings == ("hops.sidecar.connections_per_flow=1/10", "hops.sidecar.upstream_hold=20s")
    assert TRADED not in kept.text
    assert not pooled(two_kinds("100s", 'hops.sidecar.captures=["push"]'))
    assert not pooled(two_kinds("2s", "hops.sidecar.source=client-port", "hops.sidecar.capture=tproxy"))


def test_kept_connections_are_open_as_long_as_the_kind_that_needs_it_longest() -> None:
    """Each kind has a service: 10 s of push are 10 s of api too, of which fewer can be open then."""
    chain = two_kinds("10s")
    now = tc.capacity(chain)
    (kept,) = pooled(chain)
    assert kept.settings == ("hops.sidecar.connections_per_flow=1/100", "hops.sidecar.upstream_hold=1000s")
    assert (now.rate, kept.rate) == (Fraction(64_512 * 10, 9 * 122), Fraction(64_512 * 100, 9 * 112))
    assert kept.flows < now.flows
    assert kept.text.endswith(f"(keep-alive){TRADED}")
    assert not pooled(two_kinds("1000s"))


def test_another_service_is_the_remedy_of_few_ports() -> None:
    chain = tc.loads(
        'traffic.hold = "2s"\nclients.addresses = 1\nservices = { name = "web", addresses = 4, ports = 80 }'
    )
    found = {advice.settings: advice for advice in tc.advise(tc.capacity(chain))}
    assert found[("services.web.addresses=5",)].flows == 5 * 28_232
    assert found[("services.web.ports=[80, 8080]",)].flows == 8 * 28_232


def test_advice_names_kinds_groups_and_all_hops_of_a_machine() -> None:
    result = tc.capacity(tc.loads(MIX.format(services=6), settings=["traffic.kinds.x.share=0.95"]))
    assert (result.binding.hop, result.binding.name) == ("tproxy", "shared")
    for advice in tc.advise(result, most=99):
        changed = tc.capacity(tc.with_settings(result.chain, *advice.settings))
        assert (changed.flows, changed.rate) == (advice.flows, advice.rate)
    office = tc.capacity(tc.loads(OFFICE))
    settings = {advice.settings for advice in tc.advise(office, most=99)}
    assert {("clients.office.addresses=2",), ("clients.office.ports=1024-65535",)} <= settings
    level = tc.advise(tc.capacity(tc.loads(TWO_LEVELS)), most=99)
    assert ("hops.a.max_files=131072", "hops.b.max_files=131072") in [advice.settings for advice in level]
    captured = tc.capacity(tc.loads(CAPTURED))
    passes = {advice.settings: advice for advice in tc.advise(captured, most=99)}
    assert passes[('hops.p.captures=["b"]',)].flows == passes[('hops.p.captures=["a"]',)].flows
    same = tc.capacity(tc.with_settings(captured.chain, "hops.p.source=client-port", "hops.p.ports="))
    assert same.flows == 0
    assert ("hops.p.tracking=off",) in [advice.settings for advice in tc.advise(same)]


OFFICE = """
clients = [{ name = "office", addresses = 1 }, { name = "branch", addresses = 9, ports = "1024-65535" }]
traffic = { hold = "1s", kinds = [{ name = "a", share = 0.9, clients = "office" },
                                  { name = "b", share = 0.1, clients = "branch" }] }
services = { addresses = 1, ports = 80 }
"""
TWO_LEVELS = """
clients.addresses = 9
hops = [
    { name = "a", kind = "hourglass", machine = "m", capture = "listen", max_files = 1000 },
    { name = "b", kind = "hourglass", machine = "m", capture = "listen", max_files = 1000 },
]
services = { addresses = 1, ports = 80 }
"""
CAPTURED = """
traffic = { hold = "1s", kinds = [{ name = "a", share = 0.5 }, { name = "b", share = 0.5 }] }
clients = { addresses = 9, ports = "1-100" }
hops = [{ name = "p", kind = "hourglass", capture = "tproxy", source = "client", ports = "1-100" }]
services = { addresses = 1, ports = 80 }
"""


# Shares.


@pytest.mark.parametrize(
    ("settings", "shares"),
    [
        (["a=1"], ["1", "0", "0"]),
        (["a=0"], ["0", "3/5", "2/5"]),
        (["a=0.25", "b=0.25"], ["1/4", "1/4", "1/2"]),
        (["1=1/7", "0=2/7", "2=4/7"], ["2/7", "1/7", "4/7"]),
    ],
)
def test_shares_that_are_not_set_take_what_is_left(settings: list[str], shares: list[str]) -> None:
    chain = tc.with_settings(THREE, *(f"traffic.kinds.{each.replace('=', '.share=')}" for each in settings))
    assert [str(kind.share) for kind in chain.traffic.kinds] == shares


def test_shares_of_nothing_are_taken_evenly_and_too_much_is_refused() -> None:
    alone = replace(THREE, "traffic.kinds.a.share", 1)
    back = replace(alone, "traffic.kinds.a.share", Fraction(1, 2))
    assert [str(kind.share) for kind in back.traffic.kinds] == ["1/2", "1/4", "1/4"]
    with pytest.raises(tc.InputError) as caught:
        tc.with_settings(THREE, "traffic.kinds.a.share=0.9", "traffic.kinds.b.share=0.4")
    assert str(caught.value) == (
        '--set "traffic.kinds.b.share=0.4": the shares that are set sum to 13/10, and all together to 1; '
        "lower one of them"
    )
    groups = tc.loads("""
    clients.addresses = 9
    services = [{ name = "a", addresses = 1, ports = 80, share = 0.2 },
                { name = "b", addresses = 1, ports = 80, share = 0.8 }]
    """)
    moved = tc.with_settings(groups, "services.a.share=0.5")
    assert [str(group.share) for group in moved.services] == ["1/2", "1/2"]


def test_a_kind_of_share_0_changes_nothing() -> None:
    chain = tc.with_settings(tc.loads(MIX.format(services=6)), "traffic.kinds.x.share=0")
    start, nat, _, redirect = MIX.format(services=6).split("[[hops]]")
    alone = start.replace('{ name = "x", share = 0.5 }, ', "").replace("0.5", "1")
    only = tc.loads("[[hops]]".join([alone, nat, redirect]))
    both = tc.capacity(chain), tc.capacity(only)
    assert both[0].flows == both[1].flows
    assert both[0].rate == both[1].rate


THREE = tc.loads("""
traffic.kinds = [{ name = "a", share = 0.5 }, { name = "b", share = 0.3 }, { name = "c", share = 0.2 }]
clients.addresses = 9
services = { addresses = 2, ports = 80 }
""")


def test_another_address_of_both_families_is_not_advised() -> None:
    """A bare number would be of both families, and promise three times as much."""
    both = ["127.0.0.1", "::1"]
    services = {"addresses": both, "ports": 8080}
    chain = tc.from_dict({"clients": {"addresses": both, "ports": "49152-65535"}, "services": services})
    found = [setting for each in tc.advise(tc.capacity(chain)) for setting in each.settings]
    assert sorted(found) == [
        "clients.ports=1024-65535",
        "clients.reuse_after=1s",
        "services.ports=8080-8081",
    ]
