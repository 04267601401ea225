"""The least count, or the largest of what takes room, with which a chain meets a target.

Bisected over single chains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import ceil
from typing import Any, NamedTuple

from tuplecalc.errors import ChainError, InputError, show
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.expression import Number, tidy
from tuplecalc.limits.served import served
from tuplecalc.network.chain import Chain, check_chain
from tuplecalc.network.cone import Cone
from tuplecalc.network.replace import path_steps, replace
from tuplecalc.network.values import number
from tuplecalc.questions.allowed import Allowed, allowed
from tuplecalc.questions.axis import Axis, ends_of, sizes_of
from tuplecalc.questions.crossover import crossovers
from tuplecalc.questions.highest_rate import highest_rate
from tuplecalc.questions.paths import COSTS, parsed
from tuplecalc.questions.roundings import a_little_more, as_decimal, middle, rounded_down, simplest
from tuplecalc.questions.solution import Solution, Target
from tuplecalc.under_load.chains import Bracket, result_blocking
from tuplecalc.under_load.checks import probability
from tuplecalc.under_load.offered import wanted_flows, with_wanted
from tuplecalc.under_load.roots import first_whole
from tuplecalc.under_load.share_failing import Failing, failing_at

FARTHEST = 1_000_000
"""Services, and machines that share them out: more is no design."""
_FIRST = 32  # values of a number that may go up and down, looked at one by one
_MOST = 500  # of such a number in a long range, where that finds none
_SHORTEST = Fraction(2, 10**18)  # half of it is the shortest time that a chain takes, but for none
_CLOSEST = Fraction(1, 10**30)  # of a time: where bisection ends
_CLOSE = Fraction(1, 10**9)  # the same where only blocking tells, in floats


def solve(
    chain: Chain,
    path: str,
    *,
    flows: int | None = None,
    rate: object = None,
    blocking: float | None = None,
    most_failing: float | None = None,
) -> Solution:
    """The least value of a count, or the largest of what takes room, with which a chain meets a target.

    ``path`` is that of ``--set``: any number of addresses, instances, ports of a block, entries or
    files; a range of ports, of which the size is asked (:func:`~tuplecalc.questions.port_sizes.resized`
    says which ports it has then); or, of which the largest is asked, a time, connections or files of
    a flow, the share of a kind or of a group of services.  ``=LOW..HIGH`` behind it keeps the answer
    in a range; it is no more than the ``most`` that a table or its preset allows, and one of the
    multiples that it takes.  The target is so many ``flows`` at once, a ``rate`` in connections a
    second, or at this rate at most a share ``blocking`` that fails in the best case, or ``most_failing``
    that is expected to fail, of all and of each kind and group, by its upper bound; without any of
    them the rate and the flows that the chain asks for, and that each client is served and has its
    ``flows_each``.  Of clients that want so many each the most are asked that will do, and of their
    ``flows_each`` the most that all of them can have at once.

    Exact integers and fractions are bisected by :func:`~tuplecalc.limits.capacity.capacity` of the
    chain with the value, from a guess in proportion outwards.  So the answer meets the target, and
    one less does not: the least of all, where more is never worse.  Where more may be worse
    (services, instances, clients that share out ports), it is the least up to 32, and beyond
    that one from which on the target is met, where one is found (:attr:`Solution.is_proven`).  Larger
    blocks, and more clients, leave clients without ports: the largest value that serves them is the
    end of the range.  A time meets the target, and one longer by 1e-30
    of it does not (1e-9 with ``blocking``); it is exact where it is the root of a straight line.
    The shares that will do have no gap, since what flows take of a limit is convex in them: the
    answer is their upper end.

    Raises :class:`~tuplecalc.errors.InputError` for a path that leads to no count or time, for a key
    that is ``fixed``, for a target that is none, and where there is no target.

    >>> from tuplecalc.network.file import example
    >>> solve(example("outage"), "hops.lvs.addresses", rate=5000)
    <Solution hops.lvs.addresses = 9 for 5,000/s: 1,741,824 flows, 5,278.25/s, limited by login-proxy/shared>
    >>> solve(example("outage"), "traffic.hold", rate=700).value
    Fraction(6162, 25)
    """
    check_chain(chain)
    if parsed(path)[0] == ["traffic", "rate"]:
        return highest_rate(chain, path, flows=flows, rate=rate, blocking=blocking, most_failing=most_failing)
    axis, is_open = sizes_of(chain, path) or ends_of(chain, path, FARTHEST, wanted=True)
    first, *_, key = path_steps(axis.path)
    of_clients = key if first == "clients" else ""
    target = _target(chain, flows, rate, blocking, most_failing, each=of_clients == "flows_each")
    bounds = _allowed(chain, axis.path, path)
    is_share = axis.path.endswith(".share")
    if axis.unit == "" and not is_share:
        raise InputError(f"{show(path)}: a share has no least or largest; name a count or a time")
    if axis.unit == "1/s":
        rule = "`capacity` says the highest rate of each kind while the others stay as offered"
        raise InputError(f"{show(path)}: {rule}; name another number")
    search = _Search(chain, axis, target)
    low, high = axis.values
    serving = None
    is_bounded = bounds.most is not None and bounds.most <= high
    high = bounds.most if is_bounded and bounds.most else high
    are_served = target.serves and of_clients in ("addresses", "flows_each")
    is_largest = not axis.is_count or key in COSTS or are_served
    best: Number | None
    step = 1
    if axis.is_count:
        serving = search.serving(int(low), int(high))
        top = int(high) if serving is None else max(int(low), serving)
        best = (search.most if is_largest else search.least)(int(low), top)
        served = search.most_served(int(low), int(high)) if best is None and is_largest else None
        best = served if served is not None and search.met(served) else best
        if best is not None and not is_largest:
            best = next(filter(search.met, bounds.up(int(best), int(high))), None)
        worst = top if not is_largest else low if served is None else served
        shown = worst if best is None else best
        step = 1 if is_largest else bounds.step(int(shown))
        next_one = shown + (step if is_largest else -step)
        beside = next_one if best is not None and max(low, bounds.least) <= next_one <= high else None
    else:
        best = search.largest_share() if is_share else search.longest_of_all(low, high)
        shown = low if best is None else as_decimal(best)
        beside = None if best in (None, high) else min(a_little_more(shown), high)
    result, lost, really, _ = search.at(shown)
    return Solution(
        axis.path,
        axis.name,
        axis.unit,
        target,
        best,
        axis.setting(shown),
        result,
        beyond=None if beside is None else search.at(beside).result,
        blocking=lost,
        is_any=is_largest and is_open and not is_bounded and best == high,
        looked_at=None if (is_open and not is_bounded) or is_share else (low, high),
        is_largest=is_largest,
        most=bounds.most if is_bounded else None,
        step=step,
        is_proven=search.is_proven,
        expected=really,
        serving=None if serving is None or serving < low else serving,
    )


def _allowed(chain: Chain, path: str, written: str) -> Allowed:
    """What is allowed there; raises where the key is fixed."""
    found = allowed(chain, path)
    if found.is_fixed:
        rule = "this cannot be changed here: it is `fixed`, by the file or by its preset"
        raise InputError(f"{show(written)}: {rule}; name another number")
    return found


class _Tried(NamedTuple):
    """The chain with a value, what fails, and whether the target is met."""

    result: Capacity
    lost: Bracket | None
    really: Failing | None
    is_met: bool


class _Search:
    """Single chains with values of one number."""

    def __init__(self, chain: Chain, axis: Axis, target: Target) -> None:
        self.chain, self.axis, self.target = chain, axis, target
        self.known: dict[Number, _Tried] = {}
        self.is_proven = True

    def at(self, value: Number) -> _Tried:
        """What a value gives."""
        if value not in self.known:
            result = capacity(replace(self.chain, *self.axis.change(value)))
            lost = really = None
            if self.target.share is None or self.target.rate is None:
                is_met = self.target.is_met(result)
            elif self.target.failing is not None:
                really = failing_at(result, float(self.target.rate))
                most = with_wanted(really.most, wanted_flows(result))
                is_met = most <= self.target.failing and self.target.has_flows(result)
            else:
                lost = result_blocking(result, float(self.target.rate))
                is_met = lost.upper <= self.target.share and self.target.has_flows(result)
            self.known[value] = _Tried(result, lost, really, is_met)
        return self.known[value]

    def met(self, value: Number) -> bool:
        """Whether a value meets the target; not if the other keys do not allow it."""
        try:
            return self.at(value).is_met
        except ChainError:
            return False

    def serving(self, low: int, high: int) -> int | None:
        """The largest number with which enough clients get ports; low - 1 where there is none.

        None where they do at the upper end: blocks get fewer as they grow, and clients more, so that it
        never gets better again.
        """
        if not self._is_block and not self._is_of_clients:
            return None

        def are_too_few(value: int) -> bool:
            return not self.target.has_clients(served(replace(self.chain, *self.axis.change(value))))

        if not are_too_few(high):
            return None
        return (low if are_too_few(low) else first_whole(are_too_few, low, high)) - 1

    def least(self, low: int, high: int) -> int | None:
        """The least whole number that will do."""
        if self._may_fall() or not self.met(high):
            below = low
            for n in _upwards(low, high):
                if self.met(n):
                    return n if n - below <= 1 else first_whole(self.met, below, n)
                below = n
            return self._looked_for(low, high) if self._may_fall() else None
        present = min(max(int(self.axis.present or low), low), high)
        guess, step = min(max(self._in_proportion(present), low), high), 1
        if self.met(guess):
            while guess > low and self.met(max(guess - step, low)):
                guess, step = max(guess - step, low), 2 * step
            return guess if guess == low else first_whole(self.met, max(guess - step, low), guess)
        while not self.met(min(guess + step, high)):
            guess, step = guess + step, 2 * step
        return first_whole(self.met, guess, min(guess + step, high))

    def _looked_for(self, low: int, high: int) -> int | None:
        """One of a range where more may be worse: each number of a short one, else some all over it."""
        if self._is_block and not self.target.share:
            return None  # of all that leave no client without ports the largest does most
        of_services = path_steps(self.axis.path)[0] == "services"
        if of_services and not self.target.has_clients(self.at(high).result.served):
            return None  # whatever the services, as many clients get ports
        step = -(-(high + 1 - low) // max(_MOST // max(len(list(self.chain.hops_at_work)), 1), _FIRST))
        self.is_proven = step == 1
        found = next(filter(self.met, range(low, high + 1, step)), None)
        while found is not None and found > low and self.met(found - 1):
            found -= 1
        return found

    def _may_fall(self) -> bool:
        """Whether more may be worse: what is dealt out leaves a rest, and more clients leave more without."""
        steps = path_steps(self.axis.path)
        divided = any(isinstance(hop, Cone) and hop.block == "even" for hop in self.chain.hops)
        without = self._is_of_clients and bool(self.target.share)
        # More ports may be some that another hop picks too, unseen.
        blind = self.target.failing is not None and self.axis.ports is not None
        of_all = steps[0] == "services" or steps[-1] == "instances"
        return blind or divided or without or self._is_block or of_all

    @property
    def _is_block(self) -> bool:
        return path_steps(self.axis.path)[-1] == "block"

    @property
    def _is_of_clients(self) -> bool:
        steps = path_steps(self.axis.path)
        return (steps[0], steps[-1]) == ("clients", "addresses")

    def _in_proportion(self, present: int) -> int:
        """Where the target would be met if all figures grew with the number."""
        found = self.at(present).result
        figures = (self.target.flows, found.flows), (self.target.rate, found.rate)
        ratios = (Fraction(wanted) / figure for wanted, figure in figures if wanted and figure)
        return ceil(present * max(ratios, default=Fraction(1)))

    def most(self, low: int, high: int, met: Callable[[int], bool] | None = None) -> int | None:
        """The largest whole number that will do, of those below the first that is too large."""
        enough, met = low, met or self.met
        for n in _upwards(low, high):
            if not met(n):
                return None if n == low else first_whole(lambda m: not met(m), enough, n) - 1
            enough = n
        return high

    def most_served(self, low: int, high: int) -> int | None:
        """The largest whole number with which all clients are served, be the rate enough or not.

        The more there are, the higher is their rate: where one client is too few for it, this many are not,
        or no number is enough.
        """
        return self.most(low, high, lambda value: self.target.has_flows(self.at(value).result))

    def largest_share(self) -> Number | None:
        """The largest share that will do: each figure falls from the last place on at which it is enough.

        Figures are highest where two limits meet, or at an end, and there they are looked at.
        """
        crossed, (low, high) = crossovers(self.chain, self.axis), self.axis.values
        has_rate = self.target.has_rate if self.target.share is None else None
        top = high
        for intervals, has in ((crossed.flows, self.target.has_flows), (crossed.rate, has_rate)):

            def met(value: Number, has: Callable[[Capacity], bool] | None = has) -> bool:
                return self.met(value) if has is None else has(self.at(value).result)

            places = {low, high, *(interval.low for interval in intervals)}
            enough = max(filter(met, places), default=None)
            end = None if enough is None else self.longest(enough, high, met)
            if end is None:
                return None
            top = min(top, end)
        return top if self.met(top) else None

    def longest_of_all(self, low: Number, high: Number) -> Number | None:
        """The longest time; where less may be worse, since it is forgotten too soon, out of some all over."""
        if self.target.failing is None or (self.met(low) and not self.met(high)):
            return self.longest(low, high)
        enough, above = None, high
        for value in _times(low, high, self.axis.present):
            if self.met(value):
                enough, above = value, high
            elif enough is not None and above == high:
                above = value
        self.is_proven = enough is not None and (enough == high or self.met(low))
        return None if enough is None else self.longest(enough, above)

    def longest(
        self, low: Number, high: Number, met: Callable[[Number], bool] | None = None
    ) -> Number | None:
        """The longest time, or the largest of another number, that will do."""
        met = met or self.met
        if met(high) or not met(low):
            return high if met(high) else None
        is_exact = self.target.share is None
        turn = 0
        closest = _CLOSEST if is_exact else _CLOSE
        while high - low > (within := max(high * closest, 0 if low else _SHORTEST)):
            turn += 1
            crossing = self._crossing(low, high) if is_exact and turn % 3 else None
            guess = middle(low, high) if crossing is None else max(crossing, low + within)
            low, high = (guess, high) if met(guess) else (low, guess)
        if not is_exact:
            return rounded_down(low)
        short = simplest(low, high)
        is_root = self.at(low).result.rate == self.target.rate
        return short if not is_root and short < high and met(short) else tidy(low)

    def _crossing(self, low: Number, high: Number) -> Number | None:
        """Where the limit that binds at the upper end meets the target, if 1/rate is a straight line."""
        there = self.at(high).result.rate_binding
        if there is None or not there.rate or self.target.rate is None:
            return None
        limits = self.at(low).result.limits
        here = next((each for each in limits if (each.hop, each.name) == (there.hop, there.name)), None)
        if here is None or here.rate == 0:
            return None
        start = Fraction(0) if here.rate is None else 1 / Fraction(here.rate)
        end, wanted = 1 / Fraction(there.rate), 1 / Fraction(self.target.rate)
        return low + (high - low) * (wanted - start) / (end - start) if start <= wanted < end else None


def _upwards(low: int, high: int) -> Iterator[int]:
    """The first values one by one, then at twice the distance each time."""
    yield from range(low, min(low + _FIRST, high) + 1)
    step = 2 * _FIRST
    while low + step < high:
        yield low + step
        step *= 2
    yield high


def _times(low: Number, high: Number, present: Number | None) -> list[Number]:
    """Times all over a range, by equal ratios; a day is more than any device keeps."""
    ends = max(low, _SHORTEST), min(high, max(86_400, 4 * (present or 0)))
    start = max(ends[0], Fraction(1, 100))
    ratios = (start * Fraction(2) ** n for n in range(64))
    return sorted({low, high, present or low, *(tidy(each) for each in ratios if start <= each <= ends[1])})


def _target(chain: Chain, flows: Any, rate: Any, blocking: object, failing: object, *, each: bool) -> Target:
    """What is asked, else what the chain asks for; ``each`` where the flows of each client are looked for."""
    flows = flows.item() if hasattr(flows, "item") else flows
    if flows is not None and (isinstance(flows, bool) or not isinstance(flows, int) or flows < 1):
        raise InputError(
            f"flows {show(flows)}: a target is a whole number of 1 or more; write it as in 100000"
        )
    numbers: tuple[int, ...] = ()
    wanted: Any = rate
    if rate is None and ((flows is None and not each) or (blocking, failing) != (None, None)):
        wanted = chain.traffic.offered
    if rate is None and flows is None and not each:
        flows = chain.traffic.flows
        numbers = tuple(sorted({group.flows_each for group in chain.clients if group.flows_each is not None}))
    wanted = wanted.item() if hasattr(wanted, "item") else wanted  # numpy's numbers
    try:
        found = None if wanted is None else number(wanted, "a rate")
    except ChainError as error:
        raise InputError(f"rate: {error}") from None
    if found is not None and found <= 0:
        raise InputError(f"rate {show(rate)}: a rate is above 0; write it as in 700")
    if found is None and flows is None and not (numbers or each):
        raise InputError("there is no target; name flows or a rate, or write `rate` under [traffic]")
    for name, asked in (("blocking", blocking), ("most_failing", failing)):
        if found is None and asked is not None:
            raise InputError(f"{name} is that of a rate; name one, or write `rate` under [traffic]")
    if blocking is not None and failing is not None:
        rule = "blocking is the best case only, most_failing what is expected"
        raise InputError(f"{rule}; leave one of them out")
    best = None if blocking is None else probability(blocking, "blocking")
    really = None if failing is None else probability(failing, "most_failing")
    return Target(flows, found, best, numbers, each or bool(numbers), really)
