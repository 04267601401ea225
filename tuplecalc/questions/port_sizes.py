"""Port ranges by their size: which ports a range of another size has."""

from __future__ import annotations

from tuplecalc.network.ports import FIRST_COUNTED_PORT, LAST_PORT, PortSet


def resized(ports: PortSet, size: int) -> PortSet:
    """The range with another size: a smaller one has the lowest of its ports.

    A larger one has those above its highest as well, then those below that are not privileged.

    >>> [str(resized(PortSet("60000-65000"), size)) for size in (2, 5001, 5537)]
    ['60000-60001', '60000-65000', '59999-65535']
    """
    if size <= ports.size:
        return ports.lowest(size)
    above, below = _further(ports)
    more = size - ports.size
    return ports | above.lowest(min(more, above.size)) | below.highest(max(more - above.size, 0))


def largest_size(ports: PortSet) -> int:
    """The largest size that a range can have.

    >>> largest_size(PortSet("60000-65000"))
    64512
    """
    return ports.size + sum(further.size for further in _further(ports))


def _further(ports: PortSet) -> tuple[PortSet, PortSet]:
    low, high = ports.ranges[0][0], ports.ranges[-1][1]
    above = PortSet.of_ranges([(high + 1, LAST_PORT)] if high < LAST_PORT else [])
    return above, PortSet.of_ranges([(min(low, FIRST_COUNTED_PORT), high)]) - ports
