"""The model against this machine's kernel: the measured rows, the bundled shapes, shapes of each kind."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from unittest.mock import patch

import pytest

from tests.lab.kernel import MARKS
from tests.lab.shapes import KINDS, chain, chains, nat, proxy
from tuplecalc.lab.scale import scale
from tuplecalc.lab.verification import Verification, verify
from tuplecalc.network.file import EXAMPLES, from_dict
from tuplecalc.render.verified import text

pytestmark = MARKS

BLIND = {"inverted-cone-tproxy", "mixed-by-share", "outage"}
LAWFUL = BLIND - {"mixed-by-share"}
"""Of one kind: the law of a collision says how many live."""


Measured = Callable[[str], Verification]


@pytest.fixture(scope="module")
def measured(request: pytest.FixtureRequest) -> Iterator[Measured]:
    """Results of chains, several built at a time: most of a verification is waiting for silence."""
    wanted = {
        item.callspec.params.get("name")
        for item in request.session.items
        if hasattr(item, "callspec") and item.fspath == request.node.fspath
    }
    with ThreadPoolExecutor(8) as pool:
        running: dict[str, Future[Verification]] = {
            name: pool.submit(verify, each) for name, each in chains().items() if name in wanted
        }
        yield lambda name: running[name].result()


@pytest.mark.parametrize("name", [name for name in chains() if not name.startswith("example")])
def test_a_kernel_admits_what_is_predicted(name: str, measured: Measured) -> None:
    found = measured(name)
    assert found.scaled.is_same
    assert found.blind == ()
    assert found.figures[0].predicted == found.prediction.flows
    assert [(figure.measured, figure.name) for figure in found.figures] == [
        (figure.predicted, figure.name) for figure in found.figures
    ], found.said
    assert found.tried > found.flows
    assert found.agrees


@pytest.mark.parametrize("name", [f"example {name}" for name in EXAMPLES])
def test_a_bundled_example(name: str, measured: Measured) -> None:
    found = measured(name)
    assert found.scaled.keeps_order
    assert found.agrees, found.said
    bare = name.removeprefix("example ")
    assert bool(found.law) is (bare in LAWFUL)
    if bare in LAWFUL:
        living, opened = found.figures
        assert living.is_chance
        assert living.tolerance < 0.07
        assert found.law is not None
        assert opened.measured == found.law.flows
    elif bare in BLIND:
        assert found.blind
        assert found.flows > 0
        assert not any(figure.is_held for figure in found.figures)
    else:
        assert found.flows == found.prediction.flows


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_the_lab_can_object_to_a_mix(factor: float) -> None:
    """Of 100 flows ten are captured; said are 90 and nine, or 110 and eleven."""
    right = scale(from_dict(KINDS["few are captured, and the proxy binds"]))

    class Wrong(type(right.result)):  # type: ignore[misc]
        flows = round(right.result.flows * factor)

    wrong = replace(right, result=Wrong(right.chain, right.result.hops, right.result.declared))
    with patch("tuplecalc.lab.verification.scale", return_value=wrong):
        found = verify(right.chain)
    assert found.flows == 100
    assert [(figure.name, figure.predicted, figure.measured) for figure in found.figures[1:3]] == [
        ("login", round(10 * factor), 10),
        ("rest", round(90 * factor), 90),
    ]
    assert not found.agrees


def test_the_lab_can_object() -> None:
    """It is an oracle only if it says so where a prediction is wrong: here of a proxy's smaller range."""
    right = scale(from_dict(chain(nat(), proxy(source="client", ports="21000-21049"), services=1)))
    wrong = replace(right, result=scale(from_dict(chain(nat(), services=1))).result)
    with patch("tuplecalc.lab.verification.scale", return_value=wrong):
        found = verify(right.chain)
    assert (found.figures[0].predicted, found.flows) == (100, 50)
    assert not found.agrees
    assert found.said["proxy"]["EADDRNOTAVAIL"] > 0
    assert "DIFFERENT" in text(found)
    assert "EADDRNOTAVAIL: no port left for this destination" in text(found)
