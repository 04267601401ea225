"""A chain whose numbers are open, for a notebook."""

from __future__ import annotations

from tuplecalc.limits.capacity import Capacity
from tuplecalc.network.chain import Chain, check_chain
from tuplecalc.whatif.regions import Regions, regions


def explore(of: Chain | Capacity) -> Regions:
    """A chain with open numbers: a notebook shows it as a panel whose sliders count again, exactly.

    It is the panel of ``tuplecalc report``: nothing has to be installed for it, and it works offline.
    :meth:`~tuplecalc.whatif.regions.Regions.at` gives the figures for values of all
    :attr:`~tuplecalc.whatif.regions.Regions.inputs`, where they are known.

    Raises :class:`~tuplecalc.errors.ChainError` for anything but a chain or its capacity.

    >>> from tuplecalc.network.file import example
    >>> found = explore(example("cone"))
    >>> [each.paths[0] for each in found.inputs][-3:]
    ['hops.nat.addresses', 'hops.nat.ports', 'services.addresses']
    """
    chain = of.chain if isinstance(of, Capacity) else of
    check_chain(chain)
    return regions(chain)
