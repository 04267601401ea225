"""The letters of the formulas: what each means, and its value at one hop.

:data:`SYMBOLS` is the one table of names; :class:`Letters` gives a hop's formulas their letters
with values, definitions and the topology key behind each.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from tuplecalc.limits.expression import (
    Constant,
    Difference,
    Expression,
    Minimum,
    NamedPorts,
    Number,
    Product,
    Quantity,
    Quotient,
    Size,
    Sum,
)
from tuplecalc.limits.state import Sources
from tuplecalc.limits.targets import Target
from tuplecalc.model.chain import Clients, Hop, Traffic


class Symbol(NamedTuple):
    """What a letter stands for, in which unit, and how LaTeX writes it."""

    meaning: str
    unit: str
    latex: str = ""


SYMBOLS: Mapping[str, Symbol] = {
    "a": Symbol("source addresses that reach the hop", "addresses"),
    "b": Symbol("source addresses that can address one endpoint", "addresses"),
    "A": Symbol("ports of each source address that reaches the hop", "ports"),
    "E": Symbol("endpoints that the legs before the hop address", "endpoints"),
    "E'": Symbol("endpoints that the leg behind the hop addresses", "endpoints", "E'"),
    "E_s": Symbol("endpoints that one source address can address", "endpoints", "E_{s}"),
    "E_i": Symbol("endpoints that one source address reaches through one instance", "endpoints", "E_{i}"),
    "N": Symbol("service endpoints", "endpoints"),
    "V": Symbol("endpoints of the hop's virtual service", "endpoints"),
    "m": Symbol("addresses that one instance translates to", "addresses"),
    "M": Symbol("addresses that the cone translates to, of all instances", "addresses"),
    "P": Symbol("ports of each address that the cone translates to", "ports"),
    "k": Symbol("ports of a block handed to one client address", "ports"),
    "n": Symbol("instances", "instances"),
    "n'": Symbol("instances that work: the busiest one binds", "instances", "n'"),
    "w": Symbol("pairs of a source address and an instance that it reaches", "pairs"),
    "K": Symbol("listener addresses of one instance", "addresses"),
    "Q": Symbol("listener ports", "ports"),
    "R": Symbol("source ports that the capture can present", "ports"),
    "o": Symbol("own source addresses of one instance", "addresses"),
    "L": Symbol("ports for the upstream legs", "ports"),
    "x": Symbol("domains in which a source's port is taken", "domains"),
    "entries": Symbol("tracking-table entries of one instance", "entries", r"\mathrm{entries}"),
    "files": Symbol("file descriptors of one instance", "files", r"\mathrm{files}"),
    "H": Symbol("mean time that a connection stays open", "s"),
    "c": Symbol("share of connections that the client side closes first", "1"),
    "T": Symbol("linger of a closed tuple: min(time_wait, reuse_after)", "s"),
    "T_w": Symbol("time_wait", "s", "T_{w}"),
    "T_r": Symbol("reuse_after", "s", "T_{r}"),
    "T_t": Symbol("linger of a tracking entry", "s", "T_{t}"),
}
"""Every letter of every formula, once."""


class Letters:
    """The letters of one hop (``part``: the clients or a hop) with their values.

    ``sources`` is what reaches it, ``before`` and ``behind`` what the legs on its two sides address.
    """

    def __init__(
        self, part: Clients | Hop, traffic: Traffic, sources: Sources, before: Target, behind: Target
    ) -> None:
        self.hop = part.name if isinstance(part, Hop) else "clients"
        self.path = f"hops.{self.hop}" if isinstance(part, Hop) else "clients"
        self.part, self.traffic = part, traffic
        self.sources, self.before, self.behind = sources, before, behind

    def given(self, symbol: str, value: Number, key: str) -> Quantity:
        """A quantity that a key of the topology sets."""
        return Quantity(symbol, self.hop, value, place=f"{self.path}.{key}")

    def derived(self, symbol: str, definition: Expression) -> Quantity:
        """A quantity that follows from others."""
        return Quantity(symbol, self.hop, definition.value, definition)

    @cached_property
    def a(self) -> Quantity:
        """Sources that reach the hop."""
        return self.derived("a", self.sources.addresses)

    @cached_property
    def b(self) -> Quantity:
        """Sources that can address one endpoint."""
        return self.derived("b", self.sources.per_endpoint)

    @cached_property
    def A(self) -> NamedPorts:
        """The port set of the sources."""
        source = self.sources.ports
        return NamedPorts("A", self.hop, source.ports, alias=source)

    @cached_property
    def E(self) -> Quantity:
        """Endpoints that the legs before the hop address."""
        return self.derived("E", self.before.capacity)

    @cached_property
    def E_behind(self) -> Quantity:
        """E': endpoints that the leg behind the hop addresses."""
        return self.derived("E'", self.behind.capacity)

    @cached_property
    def H(self) -> Quantity:
        """Hold."""
        return Quantity("H", "traffic", self.traffic.hold, place="traffic.hold")

    @cached_property
    def T(self) -> Quantity:
        """Linger."""
        wait = self.part.time_wait
        if self.part.reuse_after is None:
            return self.given("T", wait, "time_wait")
        cut = self.given("T_r", self.part.reuse_after, "reuse_after")
        return self.derived("T", Minimum((self.given("T_w", wait, "time_wait"), cut)))

    @cached_property
    def client_side(self) -> Sum:
        """H + (1 - c)·T: the client-side leg lingers where the other side closed first."""
        c = Quantity("c", "traffic", self.traffic.first_close, place="traffic.first_close")
        return Sum((self.H, Product((Difference(Constant(1), c), self.T))))

    @cached_property
    def service_side(self) -> Sum:
        """H + c·T: the upstream leg lingers where this side closed first."""
        c = Quantity("c", "traffic", self.traffic.first_close, place="traffic.first_close")
        return Sum((self.H, Product((c, self.T))))

    @cached_property
    def translated(self) -> Sum:
        """H + T: a cone's tuple lingers whoever closed first."""
        return Sum((self.H, self.T))

    @cached_property
    def endpoints_of_source(self) -> Expression:
        """E_s: endpoints that one source can address, E' where all reach all, else E'·b / a."""
        if self.sources.classes == 1:
            return self.E_behind
        return self.derived("E_s", Quotient(Product((self.E_behind, self.b)), self.a))


def sized(*sets: NamedPorts) -> Size:
    """|X ∪ Y ∪ …|."""
    return Size("union", sets)


def without(left: NamedPorts, right: NamedPorts) -> Size:
    """|X ∖ Y|."""
    return Size("difference", (left, right))
