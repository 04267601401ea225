"""The best mix of several kinds: for a terminal, in Markdown, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import partial
from math import floor

from tuplecalc.algebra.notation import escaped as escaped_words
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.expression import Number
from tuplecalc.questions.best_mix import BestMix
from tuplecalc.render import kinds, numbers, table
from tuplecalc.render.sentences import totals
from tuplecalc.render.table import PAGE, Page, Way, escaped, in_markdown

Row = tuple[str, ...]
_LONGEST_SHARE = 12
_WAYS = [Way(40, 0, 2), Way(26, 0, 2), Way(12, 0, 2), Way(12, 0, 1)]
_DROPPED = [{3}, {1}, {4}]
_FIGURES = {"flows": "connections open at once", "rate": "connections a second"}


def text(found: BestMix, page: Page = PAGE) -> str:
    """The answer for a terminal.

    >>> from tuplecalc.questions.best_mix import best_mix
    >>> from tuplecalc.network.file import loads
    >>> print(text(best_mix(loads('''
    ... traffic.kinds = [{name = "a", share = 0.5}, {name = "b", share = 0.5}]
    ... clients = {addresses = 1000}
    ... hops = [
    ...     {name = "left", kind = "cone", addresses = 1, traffic = "a"},
    ...     {name = "right", kind = "cone", addresses = 3, traffic = "b"},
    ... ]
    ... services = {addresses = 1, ports = 80}
    ... '''))), end="")
    The best mix has 258,048 connections open at once, the present one 129,024.
    left ports and right ports are reached together there.
    <BLANKLINE>
    kind  now  best         flows
    a     50%   25%  1/4   64,512
    b     50%   75%  3/4  193,536
    <BLANKLINE>
    share of a = 1 / (M + 1) = 1 / (3 + 1) = 0.25
    flows = |P|·(M + 1) = 64,512·(3 + 1) = 258,048
    <BLANKLINE>
      --set traffic.kinds.a.share=1/4
      --set traffic.kinds.b.share=3/4
    """
    said = [line for sentence in _sentences(found) for line in table.prose(sentence, page.prose)]
    said += ["", *table.fitted(partial(_rows, found), page.table, _WAYS, {0}, _DROPPED).lines()]
    if found.closed_form:
        said += [
            "",
            *(line for formula in _formulas(found) for line in table.prose(formula, page.prose, hang="  ")),
        ]
    if found.settings:
        said += ["", *map(table.setting, found.settings)]
    return "\n".join([*said, ""])


def markdown(found: BestMix) -> str:
    """The same for a design document."""
    header, *rows = _rows(found, Way(10**6, 0, 0))
    parts = [*map(in_markdown, _sentences(found)), table.markdown(header, map(escaped, rows), words=1)]
    if found.closed_form:
        labels = (rf"\text{{{escaped_words(found.free[0])}}}", rf"\text{{{found.figure}}}")
        for label, form in zip(labels, found.closed_form, strict=True):
            steps = (f"{step.latex_relation} {step.latex}" for step in form.steps)
            parts.append(f"$${label} {' '.join(steps)}$$")
    return "\n\n".join(parts) + "\n"


def csv_rows(found: BestMix) -> str:
    """A row for each kind: its present share, its share in the best mix, its part of the total."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("kind", "present_share", "share", found.figure))
    for kind, share in found.shares.items():
        part = floor(found.parts[kind]) if found.figure == "flows" else float(found.parts[kind])
        writer.writerow((kind, found.present_shares[kind], share, part))
    return stream.getvalue()


def _sentences(found: BestMix) -> Iterator[str]:
    now = found.present.flows if found.figure == "flows" else found.present.rate
    total, present = (
        f"{'at most ' * _is_at_most(found, result)}{_written(found, value)}"
        for value, result in ((found.total, found.result), (now, found.present))
    )
    what = _FIGURES[found.figure]
    if found.is_present:
        yield f"The present mix is the best: {total} {what}."
    else:
        yield f"The best mix has {total} {what}, the present one {present}."
    names = [f"{limit.hop} {limit.name}" for limit in found.limits]
    if len(names) > 1:
        yield f"{', '.join(names[:-1])} and {names[-1]} are reached together there."
    elif names:
        yield f"{names[0]} limits it there."
    if not found.is_only:
        yield "Other shares are as good."
    if len(found.free) < len(found.shares):
        yield f"The shares of {' and '.join(found.free)} are free; the others keep theirs."
    yield from totals.at_most(found.result, found.present, figure=found.figure)
    if found.without_rate:
        named = kinds.listed(list(found.without_rate))
        yield f"A file has this mix without {named}, since a rate is above 0."


def _is_at_most(found: BestMix, result: Capacity) -> bool:
    return result.flows_at_most if found.figure == "flows" else result.rate_at_most


def _rows(found: BestMix, way: Way) -> Iterator[Row]:
    yield "kind", "now", "best", "", "flows" if found.figure == "flows" else "rate /s"
    for kind, share in found.shares.items():
        exactly = str(share) if share.denominator > 1 and len(str(share)) <= _LONGEST_SHARE else ""
        now, best = (numbers.share(float(each)) for each in (found.present_shares[kind], share))
        yield table.folded(kind, way.names), now, best, exactly, _written(found, found.parts[kind])


def _formulas(found: BestMix) -> Iterator[str]:
    """The share of the first free kind and the total: in symbols, their numbers put in, the result."""
    if found.closed_form:
        share, total = (
            " ".join(f"{step.relation} {step.text}" for step in form.steps) for form in found.closed_form
        )
        yield f"share of {found.free[0]} {share}"
        yield f"{found.figure} {total}"


def _written(found: BestMix, value: Number | None) -> str:
    return numbers.rate(value) if value is None or found.figure == "rate" else numbers.count(floor(value))
