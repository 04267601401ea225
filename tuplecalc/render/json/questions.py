"""Comparisons, solutions, crossovers and sweeps as plain data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from tuplecalc.render.json import versioned
from tuplecalc.render.json.values import Record, as_float, binding, bracket, figures, limit_record, named
from tuplecalc.render.solved import reason

if TYPE_CHECKING:
    from tuplecalc.limits.capacity import Capacity
    from tuplecalc.questions.comparison import Comparison, LimitChange
    from tuplecalc.questions.crossover import Crossovers, Interval
    from tuplecalc.questions.solution import Solution
    from tuplecalc.questions.sweep import Sweep


def comparison(found: Comparison) -> Record:
    """Both sides, the keys and limits in pairs, old first."""
    return {
        "old": _side(found.old),
        "new": _side(found.new),
        "flows_ratio": as_float(found.flows_ratio),
        "rate_ratio": as_float(found.rate_ratio),
        "binding_moved": found.binding_moved,
        "rate_binding_moved": found.rate_binding_moved,
        "keys": [key._asdict() for key in found.keys],
        "hops": [{"name": hop.name, "limits": [_pair(each) for each in hop.limits]} for hop in found.hops],
    }


def _pair(limit: LimitChange) -> Record:
    old, new = (side and limit_record(side) for side in (limit.old, limit.new))
    return {"name": limit.name, "old": old, "new": new}


def _side(result: Capacity) -> Record:
    return {"title": result.title, **figures(result), **binding(result)}


def solution(found: Solution) -> Record:
    """Counts exactly, times as floats; ``reason`` where no value helps."""
    number = float if found.is_time else int
    target = found.target
    return {
        "title": found.result.title,
        "for": found.path,
        "unit": found.unit,
        "target": target._asdict() | {"rate": as_float(target.rate)},
        "value": None if found.is_any or found.value is None else number(found.value),
        "any": found.is_any,
        "setting": found.setting,
        **figures(found.result),
        "binding": named(found.binding),
        "blocking": bracket(found.blocking),
        "looked_at": found.looked_at and [number(end) for end in found.looked_at],
        "beyond": found.beyond and figures(found.beyond),
        "reason": reason(found) if found.value is None else None,
    }


def crossovers(found: Crossovers) -> Record:
    """The intervals of one number; ``to`` is None where there is no end."""
    number = int if found.axis.is_count else float

    def intervals(of: tuple[Interval, ...]) -> list[Record]:
        return [
            {
                "from": number(each.low),
                "to": None if found.is_open and each is of[-1] else number(each.high),
                "binding": each.limit and {"hop": each.limit[0], "limit": each.limit[1]},
            }
            for each in of
        ]

    return {
        "title": found.chain.title,
        "path": found.axis.path,
        "unit": found.axis.unit,
        "looked_at": None if found.is_open else [number(end) for end in found.axis.values],
        "present": None if found.axis.present is None else number(found.axis.present),
        "flows": intervals(found.flows),
        "rate": intervals(found.rate),
    }


def sweep(found: Sweep) -> Record:
    """The axes, and a list of points under their labels."""
    from tuplecalc.questions.labelled import names, rows  # numpy

    labels = names(found)
    return {**_axes(found), "points": [dict(zip(labels, row, strict=True)) for row in rows(found)]}


def _axes(found: Sweep) -> Record:
    axes = [{"path": axis.path, "name": axis.name, "unit": axis.unit} for axis in found.axes]
    return {"title": found.chain.title, "axes": axes}


def write_sweep(found: Sweep, parts: Iterable[Sweep], stream: TextIO, *, blocking: bool) -> None:
    """A sweep, written part by part: each point stands on a line of its own."""
    from tuplecalc.questions.labelled import names, rows  # numpy

    stream.write(json.dumps(versioned(_axes(found)))[:-1] + ', "points": [')
    labels, comma = names(found, blocking=blocking), "\n"
    for part in parts:
        for row in rows(part, blocking=blocking):
            stream.write(f"{comma}{json.dumps(dict(zip(labels, row, strict=True)))}")
            comma = ",\n"
    stream.write("\n]}\n")
