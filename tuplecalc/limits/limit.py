"""One limit: so many keys, so many times over, so many a flow, for so long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor, inf
from typing import NamedTuple

from tuplecalc.limits.expression import Expression, Number, Sum, product, tidy
from tuplecalc.limits.flow import Linger, Part
from tuplecalc.limits.kinds import Kind
from tuplecalc.network.values import exact


class KindShare(NamedTuple):
    """What one kind takes of a limit, whatever the mix; times ``share`` it is the kind's part of this mix."""

    kind: str
    share: Fraction
    """Its part of the new connections."""
    open: Fraction
    """Keys × seconds of a new connection while it is open; the keys alone where all kinds last no time."""
    seconds: Fraction
    """The same with what its keys linger."""


class Pool(NamedTuple):
    """A limit as a loss system, where its scopes are not its pools: as many as ``scopes``, of ``size`` keys.

    ``users`` have keys of their own in each pool and share the rest.
    """

    scopes: Expression
    size: Fraction
    users: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True, repr=False)
class Limit:
    """Room for flows at one hop: a set of keys in each of a number of scopes.

    ============= ==================================================================
    ``size``      keys in one scope, e.g. ``|A ∪ L|`` ports
    ``scopes``    how often the set repeats, e.g. ``b·E'`` (address, service) pairs
    ``keys``      keys that a flow takes
    ``seconds``   for how long it takes them, added up over its keys
    ============= ==================================================================

    ``busy`` stands in for the size in the rate where some keys cannot be busy all the time.
    ``lingers`` says for each key of a flow how long it is taken beyond the hold.

    By Hall's theorem ``flows = floor(scopes · floor(size / keys))`` fit, and by Little's law the
    highest sustained rate is ``size · scopes / seconds`` connections a second (``None`` where the
    seconds are 0, 0 where not one flow fits).  Source: docs/model.md, "Faces".

    >>> from tuplecalc.limits.expression import Constant
    >>> from tuplecalc.limits.kinds import CONE_PORTS
    >>> limit = Limit(CONE_PORTS, "nat", Constant(64512), Constant(6), 1, Constant(420))
    >>> limit
    <Limit nat/ports: 64512·6 = 387,072 flows, 921.6/s>
    """

    kind: Kind
    hop: str
    size: Expression
    scopes: Expression
    keys: Number
    seconds: Expression
    busy: Expression | None = None
    lingers: tuple[Linger, ...] = ()
    pool: Pool | None = None
    keys_formula: Expression | None = None
    """The keys in symbols, where flows are of several kinds."""
    label: str = ""
    """What tells it apart from other limits of its kind at the hop."""
    shares: tuple[KindShare, ...] = ()
    """What each kind of flows takes of it; none where all are alike (then ``kinds`` are none too)."""
    parts: tuple[Part, ...] = ()
    """The same by the legs of each kind's flows from each group of clients to each group of services."""
    searched: int | None = None
    """Among how many ports a cone looks for a free one for a client, where that is its block's."""

    flows: int | None = field(init=False, compare=False)
    """How many flows can be open at once; None where those that are open take no key."""
    rate: Number | None = field(init=False, compare=False)
    """The highest sustained connections a second, exactly."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "flows", self._flows())
        object.__setattr__(self, "rate", self._rate())

    @property
    def name(self) -> str:
        """The name, unique within the hop: that of its kind, of rows with the number of legs."""
        name = f"{self.kind.name}-{self.keys}" if self.kind.legs == "a row" else self.kind.name
        return f"{name} {self.label}" if self.label else name

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds whose legs it holds."""
        return tuple(each.kind for each in self.shares)

    @property
    def busy_keys(self) -> Number:
        """What counts for the rate: ``busy``, else ``size``."""
        return (self.busy or self.size).value

    def expressions(self) -> Iterator[Expression]:
        """All that it is made of."""
        yield from (self.size, self.scopes, self.seconds)
        if self.keys_formula is not None:
            yield self.keys_formula
        if self.busy is not None:
            yield self.busy

    def _flows(self) -> int | None:
        if not self.is_of_a_mix:
            return floor(self.scopes.value * (self.size.value // self.keys))
        if self.size.value < 1:
            return 0
        if not self.keys:
            return None
        return floor(self.scopes.value * self.size.value / self.keys)  # of a mix: parts of flows add up

    def _rate(self) -> Number | None:
        fits = 1 if self.is_of_a_mix else self.keys
        if self.size.value < fits:  # not one flow fits, however fast it ends
            return 0
        seconds = self.seconds.value
        return tidy(exact(self.busy_keys * self.scopes.value) / seconds) if seconds else None

    @property
    def is_of_a_mix(self) -> bool:
        """Whether flows are of several kinds, which take parts of keys: what fits is rounded once."""
        return not isinstance(self.keys, int)

    @property
    def formula(self) -> str:
        """The flows as plain text: ``floor(|A ∪ L| / 2)·b·E'``.

        >>> from tuplecalc.limits.expression import Constant
        >>> from tuplecalc.limits.kinds import FILES
        >>> Limit(FILES, "proxy", Constant(1024), Constant(3), 2, Constant(0)).formula
        'floor(1024 / 2)·3'
        """
        size = str(self.size) if isinstance(self.size, Sum) else str(product(self.size))
        scopes = f"({self.scopes})" if isinstance(self.scopes, Sum) else str(product(self.scopes))
        keys = str(self.keys) if self.keys.denominator == 1 else f"({self.keys})"
        if self.keys == 1 or self.is_of_a_mix:
            size = _bracketed(size)
        whole = size if scopes == "1" else f"{size}·{scopes}"
        if self.is_of_a_mix:
            return whole if self.keys == 1 else f"floor({whole} / {keys})"
        if self.keys == 1:
            return whole
        size = f"floor({_bracketed(size)} / {keys})"
        return size if scopes == "1" else f"{size}·{scopes}"

    def __repr__(self) -> str:
        rate = "" if self.rate is None else f", {float(self.rate):,.6g}/s"
        flows = "any flows" if self.flows is None else f"{self.flows:,} flows"
        return f"<Limit {self.hop}/{self.name}: {self.formula} = {flows}{rate}>"


def _bracketed(text: str) -> str:
    return f"({text})" if " + " in text or text.startswith("Σ") else text


def by_flows(limit: Limit) -> int | float:
    """The flows, to put limits in order; infinite where those that are open take no key."""
    return inf if limit.flows is None else limit.flows


def by_rate(limit: Limit) -> Number | float:
    """The rate, to put limits in order; infinite where nothing limits it."""
    return inf if limit.rate is None else limit.rate
