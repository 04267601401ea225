"""Elasticities against finite differences of the same limits, with exact fractions."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

import tuplecalc as tc
from tests.algebra.cases import ALL
from tests.limits.chains import Topology, topologies
from tuplecalc.limits.expression import Constant, Expression, Quantity, Size, evaluate
from tuplecalc.network.replace import replace
from tuplecalc.questions import elasticity
from tuplecalc.questions.elasticity import Elasticity, elasticities
from tuplecalc.render import crossed

STEP = Fraction(1, 10**9)


def moved(expression: Expression, each: Elasticity, by: Fraction) -> Fraction:
    """The expression without rounding, where one input is larger by a share."""

    def leaf(node: Quantity | Size | Constant) -> Any:
        if isinstance(node, Quantity) and node.definition is not None:
            return moved(node.definition, each, by)
        if isinstance(node, Quantity):
            own = node.place == each.path and each.letter.split("_")[0] == node.symbol.split("_")[0]
            return node.value * (1 + by) if own else node.value
        if isinstance(node, Size):
            of = ", ".join(sorted({named.origin.place for named in node.sets}))
            own = each.letter.split(" of ")[0] == str(node) and each.path == of
            return node.value * (1 + by) if own else node.value
        return node.value

    found: Fraction = evaluate(expression, leaf, floor=lambda q: q, ceiling=lambda q: q, minimum=min)
    return Fraction(found)


def figure(each: Elasticity, by: Fraction) -> Fraction:
    limit = each.limit
    if each.figure == "flows":
        keys = limit.keys if limit.keys_formula is None else moved(limit.keys_formula, each, by)
        return moved(limit.size, each, by) * moved(limit.scopes, each, by) / keys
    busy = moved(limit.busy or limit.size, each, by)
    return busy * moved(limit.scopes, each, by) / moved(limit.seconds, each, by)


def check(chain: tc.Chain) -> None:
    for each in elasticities(chain):
        if each.path.startswith("traffic.kinds.") and each.path.endswith((".share", ".rate")):
            continue  # where one grows the others change: test_kinds
        here = figure(each, Fraction(0))
        up, down = (figure(each, by) - here for by in (STEP, -STEP))
        slopes = sorted((up / here / STEP, -down / here / STEP))
        # Where two choices of a minimum are equal the slope is another one upwards and downwards.
        assert slopes[0] - Fraction(1, 10**6) <= each.value <= slopes[1] + Fraction(1, 10**6), each


@pytest.mark.parametrize("chain", ALL.values(), ids=ALL)
def test_against_finite_differences(chain: tc.Chain) -> None:
    check(chain)


@settings(max_examples=60)
@given(topologies())
def test_random_chains_against_finite_differences(topology: Topology) -> None:
    check(tc.from_dict(topology))


def test_the_outage_by_hand() -> None:
    """``|A ∪ L|·b·E' / (2·H + T)`` with 300 s and 60 s."""
    found = {
        each.path: each
        for each in elasticities(tc.example("outage"))
        if (each.figure, each.rank) == ("rate", 0)
    }
    assert found["hops.lvs.addresses"].value == 1
    assert found["traffic.hold"].value == Fraction(-600, 660)
    assert found["hops.login-proxy.time_wait"].value == Fraction(-60, 660)
    assert found["traffic.hold"].text == "-2·H / (2·H + c·T)"
    assert found["traffic.first_close"].value == Fraction(-60, 660)  # of the upstream leg
    assert repr(found["hops.lvs.addresses"]) == (
        "<Elasticity of rate of login-proxy/shared to hops.lvs.addresses: 1 = 1>"
    )


def test_of_the_binding_limit_and_the_next_ones() -> None:
    found = elasticities(tc.example("outage"), ranks=2)
    assert {each.rank for each in found} == {0, 1}
    result = tc.capacity(tc.example("outage"))
    assert all(each.limit.name == "shared" for each in found if each.rank == 0)
    assert result.next_binding
    assert {each.limit.name for each in found if (each.figure, each.rank) == ("flows", 1)} == {
        result.next_binding.name
    }


def test_a_wrong_slope_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elasticity, "_short", lambda closed, _: 2 * closed)
    with pytest.raises(AssertionError):
        check(tc.example("outage"))


def test_a_minimum_is_its_smallest_choice() -> None:
    """Blocks: two clients of one block each, so that the clients' number counts and the address does not."""
    chain = tc.cone(clients=2, addresses=4, block=100, ports="1024-2023", hold="1s")
    found = [each for each in elasticities(chain) if (each.limit.name, each.figure) == ("block", "flows")]
    assert {each.path: each.value for each in found} == {
        "clients.addresses": 1,
        "hops.nat.block": 1,
        "services": 1,
    }


def test_of_limits_that_bind_alike_each_holds_one_way() -> None:
    """A thousand ports and a table of a thousand: the chain itself, with one percent more and less."""
    ports, entries = "hops.nat.ports", "hops.nat.max_entries"
    chain = tc.cone(clients=10_000, addresses=1, services=1, ports={"count": 1000}, max_entries=1000)
    found = [each for each in elasticities(chain) if each.figure == "flows" and each.at == 1000]
    marks = {(each.rank, each.path): each.only for each in found}
    assert marks == {
        (0, ports): "down",
        (0, "hops.nat.addresses"): "down",
        (0, "hops.nat.instances"): "",
        (0, "services"): "down",
        (1, entries): "down",
        (1, "hops.nat.instances"): "",
    }
    for path, more, less in (
        (ports, {"count": 1010}, {"count": 990}),
        (entries, 1010, 990),
        ("hops.nat.instances", 2, None),
    ):
        moved = [tc.capacity(replace(chain, path, value)).flows for value in (more, less) if value]
        assert moved == ([1000, 990] if less else [2000])
    said = crossed.elasticities(elasticities(chain))
    assert "  hops.nat.max_entries  +1%  only down\n" in said
    assert "“only down”" in said
    assert "“only down”" in crossed.markdown([], elasticities(chain))
    assert not any(each.only for each in elasticities(tc.example("outage")))


def test_a_wait_that_only_one_of_them_has_holds_upwards() -> None:
    """At 10 s + 50 s for the ports and for the table: with a longer wait of one the rate falls."""
    waits = {"time_wait": "50s", "tracking_time_wait": "50s"}
    chain = tc.cone(
        clients=10_000, services=1, ports={"count": 600}, addresses=1, max_entries=600, hold=10, **waits
    )
    found = {each.path: each for each in elasticities(chain) if (each.figure, each.rank) == ("rate", 0)}
    assert found["hops.nat.time_wait"].only == "up"
    assert found["traffic.hold"].only == ""
    rates = [tc.capacity(replace(chain, "hops.nat.time_wait", wait)).rate for wait in ("51s", "49s")]
    assert [rate and rate < 10 for rate in rates] == [True, False]
