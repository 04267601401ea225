"""What every table of a chain file has in common: frozen, and all its problems said at once."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from tuplecalc.errors import ChainError, Problem, nearest


class Part(BaseModel):
    """One table of a chain file: checked when it is made, then frozen.

    Making one raises :class:`ChainError` with all that is wrong in it, also where the table
    was made from a mapping inside another one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    needed: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """What is said where a key is missing, for those that deserve more than that."""
    instead: ClassVar[Mapping[str, str]] = {}
    """The way out for a key that only other tables have."""
    table: ClassVar[str] = ""
    """How a file begins it, where it is no part of another table."""
    within: ClassVar[str] = ""
    """The table that the names of tables in it begin with."""

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
            problems: list[Problem] = []
        except ValidationError as error:
            problems = list(_problems(error, type(self)))
        problems += self.misfits(data)
        if problems:
            raise ChainError(problems)

    @classmethod
    def misfits(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """The rules that bind several keys, read off the raw values so that they are always checked."""
        return ()

    @classmethod
    def elsewhere(cls, key: str) -> str:
        """Where a key that this table does not have belongs; empty where nothing has it."""
        return ""

    def changed(self, **changes: Any) -> Self:
        """The same part with other values, checked again.

        >>> from tuplecalc.network.cone import Cone
        >>> Cone(name="nat", addresses=4).changed(addresses=5).addresses.size
        5
        """
        return type(self)(**(self.written() | changes))

    def written(self) -> dict[str, Any]:
        """The keys that were given, with their values as they are held."""
        return {key: getattr(self, key) for key in self.model_fields_set}

    @property
    def stated(self) -> frozenset[str]:
        """The keys that something states for this part; all others have the tool's own defaults."""
        return frozenset(self.model_fields_set)

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        yield from (
            (key, getattr(self, key)) for key in type(self).model_fields if key in self.model_fields_set
        )

    def to_dict(self) -> dict[str, Any]:
        """The part as a chain file would say it: the keys that were written, no defaults."""
        return self.model_dump(mode="json", exclude_unset=True)


def step(name: str) -> str:
    """A name as a step of a path in settings and messages: ``nat``, in quotes where it needs them."""
    return name if re.fullmatch(r"[\w-]+", name) else json.dumps(name, ensure_ascii=False)


def same_names(parts: Iterable[object], what: str) -> Iterator[Problem]:
    """Names that stand twice, of tables or of parts."""
    seen: set[str] = set()
    for number, part in enumerate(parts):
        name = part.get("name") if isinstance(part, Mapping) else getattr(part, "name", None)
        if isinstance(name, str):
            read = unicodedata.normalize("NFC", name.strip())
            if read in seen:
                yield Problem(f"[{number}].name", name, f"another {what} has this name", "choose another")
            seen.add(read)


def _problems(error: ValidationError, part: type[Part]) -> Iterator[Problem]:
    for item in error.errors(include_url=False):
        place = _place(item["loc"])
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, ChainError):
            yield from (problem.below(place) for problem in cause.problems)
            continue
        value = item["input"]
        key = str(item["loc"][-1]) if item["loc"] else ""
        match item["type"]:
            case "extra_forbidden":
                yield Problem(place, value, *unknown_key(part, key))
            case "missing" | "literal_error" if item["type"] == "missing" or value is None:
                yield Problem(place, None, *part.needed.get(key, ("this key is required", "add it")))
            case "literal_error":
                allowed = item["ctx"]["expected"].replace("'", '"')
                yield Problem(place, value, f"the value is {allowed}", choice_meant(key, value, allowed))
            case "too_short" if value:
                continue  # its items are wrong, and say so
            case "too_short":
                yield Problem(place, value, "this has one table or more", f"write [[{part.within}{place}]]")
            case "tuple_type" | "list_type":
                yield Problem(place, value, "this is a list of tables", f"write [[{part.within}{place}]]")
            case _:
                yield Problem(
                    place, value, "this is a table of keys and values", _as_table(part.within + place)
                )


def _as_table(place: str) -> str:
    """How a file says a table at this place."""
    name, index, _ = place.partition("[")
    if "." in place and not index:
        return "write it as { key = value, … }"
    return f"write [[{name}]] above its keys" if index else f"write [{name}] above its keys"


def unknown_key(part: type[Part], key: str) -> tuple[str, str]:
    """The rule and the way out for a key that a table does not have."""
    if there := part.elsewhere(key):
        chooses = "layer" if "layer" in there else "kind"
        return f"this key fits {there}", part.instead.get(key, f"leave it out, or change `{chooses}`")
    from tuplecalc.network.aliases import for_key  # only for those who mistype

    known = list(part.model_fields)
    if word := for_key(key, known):
        return "unknown key", word
    if near := nearest(key.lower(), known):
        return "unknown key", f"did you mean `{near}`?"
    if tables := [each.table for each in _parts(Part) if each.table and key in each.model_fields]:
        return f"this key stands in {' or '.join(dict.fromkeys(tables))}", "write it there"
    return "unknown key", f"the keys here are {', '.join(known)}"


def _parts(part: type[Part]) -> Iterator[type[Part]]:
    for each in part.__subclasses__():
        yield each
        yield from _parts(each)


def choice_meant(key: str, value: object, allowed: str) -> str:
    """The way out for a value that is none of the allowed ones: the one it may stand for."""
    from tuplecalc.network.aliases import for_value

    if word := for_value(key, value):
        return word
    choices = [choice.strip().strip('"') for choice in allowed.replace(" or ", ",").split(",")]
    near = nearest(value.lower(), choices) if isinstance(value, str) else None
    return f'did you mean "{near}"?' if near and near != value else "write one of these"


def _place(location: Iterable[int | str]) -> str:
    """A pydantic location as a path: ``hops[1].ports``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).lstrip(".")
