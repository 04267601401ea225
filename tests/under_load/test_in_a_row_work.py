"""What many proxies in a row make the calculator do: nothing is found again for each rate or each hop."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import tuplecalc as tc
from tuplecalc.limits.capacity import capacity
from tuplecalc.under_load import chains, choice
from tuplecalc.under_load.choice import blind_hops
from tuplecalc.under_load.offered import offered

HOPS = 6


def proxies(rate: int | None) -> tc.Chain:
    """A NAT and proxies whose ranges overlap in part."""
    hops = [
        tc.Proxy(name=f"h{at}", capture="tproxy", source="client", ports=f"{1024 + 100 * at}-65535")
        for at in range(HOPS)
    ]
    return tc.Chain(
        traffic=tc.Traffic(hold="5m", rate=rate, first_close="client"),
        clients=tc.Clients(addresses=100_000),
        hops=[tc.Cone(name="nat", addresses=1), *hops],
        services=tc.Services(addresses=6, ports=443),
    )


def counted(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, calls: Counter[str]) -> None:
    found = getattr(place, name)

    def counting(*args: Any, **keywords: Any) -> Any:
        calls[name] += 1
        return found(*args, **keywords)

    monkeypatch.setattr(place, name, counting)


@pytest.mark.parametrize("rate", [None, 700])
def test_what_pools_lose_is_not_built_again_for_each_rate(
    rate: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = capacity(proxies(rate))
    calls: Counter[str] = Counter()
    counted(monkeypatch, chains, "losses", calls)
    counted(monkeypatch, chains, "_needed", calls)
    blind_hops(result, rate)
    pools = sum(limit.rate is not None for limit in result.limits)
    assert pools <= calls["losses"] <= 2 * pools  # by the upper bound, and the lower one
    assert calls["_needed"] <= 6 * HOPS


def test_without_a_rate_only_the_hop_that_is_named_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """That where half come to fail at the lowest rate: the last has the fewest ports."""
    result = capacity(proxies(None))
    calls: Counter[str] = Counter()
    counted(monkeypatch, choice, "crossing", calls)
    load = offered(result)
    assert calls["crossing"] == 2  # one for each bound
    assert load.worst is not None
    assert load.worst.hop == f"h{HOPS - 1}"
    assert [each.hop for each in load.blind if each.half] == [load.worst.hop]
