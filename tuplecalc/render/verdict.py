"""The first words about an offered rate: whether it fits, what is expected to fail, the best case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tuplecalc.render import numbers

if TYPE_CHECKING:
    from tuplecalc.under_load.offered import Offered

IS = {"fits": "it fits", "tight": "it is tight", "fails": "it fails"}


def verdict(load: Offered) -> str:
    """Whether the offered rate fits, and what is expected to fail; empty where none is offered.

    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.under_load.offered import offered
    >>> verdict(offered(example("cone")))
    'Fits: none of the connections is expected to fail at 1,500/s.'
    """
    return f"{load.verdict.capitalize()}: {expected(load)}." if load.verdict else ""


def expected(load: Offered) -> str:
    """What is expected to fail of the offered rate, as devices really choose their ports."""
    if load.rate is None or load.expected is None:
        return ""
    share = numbers.between(load.expected)
    verb = "is" if share == "none" else "are"
    worse = load.worse_group
    of_kind = f", and {numbers.between(worse.expected)} of {worse.name}" if worse else ""
    return f"{share} of the connections {verb} expected to fail at {numbers.rate(load.rate)}/s{of_kind}"


def failing(load: Offered) -> str:
    """The few words of a title where the offered rate fails; else empty.

    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.under_load.offered import offered
    >>> failing(offered(example("cone")))
    ''
    """
    failed = load.expected if load.verdict == "fails" else None
    return f"{numbers.between(failed)} are expected to fail" if failed else ""


def best_case(load: Offered) -> str:
    """What part of the highest rate is offered, and what fails of it if ports are chosen in concert.

    Empty where no rate is offered.  What fails is said only where more is expected to.

    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.under_load.offered import offered
    >>> best_case(offered(example("inverted-cone-tproxy")))
    'Best case, ports chosen in concert: none fails; 1,500/s is 7.1% of the highest rate.'
    """
    if load.rate is None or load.blocking is None:
        return ""
    share = numbers.between(load.blocking)
    use = f"{numbers.rate(load.rate)}/s is {used(load)}" if load.utilisation is not None else used(load)
    if load.expected == load.blocking:
        proven = "" if load.blocking.is_exact else f" (what fails: {_bounds(share)})"
        return f"{use[:1].upper()}{use[1:]}{proven}."
    proven = "" if load.blocking.is_exact else f" ({_bounds(share)})"
    verb = "fails" if share == "none" else "fail"
    return f"Best case, ports chosen in concert: {share} {verb}{proven}; {use}."


def used(load: Offered) -> str:
    """How much of the highest rate is offered."""
    if load.utilisation is not None:
        return f"{numbers.percent(load.utilisation)} of the highest rate"
    if load.highest == 0:
        passes = any(each.expected.upper < 1 for each in load.kinds)
        return "one kind finds no room at all" if passes else "no flow gets through"
    return "nothing limits the rate"


def lines(load: Offered) -> Iterator[str]:
    """The verdict, then the best case; nothing where no rate is offered."""
    yield from filter(None, (verdict(load), best_case(load)))


def _bounds(share: str) -> str:
    return "a bracket, not proven" if " to " in share else "bounds that agree, not proven"
