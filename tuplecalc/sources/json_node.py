"""JSON with its paths: a value knows where it stands; what is missing or of a wrong shape is nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tuplecalc.errors import InputError
from tuplecalc.sources.texts import Text


@dataclass(frozen=True)
class Node:
    """A value of a JSON document, and its path.

    >>> node = Node({"a": [{"b": "7"}]}, "x.json")
    >>> node.at("a", 0, "b"), node.at("a", 0, "b").number, node.at("c", 3).text
    (Node(value='7', where='x.json: a[0].b'), 7, '')
    """

    value: object
    where: str

    def at(self, *path: str | int) -> Node:
        """What stands at a path below; None where nothing does."""
        node = self
        for key in path:
            node = node._below(key)
        return node

    def _below(self, key: str | int) -> Node:
        if isinstance(key, int):
            several = self.value if isinstance(self.value, list) else []
            return Node(several[key] if key < len(several) else None, f"{self.where}[{key}]")
        table = self.value if isinstance(self.value, dict) else {}
        return Node(table.get(key), f"{self.where}{'.' if ': ' in self.where else ': '}{key}")

    def each(self) -> Iterator[Node]:
        """The items of a list; none where it is something else."""
        yield from (self.at(index) for index in range(len(self.value) if isinstance(self.value, list) else 0))

    def inner(self, without: Collection[str] = ()) -> Iterator[Node]:
        """The tables and lists right below, but for those under some keys."""
        table = self.value.items() if isinstance(self.value, dict) else ()
        keys: list[str | int] = [k for k, v in table if isinstance(v, dict | list) and k not in without]
        items = self.value if isinstance(self.value, list) else ()
        keys += [index for index, item in enumerate(items) if isinstance(item, dict | list)]
        yield from map(self._below, keys)

    def names(self) -> list[str]:
        """The keys of a table; none where it is something else."""
        return list(self.value) if isinstance(self.value, dict) else []

    @property
    def text(self) -> str:
        """A text; empty where it is something else."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def number(self) -> int | None:
        """A whole number of up to 19 digits that is not negative, also where it is written as a text."""
        written = str(self.value) if isinstance(self.value, int | str) else ""
        return int(written) if written.isascii() and written.isdigit() and len(written) < 20 else None

    @property
    def holds(self) -> bool:
        """Whether it is true."""
        return self.value is True


def parsed(text: Text) -> Node:
    """The document of a text.

    Raises :class:`~tuplecalc.errors.InputError` where it is no JSON.
    """
    try:
        return Node(json.loads(text.text), text.name)
    except json.JSONDecodeError as error:
        reason = f"not JSON: {error.msg.lower()}; print it anew, it may be cut off"
        raise InputError(f"{text.at(error.lineno)}: {reason}") from error
    except RecursionError as error:
        raise InputError(f"{text.name}: nested too deep to be a configuration") from error
    except ValueError as error:
        raise InputError(f"{text.name}: not JSON: a number has too many digits") from error
