"""The result in a notebook, and the templates of all that is HTML."""

from __future__ import annotations

import re
from html import escape
from shlex import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tuplecalc.limits.capacity import Capacity
from tuplecalc.questions.advice import advise
from tuplecalc.render import kinds, numbers, sentences, verdict
from tuplecalc.render.presets import citations
from tuplecalc.render.sentences import advised, picks, totals
from tuplecalc.under_load.offered import Offered
from tuplecalc.under_load.offered import offered as under_load

_SCRIPTS = (
    (re.compile("[\\u3040-\\u30ff]"), "ja"),  # before Han, which Japanese has too
    (re.compile("[\\uac00-\\ud7af]"), "ko"),
    (re.compile("[\\u4e00-\\u9fff]"), "zh"),
)
"""Letters → the language that they tell."""


def environment() -> Environment:
    """The templates of this folder, which escape whatever they show."""
    made = Environment(
        loader=PackageLoader("tuplecalc.render"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters["lang"] = lang
    return made


def lang(name: str) -> Markup:
    """The attribute of a name that is in another language than the page; empty where its letters tell none.

    A screen reader speaks it so, and a browser takes the right one of several fonts.

    >>> lang("\u51fa\u53e3 nat"), lang("nat"), lang("\u51fa\u53e3\u306e")
    (Markup(' lang="zh"'), Markup(''), Markup(' lang="ja"'))
    """
    found = next((language for letters, language in _SCRIPTS if letters.search(name)), None)
    return Markup(f' lang="{found}"' if found else "")


def fragment(result: Capacity) -> str:
    """An HTML fragment: the verdict, what limits it, the first remedy; then kinds, hops, limits."""
    template = environment().get_template("capacity.html")
    cited = list(citations(result.chain))
    load = under_load(result)
    parts = list(kinds.rows(result, load))
    words = {"numbers": numbers, "say": sentences, "kinds": kinds, "verdict": verdict, "quoted": quote}
    words |= {"advised": advised, "totals": totals}
    return template.render(
        result=result, load=load, parts=parts, advices=advise(result), cited=cited, **words
    )


def load(offered: Offered) -> str:
    """What becomes of the offered rate, as HTML paragraphs."""
    say = (
        verdict.verdict,
        verdict.best_case,
        sentences.runs_dry,
        sentences.most,
        picks.blind,
    )
    said = filter(None, (each(offered) for each in say))
    return "\n".join(f"<p>{escape(sentence)}</p>" for sentence in said)
