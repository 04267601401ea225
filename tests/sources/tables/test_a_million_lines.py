"""A tracking table of a million entries: read in one pass, and nothing of it is kept but the counts."""

import time
import tracemalloc
from collections.abc import Iterator

import pytest

from tests.lab.shapes import chain, nat
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import from_dict
from tuplecalc.sources.busy.observe import observe
from tuplecalc.sources.busy.usage import Observation
from tuplecalc.sources.tables.recognise import Stream

MODEL = capacity(
    from_dict(chain(nat(addresses="198.18.1.0/28", ports="1024-65535", max_entries=1 << 20), services=9))
)
LINE = (
    b"ipv4     2 tcp      6 %d %s src=10.%d.%d.%d dst=198.18.9.%d sport=%d dport=443 "
    b"src=198.18.9.%d dst=198.18.1.%d sport=443 dport=%d [ASSURED] mark=0 zone=0 use=2\n"
)


def lines(number: int) -> Iterator[bytes]:
    """From 1,000 clients to 20 endpoints through 16 addresses; a fifth has closed, over two minutes."""
    for n in range(number):
        left, state = (n % 600 // 5, b"TIME_WAIT") if n % 5 == 0 else (431999 - n % 997, b"ESTABLISHED")
        port, end = 1024 + n // 320 % 64512, n % 20
        yield LINE % (left, state, n % 10, n // 10 % 10, n // 100 % 10, end, port, end, n // 20 % 16, port)


def look(number: int) -> Observation:
    return observe(MODEL, [Stream("x", lines(number))])


def test_a_million_lines_in_fifteen_seconds() -> None:
    start = time.process_time()
    seen = look(1_000_000)
    assert time.process_time() - start < 25  # 15 on a machine that does nothing else
    ports, entries = seen.usages
    assert (ports.scopes, ports.busiest[0].taken) == (320, 3125)
    assert (entries.busiest[0].open, entries.busiest[0].lingering) == (800_000, 200_000)
    (measured,) = seen.measured
    assert measured.rate == pytest.approx(200_000 / 120, rel=1e-3)
    assert measured.hold == pytest.approx(480, rel=1e-3)


def test_twice_as_many_lines_take_no_more_memory() -> None:
    """Each line is some 160 bytes, and an entry more than 500: 15,000 of them would be seen."""
    tracemalloc.start()
    try:
        look(100)
        peaks = []
        for number in (5_000, 20_000):
            tracemalloc.reset_peak()
            seen = look(number)
            peaks.append(tracemalloc.get_traced_memory()[1])
            del seen
    finally:
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2**20
