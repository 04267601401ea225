"""Two chains side by side: what they are called, what differs, and what is true of one of them only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.limit import Limit
from tuplecalc.questions.comparison import Comparison
from tuplecalc.render import numbers, tied
from tuplecalc.render.sentences import totals
from tuplecalc.under_load.offered import offered

_LONGEST_NAME = 40  # above a column


class Changed(NamedTuple):
    """A figure of both chains, in words, and how it changes."""

    what: str
    old: str
    new: str
    change: str = ""


def sides(found: Comparison, files: tuple[str, str] | None) -> tuple[str, str]:
    """What the two are called above a column: their files, else their titles, else before and now.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.questions.comparison import compare
    >>> both = compare(capacity(example("cone")), capacity(example("mixed")))
    >>> sides(both, None), sides(both, ("old.toml", "new.toml"))
    (('Office NAT with four public addresses', 'NAT in front of a proxy that captures b…'), \
('old.toml', 'new.toml'))
    """
    titles = _shortened(found.old.title), _shortened(found.new.title)
    return next((pair for pair in (files, titles) if pair and pair[0] != pair[1]), ("before", "now"))


def titled(found: Comparison, files: tuple[str, str] | None) -> tuple[str, str]:
    """The two with their titles, and their files where these say more."""
    titles = found.old.title or "A chain", found.new.title or "A chain"
    both = zip(titles, files or titles, strict=True)
    old, new = (f"“{title}”" if title == file else f"“{title}”, {file}" for title, file in both)
    return old, new


def changed(found: Comparison) -> Iterator[Changed]:
    """The figures of both, from the verdict on."""
    old, new = found.old, found.new
    yield from _of_rate(old, new)
    flows = numbers.count(old.flows), numbers.count(new.flows)
    yield Changed("connections open at once", *flows, numbers.change(new.flows, old.flows))
    yield Changed("limited by", _limits(old.tightest), _limits(new.tightest))
    rates = numbers.rate(old.rate), numbers.rate(new.rate)
    yield Changed("highest rate /s", *rates, numbers.change(new.rate, old.rate))
    yield Changed("limited by", _limits(old.tightest_of_rate), _limits(new.tightest_of_rate))
    if not (old.served.are_all and new.served.are_all):
        yield Changed("clients with ports", *(_with_ports(side) for side in (old, new)))


def _of_rate(old: Capacity, new: Capacity) -> Iterator[Changed]:
    loads = offered(old), offered(new)
    if any(load.verdict for load in loads):
        yield Changed("verdict", *(load.verdict or "–" for load in loads))
    if any(load.rate is not None for load in loads):
        yield Changed(
            "offered rate /s", *("–" if load.rate is None else numbers.rate(load.rate) for load in loads)
        )
        yield Changed(
            "expected to fail", *(numbers.between(load.expected) if load.expected else "–" for load in loads)
        )
        yield Changed(
            "of the highest rate",
            *("–" if load.utilisation is None else numbers.percent(load.utilisation) for load in loads),
        )


def remarks(found: Comparison, names: tuple[str, str]) -> Iterator[str]:
    """Why a figure is a bound, and which hops are on one side only."""
    for name, side, only in zip(names, (found.old, found.new), (found.gone, found.added), strict=True):
        yield from (f"{name}: {reason}" for reason in totals.at_most(side))
        if only:
            yield f"Only in {name}: {', '.join(only)}."


def _limits(limits: Sequence[Limit]) -> str:
    return tied.names(limits) if limits else "nothing"


def _with_ports(result: Capacity) -> str:
    return f"{numbers.count(result.served.served)} of {numbers.count(result.served.clients)}"


def _shortened(title: str) -> str:
    return title if len(title) <= _LONGEST_NAME else f"{title[: _LONGEST_NAME - 1].rstrip()}…"
