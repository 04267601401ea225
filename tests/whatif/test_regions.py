"""What is known of open numbers is what the code counts for any of their values, or it is not known."""

from __future__ import annotations

from fractions import Fraction

import pytest

import tuplecalc as tc
from tests.bench.kinds import mix
from tests.oracle.kinds import from_seed
from tests.whatif.settings import Figures, agree, counted, some_settings
from tuplecalc.limits.expression import Number, tidy
from tuplecalc.network.chain import Chain
from tuplecalc.whatif import regions
from tuplecalc.whatif.regions import Formed, Regions, settings, with_value

REFUSED = """
clients.addresses = 12
hops = [{name = "cgn", kind = "cone", addresses = 2, ports = "1024-2047", block = 512}]
services = {addresses = 1, ports = 80}
"""


def figures(known: Regions, found: Formed, values: list[Fraction]) -> Figures:
    value = known.formulas.values(values)

    def at(node: int | None) -> Number | None:
        return None if node is None else tidy(value(node))

    return [(each.hop, at(each.flows), at(each.rate)) for each in found.limits]  # type: ignore[misc]


def held_against_the_code(chain: Chain, known: Regions, count: int, seed: int) -> int:
    """Of how many random settings the figures are known; all of these are as they should be."""
    held = 0
    for values in some_settings(known, count, seed):
        found, expected = known.at(values), counted(chain, known, values)
        if found == "refused" or (expected is None and found is not None):
            assert (found, expected) == ("refused", None), values
        elif isinstance(found, Formed) and expected is not None:
            assert agree(figures(known, found, values), expected, is_bound=found.is_bound), (seed, values)
            held += 1
    return held


@pytest.mark.parametrize("name", ["outage", "office-and-branch"])  # of all: test_panel_in_browser.py
def test_the_present_values_and_each_number_alone_are_known(name: str) -> None:
    known = tc.explore(tc.example(name))
    assert len(known.inputs) > 9
    alone = [values for values, _ in zip(settings(known.inputs), range(9 * len(known.inputs)), strict=False)]
    for values in alone:
        assert known.at(values) is not None
    present = [Fraction(each.present) for each in known.inputs]
    found = known.at(present)
    assert isinstance(found, Formed)
    assert figures(known, found, present) == counted(tc.example(name), known, present)


@pytest.mark.parametrize("seed", [60, 62, 64])
def test_random_networks(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regions, "_MOST_RUNS", 16)
    monkeypatch.setattr(regions, "_TOGETHER", 20)
    chain = Chain(**from_seed(seed))
    assert held_against_the_code(chain, tc.explore(chain), 30, seed) > 4


def test_what_is_best_for_one_mix_is_a_bound_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coupled tables are a linear program: its faces hold in every mix, and are best in one."""
    monkeypatch.setattr(regions, "_MOST_RUNS", 16)
    chain = mix(5, 5)
    known = tc.explore(chain)
    present = [Fraction(each.present) for each in known.inputs]
    found = known.at(present)
    assert isinstance(found, Formed)
    assert found.is_bound
    assert figures(known, found, present) == counted(chain, known, present)
    assert held_against_the_code(chain, known, 40, seed=1) > 9


def test_what_is_no_chain_is_said_to_be_none() -> None:
    chain = tc.loads(REFUSED)
    known = tc.explore(chain)
    number = next(n for n, each in enumerate(known.inputs) if each.paths == ("hops.cgn.ports",))
    present = [Fraction(each.present) for each in known.inputs]
    narrow = with_value(known.inputs, present, number, Fraction(100))  # a block has more ports than the NAT
    assert known.at(narrow) == "refused"
    assert held_against_the_code(chain, known, 60, seed=3) > 20


def test_a_chain_of_many_numbers_has_those_of_its_tightest_limits() -> None:
    nats = [
        {"name": f"n{n}", "kind": "cone", "addresses": 100 + n, "max_entries": 10**6 + n} for n in range(30)
    ]
    chain = tc.from_dict(
        {
            "clients": {"addresses": 9},
            "hops": nats,
            "services": {"addresses": 2, "ports": 80},
            "traffic": {"hold": 1},
        }
    )
    known = tc.explore(chain)
    assert len(known.inputs) <= 40
    assert known.is_known
    tight = tc.capacity(chain).rate_binding
    assert tight is not None
    assert any(each.paths[0].startswith(("clients", f"hops.{tight.hop}")) for each in known.inputs)
