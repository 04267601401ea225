"""Which presets a chain uses, and what of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tuplecalc.network.chain import Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.presets import Preset, preset


class Use(NamedTuple):
    """A preset that a chain uses: where, and what of it."""

    hop: str
    preset: Preset
    values: dict[str, Any]
    """The values that come from it: those that were not written and that fit."""
    unknown: dict[str, Any]
    """Keys that no source gives and that were not written, with the tool's own defaults for them."""
    left_out: tuple[str, ...]
    """Keys of the preset that do not fit what was written."""


def used(chain: Chain) -> Iterator[Use]:
    """The presets that a chain uses, from the clients on, with the values that come from them.

    >>> from tuplecalc.network.file import from_dict
    >>> nat = {"name": "nat", "preset": "aws-nat-gateway", "addresses": 2, "time_wait": "30s"}
    >>> services = {"addresses": 1, "ports": 80}
    >>> [use] = used(from_dict({"clients": {"addresses": 9}, "hops": [nat], "services": services}))
    >>> use.hop, use.preset.name, use.values
    ('nat', 'aws-nat-gateway', {'ports': {'count': 55000}})
    """
    for path, part in chain.parts():
        if part.preset is not None:
            found = preset(part.preset)
            taken = {key: value for key, value in found.values.items() if key in part.preset_keys}
            own = part.model_dump(include=set(found.unknown) - part.stated)
            unknown = {key: own[key] for key in found.unknown if key in own}
            left_out = tuple(key for key in found.values if key not in part.stated)
            yield Use(path if isinstance(part, Clients) else part.name, found, taken, unknown, left_out)
