"""The first words about what is offered: whether it fits, what is expected to fail, the best case."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from tuplecalc.questions.not_counted import NotCounted, not_counted
from tuplecalc.render import kinds, numbers, served
from tuplecalc.under_load.offered import FEW, TIGHT

if TYPE_CHECKING:
    from tuplecalc.network.chain import Chain
    from tuplecalc.under_load.offered import Carried, Offered, Wanted

BEST_CASE = "Best case, if no two hops ever picked the same port"
_MEANS = f"more than {numbers.percent(TIGHT)} of what is possible is used"
_NOT_AMONG_THEM = "those that linger after the close are not among them"
IS = {"fits": "it fits", "tight": f"it is tight ({_MEANS})", "fails": "it fails"}


_MOST_SHORT = 2
_HOLDS = {"max_entries": "{}’s table holds {} entries", "max_files": "{} may open {} files"}


def verdict(load: Offered) -> str:
    """Whether what is offered fits, and what is expected to fail; empty where nothing is.

    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.under_load.offered import offered
    >>> verdict(offered(example("cone")))
    'Fits: none of the connections is expected to fail at 1,500/s.'
    """
    if not load.verdict:
        return ""
    means = f" Tight means that {_MEANS}." if load.verdict == "tight" else ""
    return f"{load.verdict.capitalize()}: {expected(load)}.{means}{_from_empty(load)}"


def _from_empty(load: Offered) -> str:
    """What is left out of the connections that are wanted at once; empty where none are."""
    if not any(each.possible for each in load.wanted):
        return ""
    return f" Connections wanted at once are counted from empty: {_NOT_AMONG_THEM}."


def expected(load: Offered) -> str:
    """What is expected to fail of the offered rate, as devices really choose their ports, or of wanted flows.

    What decides the verdict comes first, and on what it depends, last.
    """
    said = [(each.verdict, wanted(each)) for each in load.wanted]
    if load.of_rate:
        said.insert(0, (load.of_rate, _of_rate(load)))
    decides = sorted(said, key=lambda each: each[0] != load.verdict)
    return f"{'; '.join(words for _, words in decides)}{condition(load)}"


def failing_most(load: Offered) -> str:
    """:func:`expected`, but what fails most comes first, as it is what a gate looks at.

    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.under_load.offered import offered
    >>> failing_most(offered(example("mixed-by-share")))
    '0.348% to 0.349% of transparent are expected to fail at 4,000/s, and 0.232% of all connections'
    """
    worse = load.worse_group
    if worse is None or load.expected is None or load.most_failing > worse.expected.upper:
        return expected(load)
    share, whole = numbers.between(worse.expected), numbers.between(load.expected)
    at = f"{numbers.rate(load.rate)}/s"
    return f"{share} of {worse.name} are expected to fail at {at}, and {whole} of all connections"


def _of_rate(load: Offered) -> str:
    if load.rate is None or load.expected is None:
        return ""
    share = numbers.between(load.expected)
    verb = "is" if share == "none" else "are"
    is_estimate = load.blocking is not None and load.expected == load.blocking and not load.blocking.is_exact
    how = f" ({_bounds(share)})" if is_estimate and "none" not in share else ""
    said = f"{share}{how} of the connections {verb} expected to fail at {numbers.rate(load.rate)}/s"
    if worse := load.worse_group:
        return f"{said}, and {numbers.between(worse.expected)} of {worse.name}"
    if load.overloaded and load.expected.upper <= FEW:
        said += ", which is more than the highest rate"
    return said


def wanted(each: Wanted) -> str:
    """Whether as many flows can be open as shall be, in all or of each client.

    >>> from tuplecalc.limits.served import Served
    >>> from tuplecalc.under_load.offered import Wanted
    >>> wanted(Wanted(200_000, 193_536, Served(9, 9), False))
    '200,000 connections wanted at once are 103% of those that can be open'
    """
    flows = numbers.connections(each.flows)
    what = f"{flows}, so that each client has its flows_each," if each.is_each else f"{flows} wanted at once"
    if not each.possible:
        return f"{what} cannot be: no connection gets through"
    use = numbers.percent(Fraction(each.flows, each.possible))
    which = f"the {numbers.count(each.possible)}" if each.is_other_mix else "those"
    mix = " in this mix" if each.is_other_mix else ""
    said = f"{what} {'is' if each.flows == 1 else 'are'} {use} of {which} that can be open{mix}"
    if not each.served.are_all:
        also = "but" if each.flows <= each.possible else "and"  # "but" sets it against what is well
        said += f", {also} {served.with_ports(each.served)}"
    return said


def condition(load: Offered) -> str:
    """What has to be larger than usual, of what is not counted, so that nothing else fails.

    Empty where it fails anyway.

    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.under_load.offered import offered
    >>> condition(offered(example("cone", ["traffic.rate=30000"])))
    ', if nat’s table holds 3,660,000 entries (Linux: 262,144)'
    """
    return "" if load.verdict == "fails" else condition_of(load.result.chain)


def condition_of(chain: Chain) -> str:
    """:func:`condition` for a chain that does not fail, such as one with a remedy."""
    short = sorted((each for each in not_counted(chain) if each.is_short), key=_by_need)
    if not short:
        return ""
    more = len(short) - _MOST_SHORT
    several = [f"{more:,} more {'have' if more > 1 else 'has'} what is needed"] if more > 0 else []
    return f", if {kinds.listed([*map(_holds, short[:_MOST_SHORT]), *several])}"


def _holds(each: NotCounted) -> str:
    needs = _HOLDS[each.key].format(each.hop, numbers.count(each.needs))
    return f"{needs} (Linux: {numbers.count(each.usual)})"


def _by_need(each: NotCounted) -> float:
    return -(each.needs or 0) / (each.usual or 1)


def failing(load: Offered) -> str:
    """The few words of a title where the offered rate fails; else empty.

    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.under_load.offered import offered
    >>> failing(offered(example("cone")))
    ''
    """
    failed = load.expected if load.of_rate == "fails" else None
    return f"{numbers.between(failed)} are expected to fail" if failed else ""


def blames_picks(load: Offered) -> str:
    """That blind picks are why it fails, more than full ports; empty where they are not most of it.

    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.under_load.offered import offered
    >>> blames_picks(offered(example("inverted-cone-tproxy")))
    'Blind picks, not a lack of ports: nat and proxy pick the same ones unseen.'
    >>> blames_picks(offered(example("outage")))
    'Blind picks, more than a lack of ports: lvs and login-proxy pick the same ones unseen.'
    """
    worst = load.worst
    if load.of_rate != "fails" or worst is None or load.expected is None or load.blocking is None:
        return ""
    if 2 * load.blocking.upper > load.expected.upper:
        return ""
    lacks = load.overloaded or load.blocking.upper > FEW
    why = f"Blind picks, {'more than' if lacks else 'not'} a lack of ports"
    names = kinds.listed(worst.choosers)
    if len(worst.choosers) > 1 and worst.hop in worst.choosers:
        return f"{why}: {names} pick the same ones unseen."
    return f"{why}: {names} picks some that are taken at {worst.hop}, unseen."


def best_case(load: Offered) -> str:
    """What part of the highest rate is offered, and what fails of it if no two hops pick the same port.

    Empty where no rate is offered.  What fails is said only where more is expected to.

    >>> from tuplecalc.network.file import example
    >>> from tuplecalc.under_load.offered import offered
    >>> best_case(offered(example("inverted-cone-tproxy")))
    'Best case, if no two hops ever picked the same port: none fails; 1,500/s is 7.1% of the highest rate.'
    """
    if load.rate is None or load.blocking is None:
        return ""
    share = numbers.between(load.blocking)
    use = f"{carried(load)} {used(load)}" if load.utilisation is not None else used(load)
    if load.expected == load.blocking:
        return f"{use[:1].upper()}{use[1:]}."
    proven = "" if load.blocking.is_exact else f" ({_bounds(share)})"
    verb = "fails" if share == "none" else "fail"
    return f"{BEST_CASE}: {share} {verb}{proven}; {use}."


def carried(load: Offered | Carried) -> str:
    """Whose rate is set against the highest one: that of the clients with ports."""
    rate = f"{numbers.rate(load.rate)}/s"
    if load.of_served == load.rate:
        return f"{rate} is"
    return f"of {rate} the clients with ports open {numbers.rate(load.of_served)}/s, which is"


def used(load: Offered) -> str:
    """How much of the highest rate is offered."""
    if load.utilisation is not None:
        return f"{numbers.percent(load.utilisation)} of the highest rate"
    if load.highest == 0:
        passes = any(each.expected.upper < 1 for each in load.kinds)
        return "one kind finds no room at all" if passes else "no connection gets through"
    return "nothing limits the rate"


def lines(load: Offered) -> Iterator[str]:
    """The verdict, why, then the best case; nothing where nothing is offered."""
    yield from filter(None, (verdict(load), blames_picks(load), best_case(load)))


def _bounds(share: str) -> str:
    return "a bracket whose ends are estimates" if " to " in share else "an estimate"
