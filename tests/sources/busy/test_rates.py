"""How fast connections come and how long they stay, of traffic that is known: it begins, goes on and ends."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.lab.shapes import chain, nat
from tests.sources.busy.looks import HUB, OUT, WEB, entry, look, sock
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import from_dict
from tuplecalc.sources.busy.growth import between
from tuplecalc.sources.busy.usage import Measured, Observation
from tuplecalc.sources.tables.connection import Connection

MODEL = capacity(from_dict(chain(nat(**OUT))))
TIME_WAIT, TIMEOUT_CLOSE = 120, 10


Of = tuple[float, float, float, float]
"""When traffic begins and ends, its rate and its mean hold."""


def traffic(now: float, of: Of, reset: float = 0.0, *, fixed: bool = False) -> Iterator[Connection]:
    """The tracking table at a time of Poisson traffic, with exponential holds or fixed ones."""
    since, until, rate, hold = of
    chance, at, port = Random(7), since, 0
    while (at := at + chance.expovariate(rate)) < min(until, 1e9):
        closes = at + (hold if fixed else chance.expovariate(1 / hold))
        is_reset = chance.random() < reset
        lingers = TIMEOUT_CLOSE if is_reset else TIME_WAIT
        left = closes + lingers - now
        if at > now:
            return
        port += 1
        if closes > now:
            yield entry(f"10.0.{port >> 14}.1:{port % 16384 + 1}", f"{WEB}:80", to="198.18.1.1:20000")
        elif left > 0:
            state = "reset" if is_reset else "lingering"
            ends = f"10.0.{port >> 14}.1:{port % 16384 + 1}", f"{WEB}:80"
            yield entry(*ends, to="198.18.1.1:20000", state=state, left=int(left))


def of_all(seen: Observation) -> Measured:
    (found,) = [each for each in seen.measured if each.table == "tracking"]
    return found


def one(now: float, of: Of) -> Measured:
    return of_all(look(MODEL, traffic(now, of)))


def two(first: float, now: float, of: Of, reset: float = 0.0, *, fixed: bool = False) -> Measured:
    before, after = (look(MODEL, traffic(at, of, reset, fixed=fixed)) for at in (first, now))
    return of_all(between(before, after, now - first))


@pytest.mark.parametrize("reset", [0, 0.3])
@pytest.mark.parametrize(
    ("first", "last"), [(3, 13), (1, 6), (20, 30.5), (3, 303), (300, 310), (600, 1000)],
    ids=["young", "younger", "half", "young, for long", "steady", "for long"],
)  # fmt: skip
def test_two_looks_tell_the_rate_however_young_traffic_is(first: float, last: float, reset: float) -> None:
    """5/s, each open for a second: of Poisson traffic within three standard deviations."""
    found = two(first, last, (0, 2000, 5, 1), reset=reset)
    assert not found.is_at_least
    assert found.rate == pytest.approx(
        5, abs=3 * (5 / min(last - first, TIMEOUT_CLOSE if reset else TIME_WAIT)) ** 0.5
    )
    assert found.hold == pytest.approx(1, abs=0.9)


def test_two_looks_at_long_connections_that_have_just_begun() -> None:
    """None closes: the rate is what is more open, and nobody knows how long they last."""
    found = two(10, 30, (0, 2000, 5, 100), fixed=True)
    assert found.rate == pytest.approx(5, abs=1.5)
    assert found.hold is None
    closing = two(20, 40, (0, 2000, 5, 100))
    assert closing.rate == pytest.approx(5, abs=1.5)
    assert closing.hold == pytest.approx(100, rel=0.4)  # open ÷ rate would be 34 s


@pytest.mark.parametrize(("first", "last"), [(330, 340), (310, 400), (500, 510)])
def test_two_looks_tell_that_traffic_has_stopped(first: float, last: float) -> None:
    found = two(first, last, (0, 300, 5, 1))
    assert found.rate < 0.05
    assert found.closing < 0.05


def test_one_look_tells_by_the_timers() -> None:
    """Of steady traffic; of young traffic since it began, and while most of it is open at least."""
    for now in (13, 30, 60, 119, 130, 600):
        found = one(now, (0, 2000, 5, 0.1))
        assert not found.is_at_least, now
        assert found.rate == pytest.approx(5, rel=0.35), now
    young = one(20, (0, 2000, 5, 100))
    assert young.is_at_least
    assert young.hold is None
    assert young.rate < 5
    few = one(2, (0, 2000, 2, 0.1))
    assert (few.is_at_least, few.rate < 0.1) == (True, True)


def test_one_look_does_not_take_what_has_stopped_for_less() -> None:
    """It may be that TIME_WAIT is shorter than the file says."""
    found = one(360, (0, 300, 5, 1))
    assert found.is_at_least
    assert "none in the last 58 s" in found.basis


@pytest.mark.parametrize(
    ("entries", "seconds", "rate", "basis"),
    [
        (1200, 60, 20, "200 closed in 10 s"),
        (60, 60, 1, "60 closed in 60 s"),
        (600, 70, 600 / 70, "600 closed in 70 s"),
    ],
    ids=["the last ten seconds are enough", "few", "another time than usual"],
)
def test_timers_of_sockets(entries: int, seconds: int, rate: float, basis: str) -> None:
    sockets = [
        sock(f"198.18.0.1:{32768 + n}", f"{WEB}:80", "lingering", left=n * seconds / entries)
        for n in range(entries)
    ]
    (found,) = look(HUB, sockets).measured[:1]
    assert (found.rate, found.basis.partition(":")[0], found.is_at_least) == (rate, basis, False)


def closed(lingering: int, opened: int) -> Observation:
    """As ss -tan prints it, which has no timers."""
    sockets = [sock(f"198.18.0.1:{n + 1}", f"{WEB}:80", "lingering") for n in range(lingering)]
    return look(HUB, sockets + [sock(f"198.18.0.1:{40000 + n}", f"{WEB}:80") for n in range(opened)])


def test_without_timers_it_is_at_least_so_much() -> None:
    """300 of the last minute are 5/s at least; 100 more in 10 s are 10/s; after a minute all are known."""
    (found,) = closed(300, 20).measured[:1]
    assert (found.rate, found.hold, found.is_at_least) == (5, None, True)
    for (first, last, seconds), (rate, is_at_least) in {
        ((200, 300, 10), (10.5, True)),
        ((295, 300, 10), (5.5, True)),
        ((0, 300, 60), (5 + 5 / 60, False)),
    }:
        (found,) = between(closed(first, 15), closed(last, 20), seconds).measured[:1]
        assert found.rate == pytest.approx(rate)
        assert found.is_at_least is is_at_least
    (found,) = between(closed(300, 20), closed(300, 20), 60).measured[:1]
    assert found.hold == 4
