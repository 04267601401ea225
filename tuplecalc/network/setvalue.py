"""What the two sets of a tuple share: frozen values that a part's field may be declared as."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, TypeGuard, TypeVar

from pydantic_core import CoreSchema, core_schema

from tuplecalc.errors import Problem, TopologyError, reject

_T = TypeVar("_T")


class SetValue:
    """Frozen, equal and hashed by its slots, and fit to be a field of a pydantic model.

    Not a dataclass: in a JSON Schema, pydantic writes a default that is one field by field.
    """

    __slots__: tuple[str, ...] = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} does not change; make a new one")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} does not change; make a new one")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in self.__slots__)))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        """A field of a model: read by the constructor, never empty, written back as ``spec``."""
        make: Callable[[object], Any] = cls

        def read(value: object) -> Any:
            made = make(value)
            if not made.size:
                raise reject(made.spec, "this set is empty", "leave at least one in it")
            return made

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(attrgetter("spec"))
        )


def is_integer(value: object) -> TypeGuard[int]:
    """Whether the value is a whole number, and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_digits(text: str) -> bool:
    """Whether the text is a row of the digits 0 to 9."""
    return text.isascii() and text.isdigit()


def joined(spec: int | str | list[int | str]) -> str:
    """A spec as one line of text."""
    return ", ".join(map(str, spec)) if isinstance(spec, list) else str(spec)


def each(values: Sequence[object], parse: Callable[[object], list[_T]]) -> list[_T]:
    """Every element parsed, or the problems of all of them at once."""
    parsed: list[_T] = []
    problems: list[Problem] = []
    for index, value in enumerate(values):
        try:
            parsed += parse(value)
        except TopologyError as error:
            problems += (problem.below(f"[{index}]") for problem in error.problems)
    if problems:
        raise TopologyError(problems)
    return parsed


def comma_separated(text: str, remedy: str) -> list[str]:
    """The items of a text such as ``80, 443``; an empty one is an error."""
    items = [item.strip() for item in text.split(",")]
    if items == [""]:
        raise reject(text, "this is empty", remedy)
    if "" in items:
        raise reject(text, "nothing stands beside a comma", "leave the comma out")
    return items
