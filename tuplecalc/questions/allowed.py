"""What may be changed at a place of a chain, and how far: what its tables, and their presets, say."""

from __future__ import annotations

from typing import NamedTuple

from tuplecalc.network.bounds import Bounded
from tuplecalc.network.chain import Chain
from tuplecalc.network.presets import PresetPart
from tuplecalc.network.replace import path_steps
from tuplecalc.questions.paths import place_of


class Allowed(NamedTuple):
    """Whether a key may be changed, its largest value, of what number it is a multiple, its name there."""

    is_fixed: bool = False
    most: int | None = None
    multiple: int = 1
    knob: str = ""


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
    return found._replace(multiple=part.multiples.get(key, 1), knob=part.knobs.get(key, ""))
