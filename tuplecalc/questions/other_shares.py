"""The chain with other shares of its kinds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction

from tuplecalc.network.chain import Chain
from tuplecalc.network.traffic import Kind


def with_shares(chain: Chain, shares: Mapping[str, Fraction]) -> Chain:
    """The chain whose kinds have these shares of the new connections; 0 where none is given.

    Kinds that have rates have shares then, of all of their rates together.

    >>> from tuplecalc.network.file import loads
    >>> found = with_shares(loads('''
    ... traffic.kinds = [{name = "a", rate = 5}, {name = "b", rate = 15}]
    ... clients.addresses = 9
    ... services = {addresses = 2, ports = 80}
    ... '''), {"b": Fraction(1)}).traffic
    >>> found.rate, [str(kind.share) for kind in found.kinds]
    (Fraction(20, 1), ['0', '1'])
    """
    kinds = []
    for kind in chain.traffic.kinds:
        keys = {key: value for key, value in kind.written().items() if key != "rate"}
        kinds.append(Kind(**keys | {"share": shares.get(kind.name, Fraction(0))}))
    offered = {} if chain.traffic.offered is None else {"rate": chain.traffic.offered}
    return chain.changed(traffic=chain.traffic.changed(kinds=tuple(kinds), **offered))


def with_a_share_each(chain: Chain, names: Collection[str]) -> Chain:
    """The chain itself, where each of these kinds has a share; else one in which it has, for its limits."""
    kinds = chain.traffic.kinds
    none = [kind.name for kind in kinds if kind.share == 0 and kind.name in names]
    if not none:
        return chain
    shares = {kind.name: kind.share or Fraction(0) for kind in kinds} | dict.fromkeys(none, Fraction(1))
    whole = sum(shares.values())
    return with_shares(chain, {kind: share / whole for kind, share in shares.items()})
