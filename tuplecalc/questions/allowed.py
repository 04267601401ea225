"""What may be changed at a place of a chain, and how far: what its tables, and their presets, say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tuplecalc.network.bounds import Bounded
from tuplecalc.network.chain import Chain
from tuplecalc.network.presets import PresetPart
from tuplecalc.network.replace import path_steps
from tuplecalc.questions.paths import place_of


class Allowed(NamedTuple):
    """Whether a key may be changed, its ends, what numbers it takes, its name there."""

    is_fixed: bool = False
    most: int | None = None
    multiple: int = 1
    knob: str = ""
    is_power: bool = False
    least: int = 1

    def up(self, count: int, high: int) -> Iterator[int]:
        """The counts from this one on that the key takes."""
        count = max(count, self.least)
        if not self.is_power:
            yield from range(-(-count // self.multiple) * self.multiple, high + 1, self.multiple)
            return
        power = 1 << (max(count, self.multiple, 1) - 1).bit_length()
        while power <= high:
            yield power
            power *= 2

    def step(self, count: int) -> int:
        """How far below a count the next one is that the key takes."""
        return count // 2 if self.is_power and count > self.multiple else self.multiple


def allowed(chain: Chain, path: str) -> Allowed:
    """What is allowed at a path of ``--set``.

    >>> from tuplecalc.network.file import loads
    >>> aws = loads('''
    ... clients = {addresses = 9}
    ... hops = [{name = "nat", preset = "aws-nat-gateway", addresses = 1}]
    ... services = {addresses = 1, ports = 80}
    ... ''')
    >>> allowed(aws, "hops.nat.addresses").most, allowed(aws, "hops.nat.ports").is_fixed
    (8, True)
    """
    steps = list(path_steps(path))
    whole = steps[:3] if steps[0] == "hops" else steps  # a virtual service is fixed as one
    part, key, _, _ = place_of(chain, whole, path)
    if not isinstance(part, Bounded):
        return Allowed()
    found = Allowed(key in part.kept, part.largest.get(key) if whole == steps else None)
    if not isinstance(part, PresetPart):
        return found
    return found._replace(
        multiple=part.multiples.get(key, 1),
        knob=part.knobs.get(key, ""),
        is_power=key in part.powers,
        least=part.least.get(key, 1),
    )
