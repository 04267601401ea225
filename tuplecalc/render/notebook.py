"""Results in notebooks: IPython shows them as HTML or LaTeX, and asks for that by the names of their types.

Nothing of this is loaded outside of IPython, and a renderer only when there is something to show.
"""

from __future__ import annotations

from html import escape
from importlib import import_module
from typing import Any

_HTML = {
    "tuplecalc.limits.capacity.Capacity": "html.fragment",
    "tuplecalc.under_load.offered.Offered": "html.load",
    "tuplecalc.whatif.regions.Regions": "panel.framed",
}
_TEXT = {
    "tuplecalc.questions.comparison.Comparison": "compared.text",
    "tuplecalc.questions.crossover.Crossovers": "crossed.crossovers",
    "tuplecalc.questions.solution.Solution": "solved.text",
    "tuplecalc.questions.best_mix.BestMix": "mixed.text",
    "tuplecalc.questions.sweep.Sweep": "swept.text",
}
_LATEX = {
    "tuplecalc.algebra.explanation.Explanation": "explanation.formula",
    "tuplecalc.algebra.forms.LimitForms": "explanation.steps",
}
"""A type → its renderer in this folder."""


def show_results_in(shell: Any) -> None:
    """Register how results are shown with an IPython shell."""
    for kind, renderers in (("text/html", _HTML | _TEXT), ("text/latex", _LATEX)):
        for name in renderers:
            module, _, kind_of_result = name.rpartition(".")
            shell.display_formatter.formatters[kind].for_type_by_name(module, kind_of_result, shown)


def shown(result: object) -> str:
    """A result as HTML or LaTeX; what a terminal shows as well stands there as it is."""
    name = f"{type(result).__module__}.{type(result).__qualname__}"
    module, function = (_HTML | _TEXT | _LATEX)[name].split(".")
    written: str = getattr(import_module(f"tuplecalc.render.{module}"), function)(result)
    return f"<pre>{escape(written)}</pre>" if name in _TEXT else written
