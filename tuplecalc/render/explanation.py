"""Closed forms → plain text, LaTeX, Markdown, JSON; each a function of the explanation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from rich.cells import cell_len, chop_cells, set_cell_size

from tuplecalc.algebra import numbers
from tuplecalc.algebra.explanation import Explanation
from tuplecalc.algebra.forms import ChainForm, Form, LimitForms, Term
from tuplecalc.algebra.notation import escaped
from tuplecalc.algebra.rows import SymbolRow
from tuplecalc.limits.limit import Limit
from tuplecalc.render import table
from tuplecalc.render.sentences import totals
from tuplecalc.render.table import PAGE, Page, in_markdown
from tuplecalc.render.table import escaped as escaped_row

THEOREM = {
    "flows": ("min over all limits of floor(scopes·floor(size / keys))", "Hall"),
    "rate": ("min over all limits of size·scopes / seconds", "Little"),
}
OF_A_MIX = THEOREM | {"flows": ("min over all limits of floor(scopes·size / keys)", "Hall")}
"""What every formula is an instance of (docs/model.md, "Faces"); flows of a mix take parts of keys."""

_LATEX_FLOWS = (
    r"\left\lfloor \text{scopes} \cdot"
    r" \left\lfloor \frac{\text{size}}{\text{keys}} \right\rfloor \right\rfloor"
)
_LATEX_OF_A_MIX = r"\left\lfloor \frac{\text{scopes} \cdot \text{size}}{\text{keys}} \right\rfloor"
_MIXED = "keys and seconds of an average connection: each kind counts by its part σ of the new ones"
_JOINT = "found by a linear program over several tables; there is no formula"
_BAR = r"\vert{}"
_MARK = "◀ limits"
_MOST_LIMITS_SHOWN = 24
_OPERATORS = re.compile(r"(?<=·)|(?<=, )|(?= [-+/=≈∪∖∩] )")
_BLANKS = re.compile(r"(?<=\S) ")


def text(explanation: Explanation, page: Page = PAGE) -> str:
    """The closed forms for a terminal.

    Each limit with its formula, the numbers put in and the result; the chain's minimum with the
    tightest term marked; the table of symbols.  Of very many limits only the smallest are shown.
    """
    shown, result = _shown(explanation), explanation.result
    width = page.prose
    endless = "  rate    nothing limits it"
    lines = [*_prose(explanation.title or "A chain", width), ""]
    theorem = OF_A_MIX if result.chain.is_mixed else THEOREM
    for quantity, (formula, by) in theorem.items():
        lines += _fold(f"{quantity:<5} = {formula}  ({by})", 8, width)
    lines += _prose(_MIXED, width, 8) if result.chain.is_mixed else []
    if any(limit.limit.busy and not limit.is_of_numbers for limit in explanation.limits):
        lines += _prose("(where port ranges overlap in part: the size that can be busy at a time)", width, 8)
    for limit in shown:
        lines += ["", *_heading(limit, width)]
        lines += _prose(_JOINT, width, 2) if limit.is_of_numbers else []
        binds, binds_rate = result.is_tightest(limit.limit)
        lines += (
            _substitution(limit.flows, width, binds)
            if limit.flows
            else ["  flows   open connections take none of it"]
        )
        lines += _substitution(limit.rate, width, binds_rate) if limit.rate else [endless]
    if left := len(explanation.limits) - len(shown):
        lines += ["", f"… and {left:,} limits more; JSON and LaTeX have all"]
    lines += ["", "the chain: the smallest of all limits"]
    for form in _chain_forms(explanation):
        lines += _minimum(form, width)
    lines += [] if explanation.rate_form else [endless]
    lines += [line for note in totals.at_most(explanation.result) for line in _prose(note, width, 2)]
    lines += ["", "symbols", *_table(_rows(explanation, shown), explanation.notation.labels, width)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _fold(line: str, hang: int, width: int, breaks: re.Pattern[str] = _OPERATORS) -> list[str]:
    """A formula over several lines, broken at its operators, outside of brackets where possible.

    >>> _fold("  rate = |A|·b·E / (H + c·T)", 9, 22)
    ['  rate = |A|·b·E', '         / (H + c·T)']
    """
    lines = []
    while cell_len(line) > width:
        spots = [spot.start() for spot in breaks.finditer(line) if spot.start() > hang]
        fitting = [spot for spot in spots if cell_len(line[:spot].rstrip()) <= width]
        whole = [len(chop_cells(line, width)[0])]  # a long word is cut
        spots = [spot for spot in fitting if spot > width // 2] or fitting[-1:] or whole
        spot = min(spots, key=lambda spot: (line.count("(", 0, spot) - line.count(")", 0, spot), -spot))
        lines.append(line[:spot].rstrip())
        line = " " * hang + line[spot:].lstrip()
    return [*lines, line.rstrip()]


def _prose(words: str, width: int, indent: int = 0) -> list[str]:
    return _fold(" " * indent + words, indent, width, _BLANKS)


def _padded(words: str, width: int) -> str:
    return words + " " * (width - cell_len(words))


def _shown(explanation: Explanation) -> list[LimitForms]:
    """All limits, or of very many those whose terms are shown."""
    if len(explanation.limits) <= _MOST_LIMITS_SHOWN:
        return list(explanation.limits)
    forms = _chain_forms(explanation)
    kept = [limit for form in forms for limit in (form.binding, *(term.limits[0] for term in form.shown()))]
    names = {(limit.hop, limit.name) for limit in kept}
    return [limit for limit in explanation.limits if (limit.limit.hop, limit.limit.name) in names]


def _chain_forms(explanation: Explanation) -> list[ChainForm]:
    return [form for form in (explanation.flows_form, explanation.rate_form) if form]


def _rows(explanation: Explanation, shown: Iterable[LimitForms]) -> list[SymbolRow]:
    return shown_symbols(explanation, [limit.limit for limit in shown])


def shown_symbols(explanation: Explanation, limits: Iterable[Limit]) -> list[SymbolRow]:
    """The letters of some limits: those of their hops, and of what is no hop."""
    left = {hop.name for hop in explanation.result.hops} - {limit.hop for limit in limits} - {"services"}
    return [row for row in explanation.symbols if row.hop not in left]


def _heading(limit: LimitForms, width: int) -> list[str]:
    name, why = f"{limit.limit.hop} · {limit.limit.name}", limit.limit.kind.sentence
    line = f"{_padded(name, 20)}  {why}"
    return [line] if cell_len(line) <= width else [*_fold(name, 2, width), *_prose(why, width, 2)]


def _substitution(form: Form, width: int, binds: bool) -> list[str]:
    first, *others = form.steps
    lines = _fold(f"  {form.quantity:<5} {first.relation} {first.text}", 12, width)
    rest = " ".join(f"{step.relation} {step.text}" for step in others)
    lines += _fold(f"        {rest}", 12, width) if rest else []
    marked = f"{lines[-1]}   {_MARK}"
    if not binds:
        return lines
    return [*lines[:-1], marked] if cell_len(marked) <= width else [*lines, f"            {_MARK}"]


def _minimum(form: ChainForm, width: int) -> list[str]:
    """``min(`` with a term a line, its value, and the limits that it stands for."""
    shown = form.shown()
    result, quantity = form.binding_term.form.result, form.binding_term.form.quantity
    formulas = [f"{term.form.text}{',' if term is not form.terms[-1] else ''}" for term in shown]
    left = min(table.width_of(*formulas), width * 2 // 5)
    right = max(len(term.form.result.text) for term in shown)
    lines = [f"  {quantity:<5} = min("]
    for term, formula in zip(shown, formulas, strict=True):
        mark = "  ◀" if form.is_tightest(term) else ""
        value = f"{term.form.result.relation} {term.form.result.text:>{right}}"
        note = f"{_who(term, width - left - right - 10 - len(mark))}{mark}"
        if cell_len(formula) <= left:
            lines.append(f"    {_padded(formula, left)}  {value}  {note}")
        else:
            lines += _fold(f"    {formula}", 8, width)
            lines.append(f"{'':<{left + 4}}  {value}  {note}")
    if more := len(form.terms) - len(shown):
        lines.append(f"    … and {more:,} more, none of them smaller")
    return [*lines, f"  ) {result.relation} {result.text}"]


def _who(term: Term, room: int) -> str:
    """The limits of a term, as many as there is room for."""
    names = [f"{limit.hop} {limit.name}" for limit in term.limits]
    for kept in range(len(names), 0, -1):
        left = len(names) - kept
        note = ", ".join(names[:kept]) + (f" and {left} more" if left else "")
        if cell_len(note) <= room:
            return note
    note = names[0] if len(names) == 1 else f"{len(names)} limits"
    return note if cell_len(note) <= room else f"{set_cell_size(note, max(room - 1, 1))}…"


def _table(rows: Sequence[SymbolRow], labels: Mapping[str, str], width: int) -> Iterator[str]:
    """Letters by hop; a letter's meaning stands where it comes first."""
    head = ("letter", "chain", "value", "unit")
    cells = [(row.letter, row.chain, numbers.text(row.value), _unit(row)) for row in rows]
    columns = zip(_WIDEST, zip(head, *cells, strict=True), strict=True)
    letter, chain, value, unit = (min(most, table.width_of(*column)) for most, column in columns)
    start = letter + chain + 6
    hang = " " * (start + value + unit + 4)

    def names(letters: str, along: str) -> str:
        return f"  {_padded(letters, letter)}  {_padded(along, chain)}  "

    def figures(number: str, measured: str, words: str) -> str:
        return f"{number:>{value}}  {_padded(measured, unit)}  {words}"

    is_narrow = width < len(hang) + _LEAST_WORDS  # the words go below the figures
    if is_narrow:
        hang = " " * 6
    yield (names(*head[:2]) + figures(*head[2:], "" if is_narrow else _MEANING)).rstrip()
    yield from [hang + _MEANING] * is_narrow
    explained: set[str] = set()
    for hop, group in groupby(zip(rows, cells, strict=True), key=lambda pair: pair[0].hop):
        label = labels[hop]
        yield from _prose(hop if label == hop else f"{hop} (_{label})", width)
        for row, cell in group:
            said = _prose(_said(row, explained), max(width - len(hang), _LEAST_WORDS))
            first, *others = ["", *said] if is_narrow else said
            named = names(*cell[:2])
            if cell_len(named) > start:  # a name that is wider than its column
                yield from _fold(named.rstrip(), 4, width)
                named = " " * start
            yield named + figures(*cell[2:], first)
            yield from (hang + other for other in others)


_LEAST_WORDS = 20
_MEANING = "meaning (where it is set)"
_WIDEST = (14, 14, 20, 10)


def _unit(row: SymbolRow) -> str:
    return "" if row.unit == "1" else row.unit


def _said(row: SymbolRow, explained: set[str]) -> str:
    where = row.place or (f"= {row.definition}" if row.definition else "")
    if row.meaning in explained and where:
        return where
    explained.add(row.meaning)
    if row.place:
        return f"{row.meaning} ({row.place})"
    return f"{row.meaning} {where}".rstrip()


def latex(explanation: Explanation) -> str:
    """The closed forms as a LaTeX fragment, all of them; it needs amsmath and longtable."""
    title = rf"\section*{{{escaped(explanation.title or 'A chain')}}}"
    parts = ["% needs \\usepackage{amsmath, longtable}", title, _aligned(_theorem(explanation))]
    for limit in explanation.limits:
        heading = escaped(f"{limit.limit.hop}: {limit.limit.name}")
        parts.append(rf"\paragraph{{{heading}}} {escaped(limit.limit.kind.sentence)}")
        parts.append(_aligned(_latex_forms(limit)))
    parts.append(r"\paragraph{The chain} the smallest of all limits")
    parts += [_aligned(_latex_minimum(form)) for form in _chain_forms(explanation)]
    rows = (
        f"{escaped(row.hop)} & ${row.latex}$ & ${numbers.latex(row.value)}$ & {escaped(_unit(row))} & "
        f"{escaped(_said(row, set()))} \\\\"
        for row in explanation.symbols
    )
    header = r"hop & symbol & value & unit & meaning (where it is set) \\ \hline"
    parts.append("\n".join([r"\begin{longtable}{llrlp{.4\linewidth}}", header, *rows, r"\end{longtable}"]))
    return "\n\n".join(parts) + "\n"


def _theorem(explanation: Explanation) -> str:
    flows = _LATEX_OF_A_MIX if explanation.result.chain.is_mixed else _LATEX_FLOWS
    return (
        rf"\text{{flows}} &= \min_{{\text{{limits}}}} {flows} \\" + "\n"
        r"\text{rate} &= \min_{\text{limits}} \frac{\text{size} \cdot \text{scopes}}{\text{seconds}}"
    )


def _aligned(body: str) -> str:
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def formula(explanation: Explanation) -> str:
    """The chain's two formulas as a ``$$`` block."""
    return f"$$\n{explanation.latex()}\n$$"


def steps(limit: LimitForms) -> str:
    """The forms of one limit step by step, as a ``$$`` block."""
    return _display(_latex_forms(limit))


def _latex_forms(limit: LimitForms) -> str:
    return " \\\\\n".join(_latex_steps(form) for form in (limit.flows, limit.rate) if form)


def _latex_steps(form: Form) -> str:
    steps = [f"&{step.latex_relation} {step.latex}" for step in form.steps]
    return rf"\text{{{form.quantity}}} " + " \\\\\n".join(steps)


def _latex_minimum(form: ChainForm) -> str:
    terms = [
        rf"& {term.form.latex}{'' if term is form.terms[-1] else ','} && {_latex_names(term, form)} \\"
        for term in form.terms
    ]
    result = form.binding_term.form.result
    head = rf"\text{{{form.binding_term.form.quantity}}} = \min\bigl( {terms[0]}"
    return "\n".join([head, *terms[1:], rf"\bigr) {result.latex_relation} {{}} & {result.latex}"])


def _latex_names(term: Term, form: ChainForm) -> str:
    names = ", ".join(f"{limit.hop} {limit.name}" for limit in term.limits)
    binds = " (limits)" if term is form.binding_term else ""
    return rf"\text{{{escaped(names)}{binds}}}"


def markdown(explanation: Explanation) -> str:
    """The closed forms for a design document: formulas as ``$$`` blocks, terms and symbols as tables."""
    shown = _shown(explanation)
    parts = [f"# {in_markdown(explanation.title or 'A chain')}", _display(_theorem(explanation))]
    for hop, group in groupby(shown, key=lambda limit: limit.limit.hop):
        parts.append(f"## {in_markdown(hop)}")
        for limit in group:
            parts.append(f"**{in_markdown(limit.limit.name)}**: {in_markdown(limit.limit.kind.sentence)}")
            parts.append(steps(limit))
    if left := len(explanation.limits) - len(shown):
        parts.append(f"… and {left:,} limits more; JSON and LaTeX have all.")
    parts += ["## The chain", formula(explanation)]
    parts += map(_terms, _chain_forms(explanation))
    parts += map(in_markdown, totals.at_most(explanation.result))
    header = ("hop", "symbol", "in the chain", "value", "unit", "meaning (where it is set)")
    rows = (
        (
            in_markdown(row.hop),
            _math(row.latex),
            f"`{row.chain}`".replace("|", "\\|") if row.chain else "",
            in_markdown(numbers.text(row.value)),
            _unit(row),
            in_markdown(_said(row, set())),
        )
        for row in _rows(explanation, shown)
    )
    return "\n\n".join([*parts, "## Symbols", table.markdown(header, rows, words=len(header))]) + "\n"


def _terms(form: ChainForm) -> str:
    rows = []
    for term in form.shown():
        cells = _math(term.form.latex), *escaped_row((term.form.result.text, _who(term, 200)))
        rows.append(tuple(f"**{c}**" for c in cells) if term is form.binding_term else cells)
    if more := len(form.terms) - len(rows):
        rows.append((f"… and {more:,} more", "", ""))
    header = (form.binding_term.form.quantity, "value", "limits")
    return table.markdown(header, rows, words=len(header))


def _display(body: str) -> str:
    return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"


def _math(formula: str) -> str:
    """A formula in a table's cell, where a bar would end the cell."""
    return f"${formula.replace('|', _BAR)}$"
