"""What is offered: all flows alike, or several kinds of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Literal

from pydantic import field_validator

from tuplecalc.errors import Problem
from tuplecalc.network.part import Part, same_names, step
from tuplecalc.network.values import Count, FirstClose, Name, Names, Portion, Rate, Seconds, total, wrong_sum

Protocol = Literal["tcp", "udp"]


class Kind(Part):
    """Flows alike in how long they last, where they come from and where they go.

    >>> Kind(name="login", share="1/10", hold="5m").share
    Fraction(1, 10)
    """

    name: Name
    """Unique among the kinds."""
    share: Portion | None = None
    """Part of the new connections; all kinds have one, or all have a rate.  At 0 there are none of it."""
    rate: Rate | None = None
    """New connections a second of this kind."""
    hold: Seconds | None = None
    """Mean time that a connection stays open; as in [traffic] where it is left out."""
    first_close: FirstClose | None = None
    """Who closes first; as in [traffic] where it is left out."""
    protocol: Protocol | None = None
    """"tcp" or "udp"; as in [traffic] where it is left out."""
    clients: Names | None = None
    """The groups of clients that it comes from; all where it is left out."""
    services: Names | None = None
    """The groups of services that it goes to; all where it is left out."""

    @property
    def path(self) -> str:
        """The path of the kind in settings and messages: ``traffic.kinds.login``."""
        return f"traffic.kinds.{step(self.name)}"


class Traffic(Part):
    """What is offered to the whole chain, and how long connections last."""

    table = "[traffic]"

    within = "traffic."

    rate: Rate | None = None
    """New connections a second offered to the whole chain."""
    flows: Count | None = None
    """Connections that shall be open at once."""
    hold: Seconds = Fraction(0)
    """Mean time that a connection stays open (seconds)."""
    first_close: FirstClose = Fraction(1)
    """Who closes first, and so lingers in TIME_WAIT: "client", "server", or the client's share."""
    protocol: Protocol = "tcp"
    """"tcp" or "udp"."""
    kinds: tuple[Kind, ...] = ()
    """Kinds of traffic; without them all flows are alike."""

    @classmethod
    def misfits(cls, data: Mapping[str, Any]) -> Iterator[Problem]:
        """Kinds have names of their own, and all of them shares that sum to 1, or all of them rates."""
        kinds = data.get("kinds")
        if not isinstance(kinds, list | tuple) or not all(isinstance(kind, Kind | Mapping) for kind in kinds):
            return
        read = [kind.written() if isinstance(kind, Kind) else kind for kind in kinds]
        yield from (problem.below("kinds") for problem in same_names(read, "kind"))
        both = [n for n, kind in enumerate(read) if {"share", "rate"} <= {*kind}]
        for number in both:
            rule = "a kind has a share or a rate"
            yield Problem(f"kinds[{number}].rate", read[number]["rate"], rule, "leave one of them out")
        if both:
            return
        key = "rate" if any("rate" in kind for kind in read) else "share"
        for number, kind in enumerate(read):
            if key not in kind:
                rule = "all kinds have a share, or all a rate"
                yield Problem(f"kinds[{number}].{key}", None, rule, "add it")
        if key == "rate" and data.get("rate") is not None:
            rule = "where kinds have rates the total is their sum"
            yield Problem("rate", data["rate"], rule, "leave it out, or give the kinds shares")

    @field_validator("kinds")
    @classmethod
    def _sum_of_shares(cls, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        shares = [kind.share for kind in kinds if kind.share is not None]
        if shares and len(shares) == len(kinds) and (sum_ := total(shares)) != 1:
            raise wrong_sum(sum_)
        return kinds

    @property
    def offered(self) -> Fraction | None:
        """The rate of all kinds together; None where none is given."""
        rates = [kind.rate for kind in self.kinds if kind.rate is not None]
        return sum(rates, Fraction(0)) if rates else self.rate
