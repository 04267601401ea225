"""What the two sets of a tuple share: how a field of a part reads and writes them, and their items."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from operator import attrgetter
from typing import Any, TypeGuard, TypeVar

from pydantic_core import CoreSchema, core_schema

from tuplecalc.errors import ChainError, Problem, reject

Range = tuple[int, int]
"""The lowest and the highest integer, both included."""
_T = TypeVar("_T")


class SetValue:
    """A set that a field of a pydantic model may be: it reads the raw value of the file.

    The field is never empty, and is written back as ``spec``.
    """

    spec: Any

    def __str__(self) -> str:
        return ", ".join(map(str, self.spec if isinstance(self.spec, list) else [self.spec])) or "none"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        make: Callable[[object], Any] = cls

        def read(value: object) -> Any:
            made = make(value)
            if not made.size:
                raise reject(made.spec, "this set is empty", "leave at least one in it")
            return made

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(attrgetter("spec"))
        )


def merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The union of any ranges: sorted, and between two of them at least one integer is missing.

    A set has exactly one such form, so equal tuples mean equal sets.

    >>> merged([(7, 9), (1, 3), (4, 5), (8, 8)])
    ((1, 5), (7, 9))
    """
    apart: list[Range] = []
    for low, high in sorted(ranges):
        if apart and low <= apart[-1][1] + 1:
            apart[-1] = (apart[-1][0], max(high, apart[-1][1]))
        else:
            apart.append((low, high))
    return tuple(apart)


def items(
    value: object, what: str, write: str, of_text: Callable[[str], _T], of_other: Callable[[object], _T]
) -> list[_T]:
    """The items of a raw value: its own, or of a list those of each element, or all their problems."""

    def own(value: object) -> list[_T]:
        if isinstance(value, list | tuple):
            raise reject(list(value), f"a list of {what} holds no further list", "write one flat list")
        if value is None:
            raise reject(None, f"no {what} are given", write)
        if not isinstance(value, str):
            return [of_other(value)]
        texts = [text.strip() for text in value.split(",")]
        if texts == [""]:
            raise reject(value, "this is empty", write)
        if "" in texts:
            raise reject(value, "nothing stands beside a comma", "leave the comma out")
        return [of_text(text) for text in texts]

    if not isinstance(value, list | tuple):
        return own(value)
    if not value:
        raise reject([], "the list is empty", write)
    found: list[_T] = []
    problems: list[Problem] = []
    for index, element in enumerate(value):
        try:
            found += own(element)
        except ChainError as error:
            problems += error.below(f"[{index}]").problems
    if problems:
        raise ChainError(problems)
    return found


_THOUSANDS = r"[0-9]{1,3}(?:[,_][0-9]{3}){1,6}"
_AMOUNT = rf"({_THOUSANDS}|[0-9]{{1,40}})(\.[0-9]{{1,18}})?\s*([kKMG]?)"


def amount(text: object) -> Fraction | None:
    """A number with commas between its thousands, or with k, M or G behind it; None where it is none.

    >>> [str(amount(text)) for text in ("10,000", "1.5M", "10k", "9", "1,5")]
    ['10000', '1500000', '10000', '9', 'None']
    """
    if not isinstance(text, str) or not (found := re.fullmatch(_AMOUNT, text.strip())):
        return None
    whole = found[1].replace(",", "").replace("_", "")
    return (
        Fraction(whole + (found[2] or "")) * {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9}[found[3]]
    )


def whole(text: object) -> int | None:
    """What :func:`amount` reads, where that is a whole number."""
    found = amount(text)
    return found.numerator if found is not None and found.denominator == 1 else None


def is_integer(value: object) -> TypeGuard[int]:
    """Whether the value is a whole number, and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


AMOUNT = rf"({_THOUSANDS}|[0-9]+)(\.[0-9]+)?\s*[kKMG]?"
WHOLE = rf"({_THOUSANDS}|[0-9]+)((\.[0-9]+)?\s*[kKMG])?"
"""What :func:`amount` and :func:`whole` read, for a JSON Schema."""


def schema_of(one: dict[str, Any], item: str, **others: Any) -> dict[str, Any]:
    """JSON Schema: one number, a text of items with commas, a list of these, or a table with ``others``.

    Each keyword is about values of one type, so that a wrong value breaks one rule, not all of an ``anyOf``.
    """
    either = one | {"type": [one["type"], "string"], "pattern": rf"^\s*{item}(\s*,\s*{item})*\s*$"}
    types = [*either["type"], "array", *(["object"] if others else [])]
    return either | {"type": types, "items": either, "minItems": 1} | others
