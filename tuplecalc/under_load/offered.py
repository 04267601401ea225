"""The offered rate beside what the chain sustains: what fails, what fails first and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import inf
from typing import Literal, NamedTuple

from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.demand import wanted_by_clients
from tuplecalc.limits.expression import Number
from tuplecalc.limits.served import Served, of_served
from tuplecalc.network.chain import Chain
from tuplecalc.network.mix import Strand as Ways
from tuplecalc.under_load.chains import Bracket, by_kind, of_all, rate_for
from tuplecalc.under_load.checks import probability
from tuplecalc.under_load.choice import BlindHop, blind_hops
from tuplecalc.under_load.exhaustion import Exhausted, exhausted
from tuplecalc.under_load.mean_field import MeanField
from tuplecalc.under_load.pools import Pools, Strand, Taking, pools, strand_name
from tuplecalc.under_load.share_failing import shares_failing

Verdict = Literal["fits", "tight", "fails"]
FEW = 1e-3
"""The share that may be expected to fail, of all and of each kind, of a rate that fits."""
TIGHT = Fraction(4, 5)
"""The share of what is possible above which it is tight."""
_ALIKE = 1e-6
_WORSE: tuple[Verdict, ...] = "fits", "tight", "fails"


class HopUse(NamedTuple):
    """What clients with ports offer, over the highest rate of a hop's own limits; None: nothing limits it."""

    name: str
    utilisation: Number | None


class Carried(NamedTuple):
    """An offered rate, what of it clients with ports open, and the part of the highest rate that this is."""

    rate: Fraction | None
    of_served: Fraction | None
    utilisation: Number | None


class MostAt(NamedTuple):
    """The highest rate at which at most a share ``blocking`` of the connections fails; None: any."""

    blocking: float
    rate: float | None


class KindLoad(NamedTuple):
    """What becomes of one kind's part of the offered rate."""

    kind: str
    """Its name; empty where all flows are alike."""
    rate: Fraction
    """Its new connections a second."""
    failing: Bracket
    """The share of them that fails in steady state."""
    exhausted: Exhausted | None
    """The first of the limits that it needs to run dry, and when; None where none does."""
    expected: Bracket = Bracket(0.0, 0.0)
    """What fails of them as devices really choose their ports: :attr:`failing` is the best case."""

    @property
    def seconds(self) -> float | None:
        """From empty until it finds no room; None where it always does, on average."""
        return self.exhausted.seconds if self.exhausted else None


class GroupLoad(NamedTuple):
    """What becomes of the flows of one kind from one group of clients to one of services."""

    kind: str
    clients: str
    services: str
    """The name of each; empty where there is only one."""
    rate: Fraction
    expected: Bracket

    @property
    def name(self) -> str:
        """What tells it apart, in words: ``login``, ``those from tiny``, ``login from tiny to web``."""
        ends = ("from", self.clients), ("to", self.services)
        return " ".join([self.kind or "those", *(f"{word} {name}" for word, name in ends if name)])


class Wanted(NamedTuple):
    """Flows that shall be open at once, beside those that can be."""

    flows: int
    possible: int
    served: Served
    is_each: bool
    """Whether they are what clients want each (``flows_each``), so that all clients need ports."""
    is_other_mix: bool = False
    """Whether as many can be open only as clients want them, and other numbers as the chain is mixed."""

    @property
    def verdict(self) -> Verdict:
        """``fails`` where not all can be open, as over 0.1 % of clients without ports, or any that want flows
        each; ``tight`` over 80 % of what can be."""
        if self.failing > FEW or (self.is_each and not self.served.are_all) or self.flows > self.possible:
            return "fails"
        return "tight" if self.flows > self.possible * TIGHT else "fits"

    @property
    def used(self) -> Fraction | None:
        """How much of what can be open is wanted; None where nothing can be."""
        return Fraction(self.flows, self.possible) if self.possible else None

    @property
    def failing(self) -> float:
        """The share that is known to fail, however ports are chosen: there is no room, or no port for it."""
        return float(max(1 - Fraction(self.possible, self.flows), self.served.without))


class Offered(NamedTuple):
    """A rate beside the highest one; what is said of it is None or empty where none is offered."""

    result: Capacity
    """What it is offered to."""
    rate: Fraction | None
    highest: Number | None
    """The highest sustained rate; None where nothing limits it."""
    used: tuple[HopUse, ...]
    """How much of each hop's own highest rate clients with ports offer, the clients first."""
    blocking: Bracket | None
    """The share of connections that fails in steady state."""
    exhausted: Exhausted | None
    """What runs dry first; None where nothing does."""
    blind: tuple[BlindHop, ...]
    """Where legs meet that no device sees both of, and what that costs."""
    most: MostAt | None
    """What ``--blocking`` asks for."""
    kinds: tuple[KindLoad, ...] = ()
    """Each kind of traffic by itself; one without a name where all flows are alike."""
    not_served: Fraction = Fraction(0)
    """The part of the clients that get no ports: all that they open fails."""
    expected: Bracket | None = None
    """The share that fails as devices really choose their ports; :attr:`blocking` is the best case."""
    groups: tuple[GroupLoad, ...] = ()
    """The parts of each kind: from one group of clients to one of services; none where there is one."""
    wanted: tuple[Wanted, ...] = ()
    """Flows that shall be open at once: in all, and of each client."""
    of_served: Fraction | None = None
    """What of the offered rate clients with ports open: all else takes nothing, and fails."""

    @property
    def utilisation(self) -> Number | None:
        """What clients with ports offer over the highest rate; None as well where that is 0.

        >>> from tuplecalc.network.builders import cone
        >>> nat = cone(clients=12000, addresses=56, block=1024, services=1, rate=20000, hold=30)
        >>> found = offered(nat)
        >>> found.of_served, found.utilisation == found.of_served / found.highest
        (Fraction(5880, 1), True)
        """
        return _most_used(self.used) if self.highest and self.rate is not None else None

    @property
    def uses(self) -> Mapping[str, Number | None]:
        """:attr:`used`, by the names of the hops."""
        return dict(self.used)

    @property
    def verdict(self) -> Verdict | None:
        """Whether the offered rate fits, and the flows that are wanted: the worst; None without either."""
        said = [self.of_rate, *(each.verdict for each in self.wanted)]
        return max(filter(None, said), key=_WORSE.index, default=None)

    @property
    def of_rate(self) -> Verdict | None:
        """Whether the offered rate fits; None where none is offered.

        ``fails`` where more than 0.1 % are expected to fail, of all, of any kind, or in it of any group of
        clients or services, or where it is more than the highest rate; ``tight`` where it is more than 80 %
        of that, else ``fits``.  Of a bracket the upper end counts.
        """
        if self.expected is None:
            return None
        if self.overloaded or self._most_of_rate > FEW:
            return "fails"
        return "tight" if self.utilisation is not None and self.utilisation > TIGHT else "fits"

    @property
    def most_failing(self) -> float:
        """What is expected to fail of all, or of the group that fails most: by the upper end.

        Of flows that are wanted, what is known to.
        """
        return with_wanted(self._most_of_rate, self.wanted)

    @property
    def _most_of_rate(self) -> float:
        shares = (self.expected, *(each.expected for each in self.groups))
        return max((each.upper for each in shares if each), default=0.0)

    @property
    def worse_group(self) -> GroupLoad | None:
        """What fails most: a kind, or a group in it, where that is more than few, and than all together.

        It has the names only of what those have in common that fail as much.

        >>> from tuplecalc.network.file import example
        >>> offered(example("mixed-by-share")).worse_group.name
        'transparent'
        """
        worst = max(self.groups, key=lambda each: each.expected.upper, default=None)
        if worst is None or self.expected is None:
            return None
        if worst.expected.upper <= max(self.expected.upper * (1 + _ALIKE), FEW):
            return None
        alike = [each for each in self.groups if each.expected.upper >= worst.expected.upper * (1 - _ALIKE)]
        found = self._in_common(alike)
        return found if found.kind or found.clients or found.services else self._in_common([worst])

    def _in_common(self, several: Sequence[GroupLoad]) -> GroupLoad:
        """Groups that fail alike, by the names that all of them have and others do not."""
        kind = _name((each.kind for each in several), (each.kind for each in self.groups))
        beside = [each for each in self.groups if not kind or each.kind == kind]
        clients = _name((each.clients for each in several), (each.clients for each in beside))
        services = _name((each.services for each in several), (each.services for each in beside))
        rate = sum((each.rate for each in several), Fraction(0))
        return GroupLoad(kind, clients, services, rate, several[0].expected)

    @property
    def overloaded(self) -> bool:
        """Whether clients with ports offer more than the chain sustains."""
        if self.highest == 0:
            return bool(self.rate)
        return self.utilisation is not None and self.utilisation > 1

    @property
    def worst(self) -> BlindHop | None:
        """Of the blind choices the one that fails most; without a rate the one that halves first."""
        return max(self.blind, key=_badness, default=None)

    @property
    def hit_first(self) -> KindLoad | None:
        """The kind that is the first without room, else that of which most is expected to fail; or None."""
        hit = [each for each in self.kinds if each.seconds is not None or each.expected.upper > 0]
        return min(hit, key=_order, default=None)

    def __repr__(self) -> str:
        if self.rate is None or self.utilisation is None:
            return f"<Offered {'nothing' if self.rate is None else f'{float(self.rate):,.6g}/s'}>"
        shares = ("expected to fail", self.expected), ("in the best case", self.blocking)
        lost = "".join(f", {' to '.join(_ends(each))} {words}" for words, each in shares if each)
        return f"<Offered {float(self.rate):,.6g}/s: {float(self.utilisation):.1%} of the highest rate{lost}>"


def offered(of: Capacity | Chain, blocking: float | None = None) -> Offered:
    """What fails of the rate that a chain offers, what fails first and when; of a chain or its capacity.

    ``blocking`` asks for the highest rate at which no more than this share fails.  Without an offered
    rate there is still which hops lose what where ports are chosen blindly.

    >>> from tuplecalc.network.file import example
    >>> found = offered(example("outage"))
    >>> found.overloaded, round(found.blocking.upper, 3), found.exhausted.limit.hop
    (True, 0.162, 'login-proxy')
    """
    result = of if isinstance(of, Capacity) else capacity(of)
    traffic = result.chain.traffic
    rate = traffic.offered
    highest = result.rate if result.flows else 0
    most = None
    if blocking is not None:
        share = probability(blocking, "blocking")
        most = MostAt(share, rate_for(result, share))
    field = MeanField(result)
    blind = blind_hops(result, None if rate is None else float(rate), field)
    wanted = tuple(wanted_flows(result))
    if rate is None:
        return Offered(result, None, highest, (), None, None, blind, most, wanted=wanted)
    found = pools(result)
    used = tuple(_used(result, found, rate))
    dry = [(each, time) for each in found if (time := exhausted(each, rate))]
    strands = result.chain.strands
    lost, blindly = shares_failing(result, found, float(rate), field)
    failing, really = (by_kind(strands, each) for each in (lost, blindly))
    parts: dict[str, Fraction] = {}
    for strand in strands:
        parts[strand.kind] = parts.get(strand.kind, Fraction(0)) + strand.part
    of_really = of_all(strands, blindly)
    best = _better(of_all(strands, lost), of_really)
    if len(parts) == 1:  # of several kinds what is best for all is not best for each
        failing = dict.fromkeys(parts, best)
    kinds = tuple(
        KindLoad(kind, rate * part, failing[kind], _first(dry, kind), really[kind])
        for kind, part in parts.items()
    )
    return Offered(
        result,
        rate,
        highest,
        used,
        best,
        _first(dry),
        blind,
        most,
        kinds,
        result.served.without,
        of_really,
        tuple(_groups(strands, rate, blindly)),
        wanted,
        _of_served(result, rate),
    )


def _used(result: Capacity, found: Iterable[Pools], rate: Fraction) -> Iterator[HopUse]:
    """How much of each hop's highest rate is offered: each limit counts the keys of clients with ports only.

    rate · Σ part·keys·seconds of those with ports / Σ of all / the limit's highest rate
    """
    shares = {(each.limit.hop, each.limit.name): _share_of_served(each.takings) for each in found}
    for hop in result.hops:
        limits = [limit for limit in hop.limits if limit.rate is not None]
        uses = [
            rate * shares.get((hop.name, limit.name), Fraction(1)) / limit.rate
            for limit in limits
            if limit.rate
        ]
        yield HopUse(hop.name, max(uses) if uses and len(uses) == len(limits) else None)


def _most_used(used: Iterable[HopUse]) -> Number | None:
    return max((each.utilisation for each in used if each.utilisation is not None), default=None)


def carried(result: Capacity) -> Carried:
    """What clients with ports offer and what part of the highest rate that is, without all else of a load.

    >>> from tuplecalc.network.builders import cone
    >>> nat = capacity(cone(clients=12000, addresses=56, block=1024, services=1, rate=20000, hold=30))
    >>> carried(nat) == (offered(nat).rate, offered(nat).of_served, offered(nat).utilisation)
    True
    """
    rate = result.chain.traffic.offered
    if rate is None or not result.flows or not result.rate:
        return Carried(rate, None if rate is None else _of_served(result, rate), None)
    used = _used(result, () if result.served.are_all else pools(result), rate)
    return Carried(rate, _of_served(result, rate), _most_used(used))


def _share_of_served(takings: Iterable[Taking]) -> Fraction:
    """What part of the keys that all clients would take those take that have ports."""
    several = [(each.part, each.whole, each.keys * each.seconds) for each in takings]
    whole = sum((whole * each for _, whole, each in several), Fraction(0))
    return sum((part * each for part, _, each in several), Fraction(0)) / whole if whole else Fraction(1)


def _of_served(result: Capacity, rate: Fraction) -> Fraction:
    """What of a rate clients with ports open."""
    if result.served.are_all:
        return rate
    return sum(of_served(result.chain, rate).values(), Fraction(0))


def _groups(several: Sequence[Ways], rate: Fraction, lost: Mapping[Strand, Bracket]) -> Iterator[GroupLoad]:
    for each in several if len(several) > 1 else ():
        name = strand_name(each)
        yield GroupLoad(*name, rate * each.part, lost[name])


def _name(of: Iterable[str], others: Iterable[str]) -> str:
    """The one name of these, if there are others as well; else empty."""
    names = {*of}
    return names.pop() if len(names) == 1 and {*others} != names else ""


def with_wanted(most: float, wanted: Iterable[Wanted]) -> float:
    """What is expected to fail of a rate, or is known to of flows that are wanted, where that is more."""
    return max([most, *(each.failing for each in wanted)])


def wanted_flows(result: Capacity) -> Iterator[Wanted]:
    """The flows that shall be open at once, in all and of each client, beside those that can be."""
    if (flows := result.chain.traffic.flows) is not None:
        yield Wanted(flows, result.flows, result.served, is_each=False)
    if (flows := wanted_by_clients(result.chain)) is not None:
        possible = result.as_wanted.flows
        is_other = possible != result.flows
        yield Wanted(flows, possible, result.served, is_each=True, is_other_mix=is_other)


def _better(concert: Bracket, really: Bracket) -> Bracket:
    """The best case: ports chosen in concert, or as devices do where these lose less.

    They do where a table is so small that it is often full: in concert newcomers are refused, where devices
    kill an older flow instead, and only with 1 - π.  The lesser of two values lies between the lesser of
    their lower bounds and the lesser of their upper ones.
    """
    return Bracket(*map(min, concert, really))


def _ends(share: Bracket) -> Iterable[str]:
    """Its two ends in a few digits, one where these are alike."""
    return dict.fromkeys(f"{end:.3g}" for end in share)


def _first(dry: Iterable[tuple[Pools, Exhausted]], kind: str | None = None) -> Exhausted | None:
    """What runs dry first, of what flows of a kind need, or of all."""
    needed = (
        time for each, time in dry if kind is None or any(taking.strand[0] == kind for taking in each.takings)
    )
    return min(needed, key=lambda time: time.seconds, default=None)


def _order(kind: KindLoad) -> tuple[float, float]:
    return inf if kind.seconds is None else kind.seconds, -kind.expected.upper


def _badness(hop: BlindHop) -> tuple[float, float]:
    return hop.blocking.upper if hop.blocking else 0.0, -hop.half.lower if hop.half else -inf
