"""The report: a result as one page that needs nothing else, for a screen, a phone or paper."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from itertools import groupby
from typing import Any

from tuplecalc.algebra import Explanation, explain, markup
from tuplecalc.algebra.numbers import text as exact_text
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.hop_capacity import HopCapacity
from tuplecalc.limits.limit import Limit, by_flows, by_rate
from tuplecalc.network.chain import Chain
from tuplecalc.network.used import used
from tuplecalc.questions.advice import advise
from tuplecalc.questions.comparison import compare as compare_with
from tuplecalc.render import compared, explanation, kinds, numbers, presets, sentences, tied, verdict
from tuplecalc.render.html import environment
from tuplecalc.render.panel import panel_of
from tuplecalc.render.report import assumptions, chain, changes
from tuplecalc.render.report.pictures import drawn, left_out
from tuplecalc.render.sentences import advised, picks, remarks, totals
from tuplecalc.render.sentences.searches import searches
from tuplecalc.under_load.offered import offered

_LONGEST_SOURCE = 40_000  # characters: some 20 pages
_MOST_ROWS = 60
_MOST_LIMITS, _SMALLEST = 40, 12  # a page or two; of more, so many of the smallest by flows and by rate


def report(
    of: Capacity | Chain,
    *,
    source: str | None = None,
    settings: Iterable[str] = (),
    compare: Capacity | Chain | None = None,
    files: tuple[str, str] | None = None,
    command: str | None = None,
) -> str:
    """A page of HTML: the verdict, what limits it, what helps; then figures, limits, formulas, assumptions.

    ``source`` is the text that the chain was read from, ``settings`` are the changes that were made
    to it first (as after ``--set``); ``compare`` is an older chain or result, from which this one differs,
    and ``files`` what the older and this one are called.
    With ``command``, which gives the same answer in a terminal, the page has a panel that counts again with
    other numbers (:mod:`tuplecalc.render.panel`).  It asks no network for anything, runs no other script, and
    is the same for the same input.
    """
    found = explain(of.chain if isinstance(of, Capacity) else of)
    limits = shown_limits(found.result)  # those of the formulas
    results = _results(found.result, limits)
    context = {
        **results,
        **_formulas(found, limits),
        **_comparison(compare, found.result, files),
        "source": (source or "")[:_LONGEST_SOURCE],
        "cut": len((source or "")[_LONGEST_SOURCE:]),
        "settings": tuple(settings),
        "left_out": left_out(found.result),
        "pictures": {picture.kind: picture for picture in drawn(found.result)},
        "version": version("tuplecalc"),
        "panel": None if command is None else panel_of(found.result, results["load"], command),
    }
    words: dict[str, Any] = {
        "numbers": numbers,
        "advised": advised,
        "totals": totals,
        "preset": presets,
        "markup": markup,
    }
    words |= {"said": assumptions.said, "exact": exact_text, "quoted": shlex.quote, "kinds": kinds}
    words |= {"verdict": verdict, "tied": tied, "zip": zip}
    page = environment().get_template("report/page.html")
    return page.render(context, **words, chain=chain)


def _results(result: Capacity, limits: Sequence[Limit]) -> dict[str, Any]:
    load = offered(result)
    under_load = sentences.runs_dry(load), *searches(result, load), picks.blind(load)
    loaded = (*under_load, *picks.collisions(result, load))
    best = filter(None, [verdict.best_case(load)])
    defaults, uses = list(assumptions.defaults(result)), list(used(result.chain))
    return {
        "result": result,
        "load": load,
        "context": [
            *best,
            *([kinds.OF_THE_MIX] if kinds.of(result) else []),
            *totals.context(result),
            *totals.blockless(result),
            *remarks.unsized(result),
        ],
        "loaded": list(filter(None, loaded)),
        "parts": list(kinds.rows(result, load)),
        "hops": shown_hops(result, limits),
        "limits": limits,
        "advices": advise(result),
        "uses": uses[:_MOST_ROWS],
        "more_uses": len(uses[_MOST_ROWS:]),
        "assumed": list(assumptions.assumed(result, load)),
        "defaults": defaults[:_MOST_ROWS],
        "more_defaults": len(defaults[_MOST_ROWS:]),
    }


def shown_limits(result: Capacity) -> list[Limit]:
    """All limits, or of very many the smallest, in the chain's order."""
    if len(result.limits) <= _MOST_LIMITS:
        return list(result.limits)
    least = [limit for key in (by_flows, by_rate) for limit in sorted(result.limits, key=key)[:_SMALLEST]]
    shown = {(limit.hop, limit.name) for limit in (*least, *result.tightest)}
    return [limit for limit in result.limits if (limit.hop, limit.name) in shown]


def shown_hops(result: Capacity, limits: Sequence[Limit]) -> list[tuple[str, HopCapacity]]:
    """The clients and each hop of the limits that are shown, with its kind; all hops where these are few."""
    named = {limit.hop for limit in limits} | {"clients"}
    few = len(result.limits) <= _MOST_LIMITS and len(result.hops) <= _MOST_LIMITS
    return [(totals.hop_kind(result, hop), hop) for hop in result.hops if few or hop.name in named]


def _formulas(found: Explanation, limits: Sequence[Limit]) -> dict[str, Any]:
    """The closed forms and letters of the limits that are shown, hop by hop, and the whole chain's forms."""
    shown = {(limit.hop, limit.name) for limit in limits}
    forms = (each for each in found.limits if (each.limit.hop, each.limit.name) in shown)
    rows = explanation.shown_symbols(found, limits)
    return {
        "explained": [(hop, [*group]) for hop, group in groupby(forms, key=lambda each: each.limit.hop)],
        "letters": [(hop, [*group]) for hop, group in groupby(rows, key=lambda row: row.hop)],
        "notation": found.notation,
        "closed_forms": [form for form in (found.flows_form, found.rate_form) if form],
    }


def _comparison(old: Capacity | Chain | None, new: Capacity, files: tuple[str, str] | None) -> dict[str, Any]:
    if old is None:
        return {"comparison": None}
    comparison = compare_with(old, new)
    rows = list(compared.rows(comparison))
    shown = rows if len(rows) <= _MOST_ROWS else [row for row in rows if row.is_changed][:_MOST_ROWS]
    keys = comparison.keys[:_MOST_ROWS]
    names = changes.sides(comparison, files)
    return {
        "comparison": comparison,
        "sides": names,
        "titled": changes.titled(comparison, files),
        "changed": list(changes.changed(comparison)),
        "remarks": list(changes.remarks(comparison, names)),
        "changes": shown,
        "more_changes": len(rows) - len(shown),
        "keys": keys,
        "more_keys": len(comparison.keys) - len(keys),
    }
