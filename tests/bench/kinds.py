"""Several kinds of traffic: against as many chains of one kind each, and growth with kinds × hops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import tuplecalc as tc
from tests.bench.measure import Comparison, fastest

HOPS = (
    'kind = "cone"\naddresses = 4',
    'kind = "hourglass"\nlayer = 3\nmax_entries = 262144',
    'kind = "hourglass"\ncapture = "tproxy"\nsource = "client"',
    'kind = "hourglass"\ncapture = "tproxy"\nsource = "own"\naddresses = 8',
)


def comparisons() -> Iterator[Comparison]:
    """One after the other, so that a table can grow while they are measured."""
    small, large = mix(10, 10), mix(100, 50)
    alone = [tc.loads(network([kind], 10)) for kind in range(10)]
    ours, theirs = fastest(lambda: answer(small), lambda: [answer(each) for each in alone], rounds=31)
    what = "`tc.capacity`, 10 kinds × 10 hops"
    yield Comparison(what, ours, "10 chains of one kind", theirs, 3)
    ours, theirs = fastest(lambda: answer(large), lambda: answer(small), rounds=5)
    yield Comparison("100 kinds × 50 hops", ours, "10 kinds × 10 hops", theirs, 100 * 50 / (10 * 10))
    yield failing(30, 10)


def failing(kinds: int, hops: int) -> Comparison:
    """The advice where part of the rate fails: many changed chains, some of them put under load."""
    result = tc.capacity(tc.with_settings(mix(kinds, hops), "traffic.rate=1000"))
    assert tc.offered(result).verdict == "fails"
    ours, theirs = fastest(lambda: tc.advise(result), lambda: tc.capacity(result.chain), rounds=3)
    what = f"`tc.advise` of a rate that fails, {kinds} kinds × {hops} hops"
    return Comparison(what, ours, "`tc.capacity` of it", theirs, 50)


def mix(kinds: int, hops: int) -> tc.Chain:
    """So many kinds, of which each goes round every third hop."""
    return tc.loads(network(range(kinds), hops))


def network(kinds: Sequence[int], hops: int) -> str:
    """The file with some of the kinds; each hop is crossed by those that do not go round it."""
    parts = ['clients.addresses = "198.18.0.0/16"\nservices = { addresses = 4, ports = 443 }']
    for kind in kinds:
        share = f'share = "1/{len(kinds)}"'
        parts.append(f'[[traffic.kinds]]\nname = "k{kind}"\nhold = "{kind + 1}s"\n{share}')
    for hop in range(hops):
        crossing = ", ".join(f'"k{kind}"' for kind in kinds if (kind + hop) % 3)
        if crossing:
            parts.append(f'[[hops]]\nname = "h{hop}"\n{HOPS[hop % len(HOPS)]}\ntraffic = [{crossing}]')
    return "\n".join(parts)


def answer(chain: tc.Chain) -> object:
    """The figures, of the kinds too."""
    result = tc.capacity(chain)
    return result.flows, result.rate, result.kinds
