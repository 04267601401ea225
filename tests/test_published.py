"""Published figures come out of the presets, and the page says what the rows say."""

from dataclasses import replace
from fractions import Fraction

import pytest

from tests import published
from tests.published import PAGE, ROWS
from tests.published_ways import Row, chain
from tuplecalc.errors import ChainError
from tuplecalc.network.presets import preset, presets


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.product}: {row.given}: {row.printed}")
def test_a_published_figure(row: Row) -> None:
    assert row.source
    assert 0 <= row.within <= 0.1
    assert row.agrees(), f"{row.source} prints {row.printed}, and {row.name} gives {float(row.computed)}"


def test_a_figure_that_is_off_does_not_agree() -> None:
    for row in ROWS[:40:8]:
        assert not replace(row, figure=row.figure * (1 + row.within) * 1.13).agrees()
        assert not replace(row, compute=lambda _: Fraction(1, 7)).agrees()


def test_the_page_has_what_is_computed() -> None:
    assert PAGE.read_text(encoding="utf-8") == published.page(), "run python -m tests.published"


def test_a_row_is_computed_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = preset("aws-nat-gateway")
    changed = replace(aws, values={**aws.values, "ports": {"count": 54_999}})
    monkeypatch.setattr("tuplecalc.network.presets.presets", lambda: {**presets(), aws.name: changed})
    wrong = [row for row in ROWS if row.name == aws.name and not row.agrees()]
    assert [row.printed for row in wrong] == ["55,000", "110,000", "440,000"]
    assert PAGE.read_text(encoding="utf-8") != published.page()


def test_every_product_with_a_published_figure_is_there() -> None:
    products = " ".join(row.product for row in ROWS)
    for name in ("AWS NAT", "AWS NLB", "Azure NAT", "Azure Load", "AKS", "Google", "Tencent", "RFC 7422"):
        assert name in products
    for name in ("TNSR", "VyOS", "Nokia", "Palo Alto", "Cisco", "Check Point", "Linux client", "netfilter"):
        assert name in products
    for name in (
        "Windows",
        "RFC 6056",
        "NAT rules",
        "F5",
        "Istio",
        "Envoy",
        "Cilium",
        "FortiGate",
        "Juniper",
    ):
        assert name in products
    for name in ("A10", "MAP-E", "MAP-T", "Jool", "pf", "macOS", "FreeBSD", "redsocks"):
        assert name in products


def test_counted_differently_is_said() -> None:
    (inventory,) = (row for row in ROWS if row.printed == "1,032,192")
    assert "not of connections" in inventory.note
    (refused,) = (row for row in ROWS if row.printed == "refused")
    assert "Azure refuses all" in refused.note


def test_azure_has_no_default_for_more_than_1000() -> None:
    assert chain("azure-load-balancer-default", clients=1000, addresses=1)
    with pytest.raises(ChainError, match="the table ends at 1000 clients; 1001 source addresses"):
        chain("azure-load-balancer-default", clients=1001, addresses=1)
