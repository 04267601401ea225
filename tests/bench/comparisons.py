"""What is measured, and against what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import tuplecalc as tc
from tests.bench import design, erlang, figures, kinds
from tests.bench.by_hand import CHAIN, capacity_by_hand
from tests.bench.measure import OURS, Comparison, fastest, run

HELLO = '''\
import sys
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def hello(name: str, loud: Annotated[bool, typer.Option(help="Louder.")] = False) -> None:
    """Greet."""
    print(f"hello {name}".upper() if loud else f"hello {name}")


@app.command()
def goodbye(name: str) -> None:
    """Take leave."""
    print(f"goodbye {name}")


if __name__ == "__main__":
    sys.exit(app())
'''


def comparisons() -> Iterator[Comparison]:
    """One after the other, so that a table can grow while they are measured."""
    yield cold_start()
    yield growth()
    yield union()
    yield in_process()
    yield from kinds.comparisons()
    yield from erlang.comparisons()
    yield from design.comparisons()
    yield from figures.comparisons()


def cold_start() -> Comparison:
    """A fresh interpreter that answers, against one that only greets with the same library."""
    with TemporaryDirectory() as folder:
        hello = Path(folder, "hello.py")
        hello.write_text(HELLO, encoding="utf-8")
        ours, theirs = fastest(
            lambda: run("-c", OURS, "capacity", "outage", "-o", "json"),
            lambda: run(str(hello), "hello", "you"),
            rounds=31,
        )
    return Comparison("cold `tuplecalc capacity -o json`", ours, "a two-command typer hello", theirs, 1.25)


def growth() -> Comparison:
    """From text to result: the cost should grow no faster than the text."""
    large, small = topology(1000, 10_000), topology(100, 1000)
    ours, theirs = fastest(lambda: _answer(large), lambda: _answer(small), rounds=15)
    what, against = "1,000 hops, 10,000 service groups", "100 hops, 1,000 groups"
    return Comparison(what, ours, against, theirs, len(large) / len(small))


def topology(hops: int, groups: int) -> str:
    """A file with translators, firewalls and proxies in turn, and service groups with shares."""
    kinds = (
        'kind = "cone"\naddresses = 4',
        'kind = "hourglass"\nlayer = 3\nmax_entries = 262144',
        'kind = "hourglass"\ncapture = "tproxy"\nsource = "client"',
        'kind = "hourglass"\ncapture = "tproxy"\nsource = "own"\naddresses = 8',
    )
    parts = ['traffic.hold = "5s"\nclients.addresses = "198.18.0.0/16"']
    parts += [f'[[hops]]\nname = "hop-{i}"\n{kinds[i % len(kinds)]}' for i in range(hops)]
    for i in range(groups):
        block = f"2001:db8:{i:x}::/112"
        parts.append(f'[[services]]\naddresses = "{block}"\nports = [80, 443]\nshare = "1/{groups}"')
    return "\n".join(parts)


def _answer(text: str) -> tuple[int, object]:
    result = tc.capacity(tc.loads(text))
    return result.flows, result.rate


def union() -> Comparison:
    """Two sets of 10,000 ranges whose union has as many; both sides are made beforehand."""
    left, right = (
        tc.PortSet([f"{low}-{low + 3}" for low in range(1 + shift, 60_001 + shift, 6)]) for shift in (0, 1)
    )
    left_ports, right_ports = set(left), set(right)
    assert set(left | right) == left_ports | right_ports
    assert len(left.ranges) == len((left | right).ranges) == 10_000
    ours, theirs = fastest(lambda: left | right, lambda: left_ports | right_ports, rounds=31, calls=5)
    what, against = "union of two 10,000-range port sets", "the same as sets of integers"
    return Comparison(what, ours, against, theirs, 100, at_least=True)


def in_process() -> Comparison:
    """The limits of a chain of three hops, against the same limits written out."""
    ours, theirs = fastest(lambda: _figures(CHAIN), capacity_by_hand, rounds=31, calls=50)
    return Comparison("`tc.capacity` of three hops", ours, "the limits by hand, Fraction", theirs, 10)


def _figures(chain: tc.Chain) -> tuple[int, object]:
    result = tc.capacity(chain)
    return result.flows, result.rate
