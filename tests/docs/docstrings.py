"""Docstrings as the API's pages have them: doctests are code, roles of reST are links."""

import re
from contextlib import suppress
from typing import Any

import griffe
from markdown.extensions.toc import slugify

DOCTEST = re.compile(r"^>>> .*(?:\n(?!\s*$).*)*", re.MULTILINE)
ROLE = re.compile(r":(?:class|func|meth|attr|data|mod):`([^`]+)`")
SECTION = re.compile(r'docs/model\.md,\s+"([^"]+)"')
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
        text = SECTION.sub(lambda section: _linked(slugify(section[1], "-"), section[0]), text)
        obj.docstring.value = ROLE.sub(lambda role: _link(obj, role[1]), text)


def _link(obj: griffe.Object, target: str) -> str:
    """A link where the target has a place on the pages, else its name as code."""
    path = target.removeprefix("~")
    name = path.rpartition(".")[2] if target.startswith("~") else path
    with suppress(griffe.NameResolutionError):
        path = obj.resolve(path)
    return _linked(path, f"<code>{name}</code>")


def _linked(identifier: str, text: str) -> str:
    return f'<autoref identifier="{identifier}" optional>{text}</autoref>'
