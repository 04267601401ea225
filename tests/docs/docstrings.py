"""Docstrings as the API's pages have them: doctests are code, roles of reST are links."""

import re
from typing import Any

import griffe

DOCTEST = re.compile(r"^>>> .*(?:\n(?!\s*$).*)*", re.MULTILINE)
ROLE = re.compile(r":(?:class|func|meth|attr|data|mod):`([^`]+)`")
TABLE = re.compile(r"^(=+ )+=+\n(?:.*\n)*?(=+ )+=+\n(?:(?:.*\n)*?(=+ )+=+$)?", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Every docstring is rewritten for Markdown when its object is known."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of an object."""
        if obj.docstring is None:
            return
        text = DOCTEST.sub(r"```pycon\n\g<0>\n```", obj.docstring.value)
        text = TABLE.sub(r"```text\n\g<0>\n```", text)
        text = re.sub(r"::$", ":", text, flags=re.MULTILINE)
        obj.docstring.value = ROLE.sub(lambda role: _link(obj, role[1]), text)


def _link(obj: griffe.Object, target: str) -> str:
    """A link where the target has a place on the pages, else its name as code."""
    path = target.removeprefix("~")
    name = path.rpartition(".")[2] if target.startswith("~") else path
    try:
        path = obj.resolve(path)
    except griffe.NameResolutionError:
        pass
    return f'<autoref identifier="{path}" optional><code>{name}</code></autoref>'
