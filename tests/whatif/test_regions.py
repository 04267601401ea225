"""What is known of open numbers is what the code counts for any of their values, or it is not known."""

from fractions import Fraction

import pytest

import tuplecalc as tc
from tests.oracle.kinds import from_seed
from tests.whatif.settings import counted, known_figures, some_settings
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import EXAMPLES, example
from tuplecalc.whatif import regions

MOST_UNKNOWN = 0.08
"""Of random settings of the bundled examples: far from the present values, most of them."""


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_examples_for_any_values(name: str) -> None:
    chain = example(name)
    known = tc.explore(chain)
    settings = list(some_settings(known, 120, seed=1))
    unknown = 0
    for values in settings:
        found = known_figures(known, values)
        if found is None or found == "joint":
            unknown += 1
        else:
            assert found == (counted(chain, known, values) or "refused"), values
    assert unknown <= MOST_UNKNOWN * len(settings), name
    present = [Fraction(each.present) for each in known.inputs]
    assert known_figures(known, present) == counted(chain, known, present)


@pytest.mark.parametrize("first", range(0, 60, 6))
def test_networks_of_kinds_for_any_values(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regions, "_MOST_RUNS", 24)
    monkeypatch.setattr(regions, "_TOGETHER", 40)
    compared = 0
    for seed in range(first, first + 6):
        chain = Chain(**from_seed(seed))
        known = tc.explore(chain)
        for values in some_settings(known, 20, seed):
            found = known_figures(known, values)
            if found is not None and found != "joint":
                compared += 1
                assert found == (counted(chain, known, values) or "refused"), (seed, values)
    assert compared > 60
