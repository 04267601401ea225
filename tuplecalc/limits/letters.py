"""The letters of the formulas: what each means, and its value at one hop.

:data:`SYMBOLS` is the one table of names; :class:`Letters` gives a hop's formulas their letters
with values, definitions and the chain file key behind each.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from tuplecalc.limits.expression import Expression, Minimum, NamedPorts, Number, Quantity, Size, tidy
from tuplecalc.limits.flow import NEVER, Flow, Times
from tuplecalc.limits.legs import Sources, Space
from tuplecalc.limits.targets import Target
from tuplecalc.network.hop import Lingering


class Symbol(NamedTuple):
    """What a letter stands for, in which unit, and how LaTeX writes it."""

    meaning: str
    unit: str
    latex: str = ""


SYMBOLS: Mapping[str, Symbol] = {
    "a": Symbol("source addresses that reach the hop", "addresses"),
    "a_all": Symbol("source addresses of all kinds that reach the hop", "addresses", "a_{all}"),
    "b": Symbol("source addresses that can address one endpoint", "addresses"),
    "A": Symbol("ports of each source address that reaches the hop", "ports"),
    "E": Symbol("endpoints that connections address before the hop", "endpoints"),
    "E'": Symbol("endpoints that connections address behind the hop", "endpoints", "E'"),
    "E_s": Symbol("endpoints that one source address can address", "endpoints", "E_{s}"),
    "E_g": Symbol("endpoints of a group of services over its share", "endpoints", "E_{g}"),
    "N": Symbol("service endpoints", "endpoints"),
    "s": Symbol("share of the group of services", "1"),
    "V": Symbol("endpoints of the hop's virtual service", "endpoints"),
    "m": Symbol("addresses that one instance translates to", "addresses"),
    "M": Symbol("addresses that the NAT translates to, of all instances", "addresses"),
    "P": Symbol("ports of each address that the NAT translates to", "ports"),
    "d": Symbol("destinations that a port serves at once", "endpoints"),
    "k": Symbol("ports of a block handed to one client address", "ports"),
    "B": Symbol("blocks that a client may grow to", "blocks"),
    "g": Symbol("blocks in use", "blocks"),
    "u": Symbol("ports of each address that a client has by the table of blocks", "ports"),
    "u_m": Symbol("ports of the largest entry in the table of blocks", "ports", "u_{m}"),
    "O": Symbol("ports of each address that are open to clients whose block is full", "ports"),
    "P_O": Symbol("ports of each address that the NAT translates to, P and O", "ports", "P_{O}"),
    "h": Symbol("ports that one client address may hold", "ports"),
    "n": Symbol("instances", "instances"),
    "n'": Symbol("instances that work: the busiest one is the limit", "instances", "n'"),
    "w": Symbol("pairs of a source address and an instance that it reaches", "pairs"),
    "K": Symbol("listener addresses of one instance", "addresses"),
    "Q": Symbol("listener ports", "ports"),
    "R": Symbol("source ports that the capture can present", "ports"),
    "o": Symbol("own source addresses of one instance", "addresses"),
    "L": Symbol("ports for the service side", "ports"),
    "entries": Symbol("tracking-table entries of one instance", "entries", r"\mathrm{entries}"),
    "files": Symbol("file descriptors of one instance", "files", r"\mathrm{files}"),
    "H": Symbol("mean time that a connection stays open", "s"),
    "H_m": Symbol("mean time that a connection of the mix stays open", "s", "H_{m}"),
    "c": Symbol("share of connections that the client side closes first", "1"),
    "r": Symbol("service-side connections for each client-side one", "1"),
    "H_u": Symbol("mean time that a service-side connection stays open", "s", "H_{u}"),
    "c_u": Symbol("share of service-side connections that the proxy closes first", "1", "c_{u}"),
    "f": Symbol("open files of a connection", "files"),
    "σ": Symbol("part of the new connections that is of the kind", "1", r"\sigma"),
    "φ": Symbol("part of a kind’s connections that is of the group", "1", r"\varphi"),
    "T": Symbol("how long a closed connection keeps its port", "s"),
    "T_w": Symbol("time_wait", "s", "T_{w}"),
    "T_r": Symbol("reuse_after", "s", "T_{r}"),
    "T_a": Symbol("accept_wait: how long a proxy refuses what its side closed first", "s", "T_{a}"),
    "T_t": Symbol("how long the entry of a closed connection stays", "s", "T_{t}"),
}
"""Every letter of every formula, once."""


_WAITS = {"time_wait": "T_w", "reuse_after": "T_r"}


class Letters:
    """The letters of one hop, which has a ``name`` and a ``path``, with their values.

    ``sources`` is what reaches it, ``before`` and ``behind`` what the legs on its two sides address.
    """

    def __init__(
        self,
        name: str,
        path: str,
        sources: Sources,
        before: Target,
        behind: Target,
        udp_timeout: Fraction | None = None,
    ) -> None:
        self.hop, self._path = name, path
        self.a = self.derived("a", sources.addresses)
        self.b = self.derived("b", sources.per_endpoint)
        self.A = NamedPorts("A", name, sources.leg.ports.ports, alias=sources.leg.ports)
        self.E = self.derived("E", before.capacity)
        self.E_behind = self.derived("E'", behind.capacity)
        self.flow, self.udp_timeout = sources.leg.flow, udp_timeout
        self.open = self.flow.hold
        self._all_reach_all = sources.classes == 1

    def given(self, symbol: str, value: Number, key: str) -> Quantity:
        """A quantity that a key of the chain file sets."""
        return Quantity(symbol, self.hop, tidy(value), place=f"{self._path}.{key}")

    def derived(self, symbol: str, definition: Expression) -> Quantity:
        """A quantity that follows from others."""
        return Quantity(symbol, self.hop, definition.value, definition)

    def linger(self, part: Lingering) -> Expression:
        """T, the least of the keys that say it; a wait of 0 that nobody wrote stands in no formula."""
        by = part.linger_by
        if len(by) == 1:
            ((key, seconds),) = by.items()
            unsaid = not seconds and key not in ("time_wait", *part.stated)
            return NEVER if unsaid else self.given("T", seconds, key)
        waits = [self.given(letter, by[key], key) for key, letter in _WAITS.items()]
        return self.derived("T", Minimum(tuple(waits)))

    def times(self, flow: Flow | None = None, **lingers: Expression) -> Times:
        """How long a key is taken: H, and the linger after the ``client`` or the ``service`` closed first."""
        if self.flow.protocol == "udp":  # a mapping outlives its last packet, a socket at the ends does not
            after = NEVER if self.udp_timeout is None else self.given("T", self.udp_timeout, "udp_timeout")
            lingers = {"client": after, "service": after}
        flow = flow or self.flow
        return Times(flow.hold, flow.client_share, **lingers)

    def space(self, table: str, owner: str, who: tuple[str, ...], towards: Target | None) -> Space:
        """The key space of a table."""
        return Space(table, owner, who, () if towards is None else towards.name, self.flow.protocol)

    def endpoints_of_source(self) -> Expression:
        """E_s: endpoints that one source can address, E' where all reach all, else E'·b / a."""
        if self._all_reach_all:
            return self.E_behind
        return self.derived("E_s", self.E_behind * self.b / self.a)


def sized(*sets: NamedPorts) -> Size:
    """|X ∪ Y ∪ …|."""
    return Size("union", sets)
