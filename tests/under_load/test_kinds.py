"""Several kinds of traffic under load: small networks solved exactly, a simulation, laws, figures by hand."""

from fractions import Fraction
from math import exp
from typing import Any

import pytest

import tuplecalc as tc
from tests.oracle.events import Simulation
from tests.oracle.kinds import from_seed
from tests.oracle.loss import Kind, Phase, kinds_blocking
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import from_dict
from tuplecalc.questions import advice
from tuplecalc.render.verdict import verdict
from tuplecalc.under_load import offered
from tuplecalc.under_load.chains import Bracket, max_rate, strand_blocking, total
from tuplecalc.under_load.erlang import erlang_b
from tuplecalc.under_load.offered import KindLoad, Offered
from tuplecalc.under_load.pools import pools

ERRORS = 4


def chain(*hops: dict[str, Any], kinds: dict[str, Any], services: Any = 1, **traffic: Any) -> tc.Chain:
    """Kinds by their name, with a share or more of it, over these hops."""
    several = [
        {"name": name, **(given if isinstance(given, dict) else {"rate": given})}
        for name, given in kinds.items()
    ]
    given = {"addresses": services, "ports": 80} if isinstance(services, int) else services
    return from_dict(
        {
            "traffic": {"kinds": several, **traffic},
            "clients": {"addresses": 1000, "ports": "1024-1103", "time_wait": 0},
            "hops": list(hops),
            "services": given,
        }
    )


def nat(ports: int, **more: Any) -> dict[str, Any]:
    return {"name": "nat", "kind": "cone", "addresses": 1, "ports": f"1-{ports}", "time_wait": 0, **more}


def tproxy(ports: str, **more: Any) -> dict[str, Any]:
    plain = {"name": "proxy", "kind": "hourglass", "capture": "tproxy", "source": "client", "time_wait": 0}
    return {**plain, "ports": ports, "tracking": "strict", **more}


def table(entries: int, **more: Any) -> dict[str, Any]:
    return {
        "name": "fw",
        "kind": "hourglass",
        "layer": 3,
        "max_entries": entries,
        "tracking_time_wait": 0,
        **more,
    }


def found(design: tc.Chain) -> dict[str, KindLoad]:
    return {each.kind: each for each in tc.offered(design).kinds}


def failing(design: tc.Chain) -> list[Bracket]:
    return [each.failing for each in tc.offered(design).kinds]


def captured(ports: int, login: Any, rest: Any, **proxy: Any) -> tc.Chain:
    """A proxy that captures logins, and lets the rest through its table: two of the same ports, and one."""
    hops = nat(ports), tproxy(f"1-{ports}", captures=["login"], **proxy)
    return chain(*hops, kinds={"login": login, "rest": rest}, hold=2)


@pytest.mark.parametrize("ports", [1, 2, 7, 30])
@pytest.mark.parametrize("holds", [(2, 2), (5, 1)])
@pytest.mark.parametrize("rates", [(0.2, 1.0), (3.0, 0.5), (4.0, 9.0)])
def test_flows_that_take_two_ports_and_one(
    ports: int, holds: tuple[int, int], rates: tuple[float, float]
) -> None:
    kinds = [{"rate": rate, "hold": hold} for rate, hold in zip(rates, holds, strict=True)]
    shares = failing(captured(ports, *kinds))
    exact = kinds_blocking(
        [ports],
        [Kind(rate, (Phase(hold, (n,)),)) for n, rate, hold in zip((2, 1), rates, holds, strict=True)],
    )
    assert all(share.is_exact for share in shares)
    assert [share.upper for share in shares] == pytest.approx(exact, rel=1e-9)
    assert shares[0].upper >= shares[1].upper


@pytest.mark.parametrize(("linger", "hold"), [(1, 1), (6, 1), (1, 4)])
@pytest.mark.parametrize("rates", [(0.3, 0.8), (1.5, 0.5)])
def test_one_leg_of_two_lingers(linger: int, hold: int, rates: tuple[float, float]) -> None:
    login, rest = ({"rate": rate, "hold": hold} for rate in rates)
    design = captured(9, login, rest, time_wait=linger)
    phases = (Phase(hold, (2,)), Phase(linger, (1,)))
    exact = kinds_blocking([9], [Kind(rates[0], phases), Kind(rates[1], (Phase(hold, (1,)),))])
    for share, truth in zip(failing(design), exact, strict=True):
        assert share.lower < truth < share.upper


def tree(leaf: int, root: int, rates: tuple[float, float]) -> tc.Chain:
    """Kinds to a service of their own each, so many ports for each, and one table for both."""
    kinds = {
        name: {"rate": rate, "hold": 1, "services": name} for name, rate in zip("ab", rates, strict=True)
    }
    groups = [{"name": "a", "addresses": 1, "ports": 80}, {"name": "b", "addresses": 1, "ports": 443}]
    return chain(table(root), nat(leaf), kinds=kinds, services=groups)


TREES = [(12, 15, (9.0, 8.0)), (10, 16, (4.0, 9.0)), (30, 40, (20.0, 18.0))]


@pytest.mark.parametrize(("leaf", "root", "rates"), TREES)
def test_a_table_in_front_of_ports_for_each_service(leaf: int, root: int, rates: tuple[float, float]) -> None:
    """Not a bound; the docstring says how far the truth was outside."""
    exact = kinds_blocking(
        [leaf, leaf, root],
        [Kind(rates[0], (Phase(1, (1, 0, 1)),)), Kind(rates[1], (Phase(1, (0, 1, 1)),))],
    )
    for share, truth in zip(failing(tree(leaf, root, rates)), exact, strict=True):
        assert share.lower - 0.02 < truth < share.upper + 0.01
        assert share.upper - share.lower < 0.06


def test_the_oracle_objects_to_one_key_for_each() -> None:
    exact = kinds_blocking([7], [Kind(3.0, (Phase(2, (2,)),)), Kind(1.0, (Phase(2, (1,)),))])
    assert abs(exact[0] - erlang_b(7, 8.0)) > 0.1
    assert abs(exact[1] - erlang_b(7, 8.0)) > 0.03


def test_only_one_kind_meets_a_small_range() -> None:
    """Logins share nothing with the rest but the NAT, whose ports are many: only logins fail."""
    hops = nat(200), tproxy("5001-5008", captures=["login"])
    kinds = {"login": {"rate": 2.0, "hold": 3}, "rest": {"rate": 20.0, "hold": 3}}
    login, rest = failing(chain(*hops, kinds=kinds))
    assert login.is_exact
    assert login.upper == pytest.approx(erlang_b(8, 6.0), rel=1e-9)
    assert rest.upper < 1e-12


SIMULATED: dict[str, tuple[tc.Chain, bool]] = {
    "two ports and one": (captured(24, {"rate": 2.0, "hold": 4}, {"rate": 3.0, "hold": 2}), True),
    "one of two lingers": (
        captured(24, {"rate": 2.0, "hold": 3}, {"rate": 3.0, "hold": 2}, time_wait=4),
        False,
    ),
    "entries of both": (
        chain(
            nat(60),
            tproxy("1001-1060", captures=["login"], max_entries=30, tracking_time_wait=2),
            kinds={"login": {"rate": 2.0, "hold": 3}, "rest": {"rate": 4.0, "hold": 2}},
        ),
        True,
    ),
    "a table and the ports of each service": (tree(12, 18, (9.0, 7.0)), False),
}


@pytest.mark.parametrize("fixed", [False, True], ids=["exponential", "fixed"])
@pytest.mark.parametrize("name", SIMULATED)
def test_as_it_happens(name: str, fixed: bool) -> None:
    design, exact = SIMULATED[name]
    shares = found(design)
    rate = float(design.traffic.offered or 0)
    outcome = Simulation(design, rate, seed=5, fixed_hold=fixed).run(16_000, warm_up=2_000)
    for kind, seen in outcome.kinds.items():
        share, error = shares[kind].failing, ERRORS * seen.error
        assert share.is_exact == exact
        assert share.upper > 0.01
        assert share.lower - error < seen.share < share.upper + error


def test_equal_kinds_merge() -> None:
    """Two kinds of half the rate are one; with kinds and without."""
    plain = chain(nat(20), tproxy("1-20", time_wait=3), kinds={"all": 3.0}, hold=2)
    halves = chain(nat(20), tproxy("1-20", time_wait=3), kinds={"a": 1.0, "b": 2.0}, hold=2)
    files = table(12)
    for one, two in (
        (plain, halves),
        (
            chain(files, nat(20, time_wait=9), kinds={"all": 3.0}, hold=2),
            chain(files, nat(20, time_wait=9), kinds={"a": 1.0, "b": 2.0}, hold=2),
        ),
    ):
        (whole,) = failing(one)
        for share in failing(two):
            assert (share.lower, share.upper) == pytest.approx(tuple(whole), rel=1e-7)
        total, again = tc.offered(one), tc.offered(two)
        assert total.exhausted is not None
        assert again.exhausted is not None
        assert again.exhausted.seconds == pytest.approx(total.exhausted.seconds)
        assert tuple(again.blocking or ()) == pytest.approx(tuple(total.blocking or ()), rel=1e-7)


def test_a_kind_of_almost_no_rate_changes_nothing() -> None:
    alone, beside = captured(9, 2.0, 1e-12), captured(9, 2.0, 1e-9)
    assert failing(beside)[0].upper == pytest.approx(failing(alone)[0].upper, rel=1e-6)
    assert failing(beside)[1].upper > 0
    login, _ = failing(
        captured(9, 2.0, 1e-9, time_wait=3)
    )  # the bounds of one kind, whose legs are not alike
    assert login.lower == pytest.approx(erlang_b(9, 2.0 * (2 + 2 + 3)), rel=1e-6)
    assert login.upper == pytest.approx(erlang_b(4, 2.0 * (2 + 2 + 3) / 2), rel=1e-6)


def test_a_table_does_not_hide_the_ports_before_it() -> None:
    """Twelve ports of the NAT for each flow, of which the proxy's table could take more."""
    hops = nat(12), tproxy("1-20", captures=["login"])
    shares = failing(chain(*hops, kinds={"login": 0.3, "rest": 6.0}, hold=2))
    exact = kinds_blocking([12, 20], [Kind(0.3, (Phase(2, (1, 2)),)), Kind(6.0, (Phase(2, (1, 1)),))])
    for share, truth in zip(shares, exact, strict=True):
        assert share.lower - 0.01 < truth < share.upper + 0.01
        assert share.lower > 0.2


def test_what_takes_less_fails_less() -> None:
    for rates in ((0.1, 5.0), (2.0, 2.0), (20.0, 1.0)):
        login, rest = failing(captured(11, *rates))
        assert rest.upper <= login.upper


def test_more_of_a_kind_is_worse_for_all() -> None:
    before = failing(captured(40, 3.0, 5.0))
    for rates in ((3.3, 5.0), (3.0, 5.5)):
        for share, more in zip(before, failing(captured(40, *rates)), strict=True):
            assert more.upper > share.upper


def test_who_is_hit_first_and_when() -> None:
    """Logins fill eight ports of their own in two seconds, the rest has room: 5·(1 − e^(−t/5)) = 8/4."""
    hops = nat(200), tproxy("5001-5008", captures=["login"])
    kinds = {"login": {"rate": 4.0, "hold": 5}, "rest": {"rate": 20.0, "hold": 3}}
    load = tc.offered(chain(*hops, kinds=kinds))
    assert load.hit_first is not None
    assert load.hit_first.kind == "login"
    assert load.hit_first.seconds is not None
    assert 5 * (1 - exp(-load.hit_first.seconds / 5)) == pytest.approx(8 / 4)
    login, rest = load.kinds
    assert login.exhausted == load.exhausted
    assert [login.rate, rest.rate] == [4, 20]
    assert rest.seconds is None


def test_where_nothing_runs_dry_the_kind_is_hit_of_which_most_is_expected_to_fail() -> None:
    """In the best case only the other kind fails, once in 10^46."""
    load = tc.offered(tc.example("mixed-by-share"))
    transparent, redirected = load.kinds
    assert transparent.failing.upper < redirected.failing.upper < 1e-40
    assert transparent.expected.upper > redirected.expected.upper > 1e-3
    assert load.hit_first is transparent
    assert load.worse_group is not None
    assert (load.worse_group.name, load.worse_group.expected) == ("transparent", transparent.expected)


TINY = {"name": "tiny", "addresses": 1, "ports": 40000}
BIG = {"name": "big", "addresses": 1000, "ports": "1024-65535"}
TWO_KINDS = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}]


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ({"clients": [BIG, TINY]}, "those from tiny"),
        ({"clients": [BIG, TINY], "traffic": {"kinds": TWO_KINDS}}, "those from tiny"),
        (
            {
                "clients": [BIG, TINY],
                "traffic": {"kinds": [TWO_KINDS[0], TWO_KINDS[1] | {"clients": ["big"]}]},
            },
            "a from tiny",
        ),
        ({"clients": [BIG, TINY], "traffic": {"kinds": [{"name": "a", "share": 1}]}}, "those from tiny"),
        ({"clients": [BIG]}, None),
    ],
)
def test_a_group_that_fails_is_named_however_few_its_flows(parts: dict[str, Any], name: str | None) -> None:
    """One of 1,001 addresses has a single port: of all that is nothing, of itself most."""
    traffic = {"rate": 100, "hold": 10} | parts.get("traffic", {})
    services = {"addresses": 1, "ports": 443}
    load = tc.offered(tc.from_dict({"clients": parts["clients"], "traffic": traffic, "services": services}))
    assert load.expected is not None
    assert load.expected.upper < 1e-3
    if name is None:
        assert (load.worse_group, load.verdict) == (None, "fits")
        return
    assert load.worse_group is not None
    assert (load.worse_group.name, load.verdict) == (name, "fails")
    erlang = float(load.worse_group.rate) * 70
    assert load.most_failing == load.worse_group.expected.upper == pytest.approx(erlang / (1 + erlang), 0.01)
    assert f"of {name}" in verdict(load)


def test_one_bound_parts_what_fits_from_what_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdict, the kind that is named in it, and what advice looks for."""
    load, alone = tc.offered(tc.example("mixed-by-share")), tc.offered(tc.example("outage"))
    assert (load.verdict, alone.worse_group) == ("fails", None)
    monkeypatch.setattr(offered, "FEW", 0.01)
    assert (load.verdict, load.worse_group) == ("tight", None)
    assert "transparent" not in verdict(load)
    assert vars(advice)["FEW"] == 1e-3


def test_a_shared_table_is_dry_for_all_at_once() -> None:
    """A login takes two keys for 5 s, the rest one for 3: 8·5·(1 − e^(−t/5)) + 5·3·(1 − e^(−t/3)) = 30."""
    load = tc.offered(captured(30, {"rate": 4.0, "hold": 5}, {"rate": 5.0, "hold": 3}))
    login, rest = load.kinds
    assert login.seconds == rest.seconds
    t = login.seconds or 0.0
    assert 40 * (1 - exp(-t / 5)) + 15 * (1 - exp(-t / 3)) == pytest.approx(30)
    assert load.hit_first is login  # which fails more
    first = [
        Simulation(capacity(captured(3000, {"rate": 400, "hold": 5}, {"rate": 500, "hold": 3})).chain, 900, 1)
    ]
    assert first[0].until_first_failure() == pytest.approx(t, rel=0.03)


def test_pooled_connections_come_less_often() -> None:
    """Two connections upstream for 35 flows, 219 s each: Erlang's formula for those, which few flows meet."""
    proxy = {
        "name": "proxy",
        "kind": "hourglass",
        "capture": "listen",
        "ports": "1-30",
        "listen_ports": 443,
        "connections_per_flow": "2/35",
        "upstream_hold": 219,
        "time_wait": 1,
    }
    design = from_dict(
        {
            "traffic": {"rate": 3, "hold": 2},
            "clients": {"addresses": 50, "ports": "1-999", "time_wait": 0},
            "hops": [proxy],
            "services": {"addresses": 1, "ports": 80},
        }
    )
    (share,) = failing(design)
    assert share.upper == pytest.approx(2 / 35 * erlang_b(30, 3 * 2 / 35 * 220), rel=1e-9)


def test_the_highest_rate_for_a_share_that_may_fail() -> None:
    design = captured(300, 3.0, 5.0)
    rate = max_rate(design, 1e-3)
    assert rate is not None
    factor = Fraction(rate) / 8
    lost = tc.offered(captured(300, 3 * factor, 5 * factor)).blocking
    assert lost
    assert lost.upper == pytest.approx(1e-3, rel=1e-5)


def test_blind_choice_of_kinds_is_counted_for_each_kind() -> None:
    """A kind that passes is hit by the other's upstream legs, which meet both of them."""
    load: Offered = tc.offered(captured(3000, 100.0, 200.0))
    login, rest = (kind.expected for kind in load.kinds)
    assert [(hop.chooser, hop.hop) for hop in load.blind] == [("nat", "proxy")]
    assert login.lower > rest.lower > 0
    assert load.expected is not None
    assert load.expected.lower == pytest.approx((login.lower + 2 * rest.lower) / 3)
    assert tc.offered(chain(nat(20), kinds={"a": 1.0, "b": 2.0})).blind == ()


def test_several_connections_for_a_flow_and_no_kinds() -> None:
    """A proxy that opens two for each it accepts, of the same ports: three keys of one table."""
    hops = nat(30), tproxy("1-30", connections_per_flow=2)
    plain = chain(*hops, kinds={"all": 4.0}, hold=1).changed(traffic=tc.Traffic(rate=4, hold=1))
    load = tc.offered(plain)
    assert [(hop.chooser, hop.hop) for hop in load.blind] == [("nat", "proxy")]
    assert [each.kind for each in load.kinds] == [""]
    assert load.kinds[0].failing == load.blocking
    assert load.blocking is not None
    assert load.blocking.upper == pytest.approx(erlang_b(10, 4.0), rel=1e-9)


def test_a_kind_for_which_no_room_is_left_fails_and_others_do_not() -> None:
    login, rest = failing(captured(1, 1.0, 0.5))
    assert (login.lower, login.upper) == (1, 1)
    assert rest.upper == pytest.approx(1 / 2)


@pytest.mark.parametrize("seed", range(0, 120, 3))
def test_any_network(seed: int) -> None:
    """What flows take of pools is what the limits say, and shares that fail are between 0 and 1."""
    result = capacity(from_dict(from_seed(seed)))
    for each in pools(result):
        seconds = sum(taking.part * taking.keys * taking.seconds for taking in each.takings)
        assert seconds == each.limit.seconds.value
    rate = 1.5 * float(result.rate or 1)
    lost = strand_blocking(pools(result), rate)
    assert all(0 <= share.lower <= share.upper <= 1 for share in lost.values())
    if result.rate:
        least = strand_blocking(pools(result), rate / 2)
        assert total(pools(result), least).upper <= total(pools(result), lost).upper * (1 + 1e-6)
