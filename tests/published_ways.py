"""How a published figure is computed from a preset: a row, and the ways to its number."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Any

import tuplecalc as tc
from tuplecalc.limits.limit import Limit
from tuplecalc.network.presets import preset

MANY = 1_000_000

Number = int | Fraction


@dataclass(frozen=True)
class Row:
    """One figure: what is asked, what its source prints, and how it is computed here."""

    product: str
    given: str
    printed: str
    """As the source prints it."""
    figure: float
    """The same as a number."""
    name: str
    """The preset."""
    compute: Callable[[str], Number]
    source: str
    within: float = 0
    """The tolerance, where the source rounds."""
    note: str = ""

    @property
    def computed(self) -> Number:
        """What tuplecalc finds."""
        return self.compute(self.name)

    def agrees(self) -> bool:
        """Whether the two are the same, as far as the source can say."""
        return abs(float(self.computed) - self.figure) <= self.within * self.figure


def chain(
    name: str, clients: int = MANY, services: int = 1, hold: str = "0s", closes: str = "client", **given: Any
) -> tc.Chain:
    """Clients → the preset's hop, or the preset's clients alone → so many endpoints."""
    found = preset(name)
    ends: dict[str, Any] = {
        "traffic": {"hold": hold, "first_close": closes},
        "services": {"addresses": services, "ports": 80},
    }
    if found.kind == "clients":
        return tc.from_dict({**ends, "clients": {"addresses": clients, "preset": name, **given}})
    hop = {"name": "hop", "preset": name, **given}
    return tc.from_dict({**ends, "clients": {"addresses": clients, "ports": "1024-65535"}, "hops": [hop]})


def limit(name: str, which: str, **keys: Any) -> Limit:
    """A limit of the preset's hop."""
    return tc.capacity(chain(name, **keys)).limit("hop", which)


# Ways to a figure: each takes the keys now and the preset's name when it is computed.

Way = Callable[[str], Number]


def flows(**keys: Any) -> Way:
    """Flows open at once."""
    return lambda name: tc.capacity(chain(name, **keys)).flows


def rate(times: int = 1, **keys: Any) -> Way:
    """Connections a second, or in so many seconds."""

    def compute(name: str) -> Number:
        found = tc.capacity(chain(name, **keys)).rate
        assert found is not None
        return Fraction(found) * times

    return compute


def each(**keys: Any) -> Way:
    """Flows open at once for each of the clients."""
    return lambda name: Fraction(tc.capacity(chain(name, **keys)).flows, keys["clients"])


def rests(**keys: Any) -> Way:
    """Seconds that a port is taken by a connection that ends at once."""

    def compute(name: str) -> Number:
        found = tc.capacity(chain(name, **keys))
        assert found.rate_binding is not None
        return Fraction(found.rate_binding.seconds.value)

    return compute


def served(**keys: Any) -> Way:
    """How many clients get a block: as long as one more raises what all blocks hold."""

    def blocks(name: str, clients: int) -> int:
        return limit(name, "block", **keys, clients=clients).flows or 0

    def compute(name: str) -> int:
        high = next(2**n for n in count() if blocks(name, 2**n) == blocks(name, 2**n + 1))
        return 1 + bisect_left(range(1, high), blocks(name, high), key=lambda n: blocks(name, n))

    return compute


def an_address(**keys: Any) -> Way:
    """How many clients with a block share one address."""
    return lambda name: Fraction(limit(name, "block", **keys).scopes.value) / keys["addresses"]


def has(which: str, **keys: Any) -> Way:
    """What a limit of the hop holds in all, in its keys."""

    def compute(name: str) -> Number:
        found = limit(name, which, **keys)
        return Fraction(found.size.value) * Fraction(found.scopes.value)

    return compute


def port(number: int) -> Way:
    """A port of the hop's, in their order and then the overflow's: the first is 0, the last -1."""

    def compute(name: str) -> int:
        given: dict[str, Any] = {"addresses": 1} if "addresses" in preset(name).needs else {}
        (hop,) = chain(name, **given).hops
        assert isinstance(hop, tc.Cone)
        ports: list[int] = [*hop.ports, *(hop.overflow or ())]
        return ports[number]

    return compute


def enough(wanted: int, **keys: Any) -> Way:
    """The least number of addresses that carries so many flows."""
    return lambda name: next(
        n for n in count(1) if tc.capacity(chain(name, addresses=n, **keys)).flows >= wanted
    )
