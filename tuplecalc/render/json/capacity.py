"""What a chain carries, what becomes of a rate, and presets, as plain data."""

from __future__ import annotations

from dataclasses import fields

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.hop_capacity import HopCapacity
from tuplecalc.network.presets import Preset, Use, used
from tuplecalc.render.json.values import Record, as_float, at_most, binding, bracket, figures, limit_record
from tuplecalc.under_load.offered import Offered
from tuplecalc.under_load.offered import offered as under_load


def capacity(result: Capacity, load: Offered | None = None) -> Record:
    """``load`` where more was asked than the chain offers."""
    load = load or under_load(result)
    return {
        "title": result.title,
        "shape": result.shape,
        "constraint": result.constraint,
        **figures(result),
        **binding(result),
        "hops": [_hop(hop) for hop in result.hops],
        "collapse": [each._asdict() | {"kept": float(each.kept)} for each in result.collapse],
        "at_most": at_most(result),
        "offered": offered(load) if load.rate is not None or load.most else None,
        "presets": [_use(use) for use in used(result.chain)],
    }


def _hop(hop: HopCapacity) -> Record:
    return {
        "name": hop.name,
        "kind": hop.kind,
        "flows": hop.flows,
        "rate": as_float(hop.rate),
        "tuple_space": hop.tuple_space,
        "tuples_per_flow": hop.tuples_per_flow,
        "limits": [limit_record(limit) for limit in hop.limits],
    }


def offered(load: Offered) -> Record:
    """What becomes of a rate."""
    blind = load.worst
    return {
        "rate": as_float(load.rate),
        "utilisation": as_float(load.utilisation),
        "overloaded": load.overloaded,
        "blocking": bracket(load.blocking),
        "exhausted_after": load.exhausted and load.exhausted.seconds,
        "blind": blind
        and {
            "chooser": blind.chooser,
            "hop": blind.hop,
            "burst": float(blind.burst),
            "blocking": bracket(blind.blocking),
            "half_rate": bracket(blind.half),
        },
        "max_rate_at_blocking": load.most and load.most._asdict(),
        "hops": [{"name": hop.name, "utilisation": as_float(hop.utilisation)} for hop in load.used],
    }


def _use(use: Use) -> Record:
    """``values`` are those that the result took from the preset, ``unknown`` has defaults of the tool."""
    preset = use.preset
    return {
        "hop": use.hop,
        "name": preset.name,
        "title": preset.title,
        "values": use.values,
        "source": list(preset.source),
        "date": preset.date,
        "unknown": use.unknown,
        "left_out": list(use.left_out),
    }


def preset(found: Preset) -> Record:
    """All that a preset says."""
    written = {each.name: getattr(found, each.name) for each in fields(found)}
    lists = {key: list(getattr(found, key)) for key in ("needs", "source", "unknown", "fixed")}
    return written | lists | {"values": dict(found.values)}
