"""The law of a collision against this kernel: each shape many times, and what is said without one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from math import sqrt

import pytest

from tests.lab.kernel import MARKS
from tests.lab.shapes import BLIND, chain, nat, proxy
from tests.limits.chains import Topology
from tuplecalc.lab import blindly
from tuplecalc.lab.chance import blind_hops
from tuplecalc.lab.figures import CERTAIN, DYING, Figure
from tuplecalc.lab.scale import scale
from tuplecalc.lab.ways import ways
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.network.file import example, from_dict

TIMES = 5


def law(shape: Topology) -> tuple[blindly.Blindly | None, Capacity]:
    result = capacity(from_dict(shape))
    return blindly.blindly(result, ways(result.chain), blind_hops(result)), result


def measure(shape: Topology) -> tuple[list[Figure], Figure]:
    found, result = law(shape)
    assert found is not None
    return blindly.fill(found, result, lambda _stage: None)[0], blindly.replace(found, result, flows=120)


@pytest.fixture(scope="module")
def measured() -> Iterator[dict[str, list[tuple[list[Figure], Figure]]]]:
    """Every shape so many times, several at once: they wait for those that do not answer."""
    with ThreadPoolExecutor(8) as pool:
        running = {name: [pool.submit(measure, shape) for _ in range(TIMES)] for name, shape in BLIND.items()}
        yield {name: [each.result() for each in several] for name, several in running.items()}


class TestKernel:
    """All runs but one within their interval at least, and the mean of all within a narrower one."""

    pytestmark = MARKS

    @pytest.mark.parametrize("name", BLIND)
    def test_living(self, name: str, measured: dict[str, list[tuple[list[Figure], Figure]]]) -> None:
        follows([figures[0] for figures, _ in measured[name]])
        assert all(opened.agrees for (_, opened), _ in measured[name])

    @pytest.mark.parametrize("name", BLIND)
    def test_dying(self, name: str, measured: dict[str, list[tuple[list[Figure], Figure]]]) -> None:
        dying = [figure for _, figure in measured[name]]
        assert {figure.what for figure in dying} == {DYING}
        follows(dying)


def follows(figures: list[Figure]) -> None:
    """Right ones fail in one of 30,000 runs; half of the older ones that live would be 4 deviations off."""
    assert [figure.agrees for figure in figures].count(False) <= 1, figures
    deviation = figures[0].tolerance * figures[0].predicted / CERTAIN
    mean = sum(figure.measured for figure in figures) / len(figures)
    assert mean == pytest.approx(figures[0].predicted, abs=4.2 * deviation / sqrt(len(figures))), figures


@pytest.mark.parametrize(
    "shape",
    [
        chain(nat(), proxy(source="client", ports="20000-20099", tracking="loose")),
        chain(nat(), proxy(source="client", ports="21000-21099")),
        chain(nat(), proxy(source="own", ports="20000-20099")),
        chain(
            nat(),
            proxy(source="client", ports="20000-20099"),
            proxy(name="second", source="client", ports="20000-20099"),
        ),
        chain(nat(), proxy(source="client", ports="20000-20099", collision="refuses")),
        chain(nat(addresses=2, max_entries=50), proxy(source="client", ports="20000-20099")),
    ],
)
def test_where_the_law_says_nothing(shape: Topology) -> None:
    """Nobody meets, or there is more to it than two choosers, or chance deals out the groups."""
    assert law(shape)[0] is None


def test_what_the_chain_says_is_predicted() -> None:
    """So that it is held against the kernel, which does as separate machines do."""
    stated, _ = law(chain(nat(), proxy(source="client", ports="20000-20099", survival=1)))
    usual, _ = law(chain(nat(), proxy(source="client", ports="20000-20099")))
    assert stated is not None
    assert usual is not None
    assert stated.filled() == (200, 0)
    assert usual.filled()[0] == pytest.approx(0.4375 * 200, abs=1)


def test_kinds_are_not_one_law() -> None:
    result = scale(example("mixed-by-share")).result
    assert blind_hops(result)
    assert blindly.blindly(result, ways(result.chain), blind_hops(result)) is None
