"""A solution in words: the value, what limits the chain with it, and what misses the target beside it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tuplecalc.limits.capacity import Capacity
from tuplecalc.questions.highest_rate import RATE
from tuplecalc.questions.paths import REAL_UNITS
from tuplecalc.questions.solution import Solution, Target
from tuplecalc.render import numbers, served, table, tied
from tuplecalc.render.sentences import totals
from tuplecalc.render.table import PAGE, Page
from tuplecalc.under_load.chains import Bracket, result_blocking
from tuplecalc.under_load.offered import FEW
from tuplecalc.under_load.share_failing import Failing, failing_at

_OF = ", of all, of any kind and of any group of clients"
_ALIKE = 1 + 1e-6
_MUCH_LESS = 0.5  # of what is really expected: else the best case is no better


def text(found: Solution, page: Page = PAGE) -> str:
    """The answer for a terminal.

    >>> from tuplecalc.questions.solving import solve
    >>> from tuplecalc.network.file import example
    >>> print(text(solve(example("outage"), "hops.lvs.addresses", rate=700)), end="")
    addresses of lvs: 2 is the least for 700/s, but in the best case only: really
    30.6% to 36.6% are expected to fail.
    With 2: 387,072 connections open at once, 1,173/s; login-proxy shared limits it.
    With 1: 193,536 connections, 586.5/s: not enough.
    --most-failing 0.1% finds a value with which no more than that fail.
      --set hops.lvs.addresses=2
    """
    said = [line for sentence in _sentences(found) for line in table.prose(sentence, page.prose)]
    if found.value is not None and not found.is_any:
        said.append(table.setting(found.setting))
    return "\n".join(said) + "\n"


def _sentences(found: Solution) -> Iterator[str]:
    if found.value is None:
        yield reason(found)
        return
    if found.path == RATE:
        yield from _highest_rate(found)
        return
    wanted, in_best_case, as_asked = target(found.target), "", ""
    share = None if found.target.failing is not None else _expected(found)
    most = FEW if found.target.blocking is None else found.target.blocking
    if share is not None and share.most > most:
        best_case = result_blocking(found.result, float(found.target.rate or 0)).upper
        is_less = best_case <= max(most, _MUCH_LESS * share.all.lower)
        where = "but in the best case only: really" if is_less else "but"
        wanted += f", {where} {_really(share).rstrip(',')}"
        in_best_case = "In the best case "
        as_asked = f"--most-failing {numbers.written(most)} finds a value with which no more than that fail."
    here = numbers.with_unit(found.value, found.unit)
    which = "the longest" if found.is_time else "the most" if found.is_largest else "the least"
    if found.target.share and not found.result.served.are_all:
        wanted += f", though {served.with_ports(found.result.served)}"
    if not found.is_proven:
        yield f"{found.name}: {here} will do for {wanted}; of the smaller ones only some were looked at."
        yield f"With {here}: {_counts(found, found.result, 'open at once')}; {_limit(found)} it."
    elif found.is_any:
        yield f"{found.name}: any {'time' if found.is_time else 'number'} will do for {wanted}."
    else:
        is_end = found.is_largest and found.beyond is None and found.unit
        every = f"every {'time' if found.is_time else 'number'} that was looked at will do"
        if is_end:
            yield f"{found.name}: {every} for {wanted}, up to {here}."
        else:
            yield f"{found.name}: {here} is {which} for {wanted}."
        if not (is_end and found.is_time):
            with_it = "Then" if found.unit in REAL_UNITS else f"With {here}:"
            yield f"{with_it} {_counts(found, found.result, 'open at once')}; {_limit(found)} it."
    yield from filter(None, [served.unserved(found.result.served)])
    if found.blocking:
        said = f"{in_best_case}{_share(found.blocking)} at {numbers.rate(found.target.rate)}/s."
        yield f"{said[:1].upper()}{said[1:]}"
    if found.expected:
        yield f"Then {_really(found.expected)} at {numbers.rate(found.target.rate)}/s."
    if found.beyond is not None and found.unit not in REAL_UNITS:
        beside = f"With {numbers.count((found.value or 0) + found.step * (1 if found.is_largest else -1))}"
        if found.target.share is not None:
            fail = "fail" if found.target.failing is None else "are expected to fail"
            yield f"{beside} more than {numbers.written(found.target.share)} {fail}."
        else:
            yield f"{beside}: {_just_under(found)}: not enough."
    yield from filter(None, [as_asked])
    yield from totals.at_most(found.result)
    yield from _range(found)


def _highest_rate(found: Solution) -> Iterator[str]:
    """The rate, what is expected to fail at it, and what part it is of the highest one."""
    result, rate = found.result, f"{numbers.rate(found.value)}/s"
    share = numbers.written(found.target.share or 0)
    if found.is_any:
        yield f"{found.name}: at any rate no more than {share} are expected to fail."
        return
    yield f"{found.name}: {rate} is the highest at which no more than {share} are expected to fail{_OF}."
    if found.expected is not None:
        more = "" if found.above is None else f", and more than {share} at {numbers.rate(found.above)}/s"
        yield f"{_really(found.expected)} at {rate}{more}."
    if result.rate:
        part = numbers.percent(Fraction(found.value or 0) / result.rate)
        yield f"This is {part} of the highest rate, {numbers.rate(result.rate)}/s; {_limit(found)} it."
    if not found.is_proven:
        yield (
            "Some rates do not keep this order: of those that were looked at, by steps of one half, this is "
            "the end of the lowest that will do."
        )
    yield from filter(None, [served.unserved(result.served)])
    yield from _range(found)


def _no_rate(found: Solution) -> str:
    """Why no rate will do: what fails at the lowest."""
    share, lowest = numbers.written(found.target.share or 0), found.setting.partition("=")[2]
    even = "" if found.expected is None else f": even at {lowest}/s {_really(found.expected)}"
    said = f"{found.name}: at no rate are {share} or fewer expected to fail{even}."
    return " ".join(filter(None, [said, served.unserved(found.result.served), *_range(found)]))


def reason(found: Solution) -> str:
    """Why no value helps: the tightest limit where it comes nearest."""
    if found.path == RATE:
        return _no_rate(found)
    result, wanted = found.result, found.target
    is_rate = wanted.rate is not None and wanted.has_flows(result) and result.rate is not None
    flows = wanted.open_at_once(result).flows
    figure = f"{numbers.rate(result.rate)}/s" if is_rate else f"{numbers.count(flows)} connections"
    share, lost = _expected(found), ""
    if found.blocking:
        best = "in the best case " if share is not None and share.all.upper > found.blocking.upper else ""
        lost = f", where {best}{_share(found.blocking)}"
    helps = "no value helps" if found.is_proven else "none was found that helps"
    said = f"{found.name}: {helps} for {target(wanted)}"
    if wanted.has_clients(result.served):
        at = "" if found.serving is None else f"with {numbers.count(found.serving)} "
        more = "" if found.serving is None else "More than that leave clients without ports."
        said += f": {at}{_limit(found, 'allows')} {figure}{lost}."
        return " ".join(filter(None, [said, more, served.unserved(result.served), *_range(found)]))
    return " ".join(
        [f"{said}: {served.with_ports(result.served)}, and what the others open fails.", *_range(found)]
    )


def target(wanted: Target) -> str:
    """``700/s and 100,000 connections open at once``."""
    parts = []
    if wanted.flows is not None:
        parts.append(f"{numbers.count(wanted.flows)} connections open at once")
    if wanted.rate is not None:
        most = "" if wanted.share is None else f" of which at most {numbers.written(wanted.share)}"
        lost = "" if wanted.share is None else f"{most} fail"
        lost = lost if wanted.failing is None else f"{most} are expected to fail"
        parts.append(f"{numbers.rate(wanted.rate)}/s{lost}")
    if wanted.each:
        flows = "connection" if wanted.each == (1,) else "connections"
        parts.append(f"{' or '.join(map(numbers.count, wanted.each))} {flows} open of each client")
    elif wanted.serves:
        parts.append("all clients at once")
    return " and ".join(parts)


def _range(found: Solution) -> Iterator[str]:
    if found.most is not None:
        many = "1 is" if found.most == 1 else f"{numbers.count(found.most)} {found.unit} are"
        yield f"{many} the most that this product allows."
    elif found.looked_at is not None:
        low, high = (numbers.with_unit(end, found.unit) for end in found.looked_at)
        yield f"Looked at: {low} to {high}."


def _limit(found: Solution, verb: str = "limits") -> str:
    """What binds, with its verb: all limits that are as tight."""
    return f"{tied.names(found.tightest)} {tied.verb(found.tightest, verb)}"


def _counts(found: Solution, result: Capacity, words: str = "") -> str:
    flows = found.target.open_at_once(result).flows
    rate = "" if result.rate is None else f", {numbers.rate(result.rate)}/s"
    return f"{numbers.count(flows)} connections {words}".rstrip() + rate


def _just_under(found: Solution) -> str:
    """What misses the target, in words where the digits would be those of the target."""
    assert found.beyond is not None
    said, wanted = _counts(found, found.beyond), found.target.rate
    if not found.target.has_clients(found.beyond.served):
        said += f", {served.with_ports(found.beyond.served)}"
    if wanted is not None and found.beyond.rate is not None and found.beyond.rate < wanted:
        near, rate = numbers.rate(found.beyond.rate), numbers.rate(wanted)
        if near in (rate, f"{rate}.0"):
            said = said.replace(f", {near}/s", f", just under {rate}/s")
    return said


def _expected(found: Solution) -> Failing | None:
    """What is expected to fail of the rate that is asked for; None where none is, or no flow gets through."""
    rate, result = found.target.rate, found.result
    return None if rate is None or not result.flows else failing_at(result, float(rate))


def _really(failing: Failing) -> str:
    """What is expected to fail, of all, and of the kind or group that fails most where that is more."""
    share, most = numbers.between(failing.all), numbers.share(failing.most)
    said = f"{share} {'is' if share == 'none' else 'are'} expected to fail"
    if failing.most <= failing.all.upper * _ALIKE:
        return said
    return f"{said} of all, and {most} of those that fail most,"


def _share(lost: Bracket) -> str:
    share = numbers.between(lost)
    return "none of the connections fails" if share == "none" else f"{share} of the connections fail"
