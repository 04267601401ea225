"""Every result as plain data: what the commands write with ``-o json``, under one ``schema_version``.

Integers are exact, rates and times floats, fractions strings such as "17/3", None where nothing
limits.  The JSON Schema of each command's output is in ``render/schemas``; ``tuplecalc schema
COMMAND`` prints it.  Keys stand in its order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from fractions import Fraction
from importlib.resources import files
from math import floor
from typing import TYPE_CHECKING, Any, TextIO

from tuplecalc.errors import InputError, nearest, show
from tuplecalc.render import kinds

if TYPE_CHECKING:
    from tuplecalc.algebra.explanation import Explanation
    from tuplecalc.algebra.forms import ChainForm, Form
    from tuplecalc.lab.verification import Verification
    from tuplecalc.limits.capacity import Capacity
    from tuplecalc.limits.expression import Number
    from tuplecalc.limits.kind_capacity import KindCapacity
    from tuplecalc.limits.limit import Limit
    from tuplecalc.network.presets import Preset
    from tuplecalc.network.used import Use
    from tuplecalc.questions.best_mix import BestMix
    from tuplecalc.questions.comparison import Comparison, LimitChange
    from tuplecalc.questions.crossover import Crossovers, Interval
    from tuplecalc.questions.elasticity import Elasticity
    from tuplecalc.questions.solution import Solution
    from tuplecalc.questions.sweep import Sweep
    from tuplecalc.sources.busy.observed import Observed
    from tuplecalc.sources.busy.usage import Measured, Usage
    from tuplecalc.under_load.offered import Offered
    from tuplecalc.under_load.share_failing import Failing

SCHEMA_VERSION = 1
SCHEMAS = (
    "capacity",
    "explain",
    "crossovers",
    "solve",
    "mix",
    "sweep",
    "compare",
    "verify",
    "observe",
    "presets",
)
"""The commands with a schema; ``crossovers`` is ``explain --crossover`` and ``explain --knobs``, ``mix`` is
``solve --for mix``."""

Record = dict[str, Any]

_FLOATS = ("rate", "headroom", "utilisation", "flows_ratio", "rate_ratio", "burst", "kept")
"""What is written as the nearest float wherever it stands."""


def to_dict(result: object) -> Record:
    """A result as plain data, ready for ``json.dumps``: what its command writes with ``-o json``.

    Raises :class:`~tuplecalc.errors.InputError` for what is no result.

    >>> from tuplecalc.limits.capacity import capacity
    >>> from tuplecalc.network.file import example
    >>> found = to_dict(capacity(example("outage")))
    >>> found["flows"], found["binding"]
    (193536, {'hop': 'login-proxy', 'limit': 'shared'})
    """
    kind = type(result)
    record = _RECORDS.get(f"{kind.__module__}.{kind.__qualname__}")
    if record is None:
        raise InputError(f"{kind.__name__}: this is no result; give what capacity, solve, sweep … return")
    return versioned(record(result))


def versioned(record: Record) -> Record:
    """A record as it is written."""
    return {"schema_version": SCHEMA_VERSION, **record}


def output_schema(command: str) -> Record:
    """The JSON Schema (draft 2020-12) of what a command writes with ``-o json``.

    Raises :class:`~tuplecalc.errors.InputError` for a command that writes none.

    >>> output_schema("capacity")["title"]
    'tuplecalc capacity -o json'
    """
    if command not in SCHEMAS:
        meant = nearest(command, SCHEMAS)
        remedy = f'did you mean "{meant}"?' if meant else f"there are {', '.join(SCHEMAS)}"
        raise InputError(f"{show(command)}: this has no JSON with a schema; {remedy}")
    text = files("tuplecalc.render").joinpath("schemas", f"{command}.json").read_text(encoding="utf-8")
    found: Record = json.loads(text)
    return found


def _pick(of: object, *names: str, **renamed: str) -> Record:
    """Some of what a result has, under the same names or others."""
    pairs = {name: name for name in names} | renamed
    return {key: _plain(getattr(of, name), name) for key, name in pairs.items()}


def _plain(value: Any, name: str = "") -> Any:
    if hasattr(value, "_asdict"):
        return {key: _plain(each, key) for key, each in value._asdict().items()}
    if name in _FLOATS:
        return None if value is None else float(value)
    if isinstance(value, tuple):
        return [*map(_plain, value)]
    return dict(value) if isinstance(value, Mapping) else value


def _exact(number: Number) -> int | str:
    """An integer, or a fraction as a string."""
    return number.numerator if number.denominator == 1 else str(Fraction(number))


def _named(limit: Limit) -> Record:
    return {"hop": limit.hop, "limit": limit.name}


def _binding(result: Capacity) -> Record:
    rate = result.rate_binding
    return {"binding": _named(result.binding), "rate_binding": rate and _named(rate)}


def _at_most(result: Capacity) -> Record:
    return {"flows": result.flows_at_most, "rate": result.rate_at_most}


def limit_record(limit: Limit, result: Capacity) -> Record:
    """One limit; ``busy`` stands in it only where the rate counts it instead of ``size``."""
    sizes = {"size": _exact(limit.size.value), "scopes": _exact(limit.scopes.value)}
    of_a_flow = {"keys_per_flow": _exact(limit.keys), "seconds_per_flow": float(limit.seconds.value)}
    busy = {} if limit.busy is None else {"busy": limit.busy_keys and _exact(limit.busy_keys)}
    figures = _pick(limit, "flows", "rate", "formula") | {"kinds": kinds.held(result, limit)}
    return {"name": limit.name, **sizes, **of_a_flow, **figures, **busy}


def _kind(kind: KindCapacity) -> Record:
    """One kind: its parts of the totals, rounded down, and what binds for it."""
    parts = {"share": float(kind.share), "flows": floor(kind.flows), **_pick(kind, "rate", "headroom")}
    limits = {
        "binding": kind.flows_binding,
        "rate_binding": kind.rate_binding,
        "headroom_binding": kind.headroom_binding,
    }
    return {"name": kind.name, **parts, **{key: limit and _named(limit) for key, limit in limits.items()}}


def capacity(result: Capacity, load: Offered | None = None) -> Record:
    """What a chain carries; ``load`` where more was asked than the chain offers."""
    from tuplecalc.network.used import used
    from tuplecalc.questions.advice import advise
    from tuplecalc.questions.not_counted import not_counted
    from tuplecalc.under_load.offered import offered as under_load

    load = load or under_load(result)
    hops = [
        _pick(hop, "name", "kind", "flows", "rate", "tuple_space", "tuples_per_flow")
        | {"limits": [limit_record(limit, result) for limit in hop.limits]}
        for hop in result.hops
    ]
    return {
        **_pick(result, "title", "shape", "constraint", "flows", "rate"),
        **_binding(result),
        "kinds": [*map(_kind, result.kinds)],
        "hops": hops,
        **_pick(result, "collapse"),
        "at_most": _at_most(result),
        "served": _pick(result.served, "clients", "served"),
        "not_counted": [_pick(each, "hop", "key", "usual", "needs") for each in not_counted(result.chain)],
        "offered": _offered(load) if load.verdict or load.most else None,
        "advice": [
            {
                "text": item.text,
                "set": [*item.settings],
                **_pick(item, "flows", "rate", expected_failing="expected"),
            }
            for item in advise(result)
        ],
        "presets": [*map(_use, used(result.chain))],
    }


def _offered(load: Offered) -> Record:
    blind = load.worst and _pick(load.worst, "chooser", "hop", "kills", "burst", "blocking", half_rate="half")
    return {
        **_pick(load, "rate", "utilisation", "overloaded", "verdict", expected_failing="expected"),
        **_pick(load, "blocking"),
        "exhausted_after": load.exhausted and load.exhausted.seconds,
        "blind": blind,
        **_pick(load, max_rate_at_blocking="most"),
        "hops": [_pick(hop, "name", "utilisation") for hop in load.used],
        "kinds": [
            {"name": kind.kind, **_pick(kind, "rate", "failing", expected_failing="expected")}
            | {"exhausted_after": kind.seconds}
            for kind in load.kinds
        ],
        "hit_first": load.hit_first and load.hit_first.kind,
    }


def _use(use: Use) -> Record:
    """``values`` are those that the result took from the preset, ``unknown`` has defaults of the tool."""
    named, from_it = _pick(use.preset, "name", "title"), _pick(use.preset, "source", "date")
    return {"hop": use.hop, **named, "values": use.values, **from_it, **_pick(use, "unknown", "left_out")}


def preset(found: Preset) -> Record:
    """All that a preset says."""
    return _pick(found, *(each.name for each in fields(found)))


def _explanation(found: Explanation) -> Record:
    limits = [
        {**_named(each.limit), "meaning": each.limit.kind.sentence}
        | {"flows": each.flows and _form(each.flows), "rate": each.rate and _form(each.rate)}
        for each in found.limits
    ]
    symbols = [
        _pick(row, "hop", symbol="letter", latex="latex")
        | {"chain_symbol": row.chain or None, "value": _exact(row.value), "unit": row.unit}
        | {"meaning": row.meaning, "definition": row.definition or None, "place": row.place or None}
        for row in found.symbols
    ]
    flows, rate = _chain_form(found.flows_form), found.rate_form and _chain_form(found.rate_form)
    whole = {"title": found.title, "at_most": _at_most(found.result), "flows": flows, "rate": rate}
    return {**whole, "limits": limits, "symbols": symbols}


def _chain_form(form: ChainForm) -> Record:
    value, binding = _value(form.binding_term.form), _named(form.binding)
    terms = [{**_form(term.form), "limits": [*map(_named, term.limits)]} for term in form.terms]
    return {**_pick(form, formula="text", latex="latex"), "value": value, "binding": binding, "terms": terms}


def _form(form: Form) -> Record:
    return {**_pick(form, formula="text", latex="latex", steps="steps"), "value": _value(form)}


def _value(form: Form) -> int | float | str:
    return float(form.value) if form.quantity == "rate" else _exact(form.value)


def elasticity(each: Elasticity) -> Record:
    """What one percent more of an input does."""
    of, by = _pick(each, "figure", "rank"), _pick(each, "path", "letter")
    return {**of, **_named(each.limit), **by, "value": _exact(each.value), "formula": each.text}


def _comparison(found: Comparison) -> Record:
    """Both sides, the keys and limits in pairs, old first."""
    from tuplecalc.under_load.offered import offered as under_load

    def pair(limit: LimitChange) -> Record:
        sides = (limit.old, found.old), (limit.new, found.new)
        old, new = (side and limit_record(side, of) for side, of in sides)
        return {"name": limit.name, "old": old, "new": new}

    old, new = (
        _pick(side, "title", "flows", "rate")
        | _binding(side)
        | {"at_most": _at_most(side)}
        | _pick(under_load(side), "verdict", expected_failing="expected")
        for side in (found.old, found.new)
    )
    moved = _pick(found, "flows_ratio", "rate_ratio", "binding_moved", "rate_binding_moved", "keys")
    hops = [{"name": hop.name, "limits": [*map(pair, hop.limits)]} for hop in found.hops]
    return {"old": old, "new": new, **moved, "hops": hops}


def _expected_of(found: Failing) -> Record:
    lower, upper = found.all
    return {"lower": lower, "upper": upper, "most": found.most}


def _solution(found: Solution) -> Record:
    """Counts exactly, times as floats; ``reason`` where no value helps."""
    from tuplecalc.questions.paths import REAL_UNITS
    from tuplecalc.render.solved import reason

    number = float if found.unit in REAL_UNITS else int
    asked = [key for key in ("each", "serves") if getattr(found.target, key)]
    renamed = {} if found.target.failing is None else {"most_failing": "failing"}
    target = _pick(found.target, "flows", "rate", "blocking", *asked, **renamed)
    value = None if found.is_any or found.value is None else number(found.value)
    return {
        "title": found.result.title,
        "for": found.path,
        **_pick(found, "unit"),
        "target": target,
        "value": value,
        **_pick(found, any="is_any", setting="setting"),
        **_pick(found.result, "flows", "rate"),
        "binding": _named(found.binding),
        "at_most": _at_most(found.result),
        "served": _pick(found.result.served, "clients", "served"),
        **_pick(found, "blocking"),
        **({} if found.expected is None else {"expected_failing": _expected_of(found.expected)}),
        "looked_at": found.looked_at and [*map(number, found.looked_at)],
        **_pick(found, *([] if found.most is None else ["most"])),
        "beyond": found.beyond and _beyond(found.beyond),
        "reason": reason(found) if found.value is None else None,
    }


def _beyond(result: Capacity) -> Record:
    return _pick(result, "flows", "rate") | {"served": _pick(result.served, "clients", "served")}


def _mix(found: BestMix) -> Record:
    """Shares are exact: 0, 1 or a fraction; flows are floored."""
    whole = floor if found.figure == "flows" else float
    now = found.present.flows if found.figure == "flows" else found.present.rate
    kinds = [
        {"name": kind, "free": kind in found.free, "present_share": _exact(found.present_shares[kind])}
        | {"share": _exact(share), "part": whole(found.parts[kind])}
        for kind, share in found.shares.items()
    ]
    form = found.closed_form
    return {
        "title": found.present.title,
        "for": "mix",
        **_pick(found, "figure"),
        "total": whole(found.total),
        "present_total": None if now is None else whole(now),
        "is_only": found.is_only,
        "kinds": kinds,
        "limits": [*map(_named, found.limits)],
        "closed_form": form and {"share": _form(form.share), "total": _form(form.total)},
        **_pick(found, "settings"),
        "at_most": _at_most(found.result),
    }


def _crossovers(found: Crossovers) -> Record:
    """The intervals of one number; ``to`` is None where there is no end."""
    axis, number = found.axis, int if found.axis.is_count else float

    def intervals(of: tuple[Interval, ...]) -> list[Record]:
        ends = [number(each.high) for each in of[:-1]] + [None if found.is_open else number(of[-1].high)]
        names = [each.limit and {"hop": each.limit[0], "limit": each.limit[1]} for each in of]
        return [
            {"from": number(each.low), "to": end, "binding": name}
            for each, end, name in zip(of, ends, names, strict=True)
        ]

    looked_at = None if found.is_open else [*map(number, axis.values)]
    present = None if axis.present is None else number(axis.present)
    where = {**_pick(axis, "path", "unit"), "looked_at": looked_at, "present": present}
    figures = {"flows": intervals(found.flows), "rate": intervals(found.rate)}
    return {"title": found.chain.title, **where, **figures}


def _sweep(found: Sweep) -> Record:
    """The axes, and a list of points under their labels."""
    from tuplecalc.questions.labelled import names, rows  # numpy

    labels = names(found)
    return {**_axes(found), "points": [dict(zip(labels, row, strict=True)) for row in rows(found)]}


def _axes(found: Sweep) -> Record:
    return {"title": found.chain.title, "axes": [_pick(axis, "path", "name", "unit") for axis in found.axes]}


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


def _verification(found: Verification) -> Record:
    """The chain as it was built, every figure, and what the kernel said."""
    figure = "name", "what", "predicted", "measured", "tolerance"
    figures = [_pick(each, *figure, held="is_held", bound="is_bound") for each in found.figures]
    return {
        **_pick(found.chain, "title"),
        **_pick(found, "agrees", "kernel"),
        "seconds": round(found.seconds, 3),
        "scale": _pick(found.scaled, "factor", "keeps_order"),
        "chain": found.scaled.chain.to_dict(),
        "binding": _named(found.prediction.binding),
        "figures": figures,
        **_pick(found, "blind", "mixing", "drawing", "tried", "said"),
    }


def _observed(seen: Observed) -> Record:
    """Each limit with its fullest scopes, the tables, what was measured and what was not understood."""
    found, fullest = seen.found, seen.fullest
    return {
        **_pick(seen.chain, "title"),
        **_pick(seen, "hops"),
        "at": seen.at.isoformat(timespec="seconds"),
        **_pick(seen, "snapshots", "seconds"),
        "fullest": fullest and _named(fullest.limit) | _pick(fullest, "table", "share"),
        "limits": [*map(_usage, found.usages)],
        "not_counted": [_named(each.limit) | {"why": each.why} for each in found.uncounted],
        "tables": [_pick(each, "table", "open", "lingering", "others", "states") for each in found.totals],
        **_pick(seen, "tracking_size"),
        "measured": [*map(_measured, found.measured)],
        "services": [*map(_measured, found.services)],
        **_pick(seen, "not_understood"),
        "first_of_these": [*map(_plain, seen.remarks)],
        **_pick(seen, "passed_over"),
    }


def _usage(of: Usage) -> Record:
    scopes = [
        _pick(each, "open", "lingering", "growth", scope="labels") | {"dry_after": each.runs_dry_in(of.size)}
        for each in of.busiest
    ]
    figures = _pick(of, "table", "size", "share", "left_out", "giving_way", scopes_in_use="scopes")
    return {**_named(of.limit), **figures, "busiest": scopes, **_pick(of, dry_after="runs_dry_in")}


def _measured(each: Measured) -> Record:
    known = _pick(each, "table", "services", "kinds", "open", "rate", "closing", "hold", "basis")
    return {**known, "at_least": each.is_at_least}


_RECORDS: dict[str, Callable[[Any], Record]] = {
    "tuplecalc.limits.capacity.Capacity": capacity,
    "tuplecalc.under_load.offered.Offered": _offered,
    "tuplecalc.network.presets.Preset": preset,
    "tuplecalc.algebra.explanation.Explanation": _explanation,
    "tuplecalc.questions.elasticity.Elasticity": elasticity,
    "tuplecalc.questions.comparison.Comparison": _comparison,
    "tuplecalc.questions.crossover.Crossovers": _crossovers,
    "tuplecalc.questions.solution.Solution": _solution,
    "tuplecalc.questions.best_mix.BestMix": _mix,
    "tuplecalc.questions.sweep.Sweep": _sweep,
    "tuplecalc.lab.verification.Verification": _verification,
    "tuplecalc.sources.busy.observed.Observed": _observed,
}
"""A result's type → its record; by name, so that ``capacity`` loads neither sympy nor numpy."""
