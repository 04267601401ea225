"""The report: a result as one page that needs nothing else, for a screen, a phone or paper."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

from tuplecalc import __version__
from tuplecalc.algebra import Explanation, explain
from tuplecalc.algebra.numbers import text as exact_text
from tuplecalc.limits.capacity import Capacity
from tuplecalc.network.presets import used
from tuplecalc.questions.advice import advise
from tuplecalc.questions.comparison import compare as find_comparison
from tuplecalc.render import compared, numbers, presets, sentences
from tuplecalc.render.html import environment
from tuplecalc.render.report import assumptions, chain, parts
from tuplecalc.render.report.pictures import drawn, left_out
from tuplecalc.under_load.offered import offered

_LONGEST_SOURCE = 40_000  # characters: some 20 pages
_MOST_ROWS = 60


def report(
    result: Capacity,
    *,
    source: str | None = None,
    settings: Iterable[str] = (),
    compare: Capacity | None = None,
) -> str:
    """A page of HTML: what binds and why, the chain, hops, limits with formulas, figures, load, advice.

    ``source`` is the text that the chain was read from, ``settings`` are the changes that were made
    to it first (as after ``--set``); ``compare`` is an older result, from which this one differs.
    The page asks no network for anything, runs no script, and is the same for the same input.
    """
    found = explain(result.chain)
    context = {
        **_results(found.result),  # the limits are those of the formulas
        **_formulas(found),
        **_input(source, tuple(settings)),
        **_comparison(compare, found.result),
        "left_out": left_out(found.result),
        "pictures": {picture.kind: picture for picture in drawn(found.result)},
        "version": __version__,
        "quoted": shlex.quote,
    }
    words: dict[str, Any] = {"numbers": numbers, "say": sentences, "preset": presets}
    words |= {"said": assumptions.said, "exact": exact_text}
    page = environment().get_template("report.html")
    return page.render(context, **words, chain=chain, compared=compared)


def _results(result: Capacity) -> dict[str, Any]:
    load, limits = offered(result), parts.shown_limits(result)
    loaded = (sentences.offered(load), *sentences.searches(result), sentences.blind(load))
    defaults, uses = list(assumptions.defaults(result)), list(used(result.chain))
    return {
        "result": result,
        "load": load,
        "context": [*sentences.context(result), *sentences.blockless(result)],
        "loaded": list(filter(None, loaded)),
        "hops": parts.shown_hops(result, limits),
        "limits": limits,
        "advices": advise(result),
        "uses": uses[:_MOST_ROWS],
        "more_uses": len(uses[_MOST_ROWS:]),
        "assumed": list(assumptions.assumed(result, load)),
        "defaults": defaults[:_MOST_ROWS],
        "more_defaults": len(defaults[_MOST_ROWS:]),
    }


def _formulas(found: Explanation) -> dict[str, Any]:
    limits = parts.shown_limits(found.result)
    return {
        "explained": parts.explained(found, limits),
        "closed_forms": list(parts.closed_forms(found)),
        "letters": parts.letters(found, limits),
    }


def _input(source: str | None, settings: tuple[str, ...]) -> dict[str, Any]:
    shown = (source or "")[:_LONGEST_SOURCE]
    return {"source": shown, "cut": len(source or "") - len(shown), "settings": settings}


def _comparison(old: Capacity | None, new: Capacity) -> dict[str, Any]:
    if old is None:
        return {"comparison": None}
    comparison = find_comparison(old, new)
    rows = list(compared.rows(comparison))
    shown = rows if len(rows) <= _MOST_ROWS else [row for row in rows if row.is_changed][:_MOST_ROWS]
    keys = comparison.keys[:_MOST_ROWS]
    more = {"more_changes": len(rows) - len(shown), "more_keys": len(comparison.keys) - len(keys)}
    return {"comparison": comparison, "changes": shown, "keys": keys, **more}
