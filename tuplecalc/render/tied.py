"""Limits that are as tight as each other: their names in a sentence, and its verb."""

from __future__ import annotations

from collections.abc import Sequence

from tuplecalc.limits.limit import Limit
from tuplecalc.render.kinds import listed


def names(limits: Sequence[Limit]) -> str:
    """The limits of one hop: ``nat ports``, or ``nat ports and block`` where these are equal.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.builders import cone
    >>> names(capacity(cone(clients=9, addresses=1, block=21504, services=1)).tightest)
    'nat ports and block'
    """
    return f"{limits[0].hop} {listed([each.name for each in limits])}"


def verb(limits: Sequence[Limit], one: str) -> str:
    """What they do, behind their names: ``limits``, or ``are equal, and limit``.

    >>> verb(["ports"], "limits"), verb(["ports", "block"], "limits")
    ('limits', 'are equal, and limit')
    """
    return one if len(limits) == 1 else f"are equal, and {one.removesuffix('s')}"
