"""A chain → its closed forms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tuplecalc.algebra.forms import ChainForm, LimitForms, chain_form, forms
from tuplecalc.algebra.notation import Notation, groups_of, labels_of
from tuplecalc.algebra.rows import SymbolRow, rows
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.network.chain import Chain


@dataclass(frozen=True, eq=False)
class Explanation:
    """The closed forms of a chain: of each limit in its hop's letters, and of the whole chain.

    The expressions are sympy's, so that they can be differentiated, solved or plotted.
    """

    result: Capacity
    limits: tuple[LimitForms, ...]
    """Each limit's forms, in the order of the result."""
    flows_form: ChainForm
    rate_form: ChainForm | None
    """None where nothing limits the rate."""
    notation: Notation
    """The chain's letters."""

    @property
    def title(self) -> str:
        """The chain's title."""
        return self.result.title

    @property
    def flows(self) -> Any:
        """The chain's flows as a sympy expression: the minimum over all limits."""
        return self.flows_form.expression

    @property
    def rate(self) -> Any:
        """The chain's rate as a sympy expression; None where nothing limits it."""
        return self.rate_form and self.rate_form.expression

    @cached_property
    def values(self) -> dict[Any, Any]:
        """The exact value of every symbol of :attr:`flows` and :attr:`rate`."""
        return self.flows_form.values | (self.rate_form.values if self.rate_form else {})

    @cached_property
    def symbols(self) -> tuple[SymbolRow, ...]:
        """The table of symbols: every letter of every formula, hop by hop."""
        found = rows(
            self.result.limits, {form.limit.hop: form.notation for form in self.limits}, self.notation
        )
        order = [hop.name for hop in self.result.hops]
        ends = (name for name in self.notation.labels if name not in order)
        place = {name: number for number, name in enumerate([*order, *ends])}
        return tuple(sorted(found, key=lambda row: place[row.hop]))

    def limit(self, hop: str, name: str) -> LimitForms:
        """The closed forms of one limit by its names.

        Raises :class:`~tuplecalc.errors.InputError` where there is none.

        >>> from tuplecalc.network.file import example
        >>> explain(example("outage")).limit("login-proxy", "shared")
        <LimitForms login-proxy/shared: flows = floor(|A ∪ L| / 2)·b·E'>
        """
        wanted = self.result.limit(hop, name)
        return next(form for form in self.limits if form.limit is wanted)

    def latex(self) -> str:
        r"""The chain's two formulas in LaTeX, for ``$$ … $$``; very long minima by their smallest terms."""
        lines = [_line(self.flows_form)]
        if self.rate_form:
            lines.append(_line(self.rate_form))
        body = " \\\\\n".join(lines)
        return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"

    def __repr__(self) -> str:
        flows = f"flows = min of {len(self.flows_form.terms)} = {self.result.flows:,}"
        rate = ""
        if self.rate_form:
            least = self.rate_form.binding_term.form.result
            rate = f", rate = min of {len(self.rate_form.terms)} {least.relation} {least.text}"
        return f"<Explanation {self.result.shape}: {flows}{rate}>"


def _line(form: ChainForm) -> str:
    shown = form.shown()
    terms = [term.form.latex for term in shown]
    if len(shown) < len(form.terms):
        terms.append(r"\ldots")
    least = form.binding_term.form.result
    formula = terms[0] if len(terms) == 1 else rf"\min\left({', '.join(terms)}\right)"
    return rf"\text{{{form.binding_term.form.quantity}}} &= {formula} {least.latex_relation} {least.latex}"


def explain(chain: Chain) -> Explanation:
    """The closed forms of a chain: what limits its flows and its rate, in symbols.

    Each limit is ``flows = floor(scopes · floor(size / keys))`` and ``rate = size · scopes /
    seconds`` in the letters of its hop, the chain the minimum of all of them.  Along the chain a
    letter keeps the name that it has at the hop that binds the flows; where another hop uses the
    letter for something else, that hop's name is written below.

    The formulas are read from the same limits as the numbers of
    :func:`~tuplecalc.limits.capacity.capacity`, so that with the values put in they give these.

    >>> from tuplecalc.network.file import example
    >>> explanation = explain(example("inverted-cone-tproxy"))
    >>> explanation
    <Explanation inverted cone: flows = min of 4 = 1,290,240, rate = min of 5 ≈ 21,151.48/s>
    >>> print(explanation.flows_form.text)
    min(|A_clients|·a·E, |A|·b·E, |L|·b·E, floor(|A ∪ L| / 2)·b·E·n)
    >>> explanation.flows.subs(explanation.values)
    1290240
    """
    result = capacity(chain)
    names = labels_of(chain), groups_of(chain)
    notation = Notation(result.limits, result.binding.hop, *names)
    by_hop: list[LimitForms] = []
    for hop in result.hops:
        local = Notation(hop.limits, hop.name, *names, local=True)
        by_hop.extend(LimitForms(limit, hop.kind, local) for limit in hop.limits)
    along = [(limit, forms(limit, notation)) for limit in result.limits]
    flows = chain_form(((limit, found.flows) for limit, found in along if found.flows), result.binding)
    rate = None
    if result.rate_binding:
        rate = chain_form(((limit, found.rate) for limit, found in along if found.rate), result.rate_binding)
    return Explanation(result, tuple(by_hop), flows, rate, notation)
