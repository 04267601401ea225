"""The letters of the formulas: what each means, and its value at one hop.

:data:`SYMBOLS` is the one table of names; :class:`Letters` gives a hop's formulas their letters
with values, definitions and the topology key behind each.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    tidy,
)
from tuplecalc.limits.state import Sources
from tuplecalc.limits.targets import Target
from tuplecalc.network.chain import Clients, Traffic
from tuplecalc.network.hop import Hop


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
    "d": Symbol("destinations that a port serves at once", "endpoints"),
    "k": Symbol("ports of a block handed to one client address", "ports"),
    "u": Symbol("ports of each address that a client has by the table of blocks", "ports"),
    "u_m": Symbol("ports of the largest entry in the table of blocks", "ports", "u_{m}"),
    "O": Symbol("ports of each address that are open to clients whose block is full", "ports"),
    "P_O": Symbol("ports of each address that the cone translates to, P and O", "ports", "P_{O}"),
    "h": Symbol("ports that one client address may hold", "ports"),
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
    The four sums are the seconds for which keys are held: ``client_side`` and ``service_side`` by a
    socket, which lingers where its side closed first; ``translated`` by a cone, whoever closed
    first; ``tracked`` is in :mod:`tuplecalc.limits.hops`.
    """

    def __init__(
        self, part: Clients | Hop, traffic: Traffic, sources: Sources, before: Target, behind: Target
    ) -> None:
        self.hop = part.name if isinstance(part, Hop) else "clients"
        self._path = part.path if isinstance(part, Hop) else "clients"
        self.a = self.derived("a", sources.addresses)
        self.b = self.derived("b", sources.per_endpoint)
        self.A = NamedPorts("A", self.hop, sources.ports.ports, alias=sources.ports)
        self.E = self.derived("E", before.capacity)
        self.E_behind = self.derived("E'", behind.capacity)
        self.H = Quantity("H", "traffic", tidy(traffic.hold), place="traffic.hold")
        self.T = self._linger(part)
        c = Quantity("c", "traffic", tidy(traffic.first_close), place="traffic.first_close")
        self.client_side = Sum((self.H, Product((Difference(Constant(1), c), self.T))))
        self.service_side = Sum((self.H, Product((c, self.T))))
        self.translated = Sum((self.H, self.T))
        self._all_reach_all = sources.classes == 1

    def given(self, symbol: str, value: Number, key: str) -> Quantity:
        """A quantity that a key of the topology sets."""
        return Quantity(symbol, self.hop, tidy(value), place=f"{self._path}.{key}")

    def derived(self, symbol: str, definition: Expression) -> Quantity:
        """A quantity that follows from others."""
        return Quantity(symbol, self.hop, definition.value, definition)

    def _linger(self, part: Clients | Hop) -> Quantity:
        if len(part.linger_by) == 1:
            ((key, seconds),) = part.linger_by.items()
            return self.given("T", seconds, key)
        wait, reuse = (
            self.given(s, part.linger_by[k], k) for s, k in (("T_w", "time_wait"), ("T_r", "reuse_after"))
        )
        return self.derived("T", Minimum((wait, reuse)))

    def endpoints_of_source(self) -> Expression:
        """E_s: endpoints that one source can address, E' where all reach all, else E'·b / a."""
        if self._all_reach_all:
            return self.E_behind
        return self.derived("E_s", Quotient(Product((self.E_behind, self.b)), self.a))


def sized(*sets: NamedPorts) -> Size:
    """|X ∪ Y ∪ …|."""
    return Size("union", sets)


def without(left: NamedPorts, right: NamedPorts) -> Size:
    """|X ∖ Y|."""
    return Size("difference", (left, right))
