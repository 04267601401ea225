"""Port ranges by their size: which ports a range of another size has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

from tuplecalc.errors import InputError, show
from tuplecalc.network.chain import Chain
from tuplecalc.network.ports import FIRST_COUNTED_PORT, LAST_PORT, PortSet
from tuplecalc.questions.paths import parsed, place_of


@dataclass(frozen=True)
class PortRange:
    """A set of ports that may have another size; made by :func:`port_range`.

    A smaller one has the lowest of its ports; a larger one those above its highest as well, then
    those below that are not privileged.
    """

    path: str
    name: str
    present: PortSet

    @cached_property
    def _further(self) -> tuple[PortSet, PortSet]:
        low, high = self.present.ranges[0][0], self.present.ranges[-1][1]
        above = PortSet.of_ranges([(high + 1, LAST_PORT)] if high < LAST_PORT else [])
        below = PortSet.of_ranges([(min(low, FIRST_COUNTED_PORT), high)]) - self.present
        return above, below

    @property
    def most(self) -> int:
        """The largest size."""
        return self.present.size + sum(ports.size for ports in self._further)

    def of(self, size: int) -> PortSet:
        """The set of this size.

        >>> ports = PortRange("clients.ports", "", PortSet("60000-65000"))
        >>> [str(ports.of(size)) for size in (2, 5001, 5537)]
        ['60000-60001', '60000-65000', '59999-65535']
        """
        if size <= self.present.size:
            return self.present.lowest(size)
        above, below = self._further
        more = size - self.present.size
        if more <= above.size:
            return self.present | above.lowest(more)
        return self.present | above | below.highest(more - above.size)

    def setting(self, size: int) -> str:
        """What sets this size: ``hops.lvs.ports="1024-2047"``."""
        return f"{self.path}={json.dumps(self.of(size).spec)}"


def port_range(chain: Chain, path: str) -> PortRange | None:
    """The port range that a path leads to; None where it leads to something else.

    >>> from tuplecalc.network.file import example
    >>> port_range(example("outage"), "hops.lvs.ports").setting(8)
    'hops.lvs.ports="1024-1031"'
    """
    steps, written = parsed(path)
    part, key, place, name = place_of(chain, steps, path)
    present = getattr(part, key, None)
    if not isinstance(present, PortSet):
        return None
    if written is not None:
        raise InputError(
            f"{show(path)}: the size of a range of ports is looked for in all; write {place} alone"
        )
    return PortRange(place, name, present)
