"""The result in a notebook, and the templates of all that is HTML."""

from __future__ import annotations

from html import escape

from jinja2 import Environment, PackageLoader, StrictUndefined

from tuplecalc.limits.capacity import Capacity
from tuplecalc.questions.advice import advise
from tuplecalc.render import numbers, sentences
from tuplecalc.render.presets import citations
from tuplecalc.under_load.offered import Offered


def environment() -> Environment:
    """The templates of this folder, which escape whatever they show."""
    return Environment(
        loader=PackageLoader("tuplecalc.render"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def fragment(result: Capacity) -> str:
    """An HTML fragment: what binds, the hops, the limits, and what would help."""
    template = environment().get_template("capacity.html")
    cited = list(citations(result.chain))
    return template.render(result=result, advices=advise(result), cited=cited, numbers=numbers, say=sentences)


def load(offered: Offered) -> str:
    """What becomes of the offered rate, as HTML paragraphs."""
    said = filter(None, (sentences.offered(offered), sentences.most(offered), sentences.blind(offered)))
    return "\n".join(f"<p>{escape(sentence)}</p>" for sentence in said)
