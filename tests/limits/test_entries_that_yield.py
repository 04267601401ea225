"""Closed entries of a cone that give way: they take no more of a table than there are keys."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from tests.oracle.program import highest_rate
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.kinds import ENTRIES
from tuplecalc.limits.mixture import Mix
from tuplecalc.network.file import from_dict, loads

Table = dict[str, Any]
HOLD, LINGER, KEYS = 30, 120, 10


def network(
    max_entries: int, shares: tuple[str, ...] = ("1/2", "1/2"), *behind: Table, **keys: object
) -> Table:
    """Kinds that share a cone's table and have ten ports each, towards a service of their own."""
    nat = {"name": "nat", "kind": "cone", "addresses": 1, "ports": "1-10", "closing": "gives-way"}
    names = "abc"[: len(shares)]
    return {
        "traffic": {
            "hold": HOLD,
            "kinds": [{"name": n, "share": s, "services": n} for n, s in zip(names, shares, strict=True)],
        },
        "clients": {"addresses": 30, "ports": "1-10"},
        "hops": [nat | {"max_entries": max_entries} | keys, *behind],
        "services": [{"name": n, "addresses": 1, "ports": 80 + i} for i, n in enumerate(names)],
    }


def result(topology: Table) -> Capacity:
    return capacity(from_dict(topology))


def full_at(used: Callable[[Fraction], Fraction], room: int) -> Fraction | None:
    """The rate at which a growing number of entries is this many, to 1e-12; None if it never is."""
    low, high = Fraction(0), Fraction(10**6)
    if used(high) <= room:
        return None
    for _ in range(64):
        middle = (low + high) / 2
        low, high = (middle, high) if used(middle) <= room else (low, middle)
    return low


@pytest.mark.parametrize("max_entries", [*range(3, 32, 2), 30])
@pytest.mark.parametrize("shares", [("1/2", "1/2"), ("9/10", "1/10"), ("1/2", "1/3", "1/6"), ("1",)])
def test_each_service_has_its_keys(shares: tuple[str, ...], max_entries: int) -> None:
    found = result(network(max_entries, shares))
    limits = [limit for limit in found.limits if limit.kind is ENTRIES]

    def used(rate: Fraction) -> Fraction:
        each = (rate * Fraction(share) * (HOLD + LINGER) for share in shares)
        return sum((min(Fraction(KEYS), taken) for taken in each), Fraction(0))

    full = full_at(used, max_entries)
    assert [float(limit.rate or 0) for limit in limits] == ([] if full is None else [pytest.approx(full)])
    for limit in limits:
        assert limit.flows == max_entries
    rate = min(Fraction(KEYS, HOLD) / Fraction(share) for share in shares)
    assert float(found.rate or 0) == pytest.approx(float(rate if full is None else min(rate, full)))


@pytest.mark.parametrize(("shares", "max_entries"), [(("1/2", "1/2"), n) for n in (9, 19, 20, 21)])
def test_what_the_program_says(shares: tuple[str, ...], max_entries: int) -> None:
    """It counts all entries or none, which is right where the kinds' keys are all taken at once."""
    topology = network(max_entries, shares)
    assert float(result(topology).rate or 0) == pytest.approx(highest_rate(topology))


@pytest.mark.parametrize(("max_entries", "rate"), [(9, 9 / 300), (15, 15 / 300), (30, 20 / 150)])
def test_a_proxy_on_the_cones_machine(max_entries: int, rate: float) -> None:
    """Up to 10/150 a second both legs count; then the cone's ten keys are all taken, and the rest is left."""
    proxy = {"name": "p", "kind": "hourglass", "capture": "tproxy", "source": "own", "machine": "m"}
    topology = network(max_entries, ("1",), proxy, machine="m")
    (limit,) = (limit for limit in result(topology).limits if limit.kind is ENTRIES)
    assert float(limit.rate or 0) == pytest.approx(rate)
    assert limit.flows == max_entries // 2
    busy = str(limit.busy) if limit.busy is not None else ""
    assert busy == ("entries - |P|·m·E'" if max_entries == 30 else "")


def test_a_wrong_rule_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = result(network(15, ("9/10", "1/10"))).rate
    monkeypatch.setattr(Mix, "_all_taken", lambda self, several: [])
    assert result(network(15, ("9/10", "1/10"))).rate != right == Fraction(1, 3)


@pytest.mark.parametrize("services", [1, 2, 4])
def test_an_endpoint_independent_mapping_has_one_entry(services: int) -> None:
    """However many services there are: 3 ports, a table of 6, so that it never fills."""
    chain = loads(f"""
    traffic = {{hold = 1, first_close = 0}}
    clients = {{addresses = 1, ports = "1-2", time_wait = 1}}
    services = {{addresses = {services}, ports = 80}}
    [[hops]]
    name = "h0"
    kind = "cone"
    addresses = 1
    ports = "1-3"
    mapping = "endpoint-independent"
    closing = "gives-way"
    max_entries = 6
    """)
    assert "entries" not in {limit.name for limit in capacity(chain).limits}
