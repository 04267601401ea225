"""What every table of a topology has in common: frozen, and all its problems said at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from tuplecalc.errors import Problem, TopologyError, nearest


class Part(BaseModel):
    """One table of a topology: checked when it is made, then frozen.

    Making one raises :class:`TopologyError` with all that is wrong in it, also where the table
    was made from a mapping inside another one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hints: ClassVar[Mapping[str, str]] = {}
    """Where a key that this table does not have belongs."""

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
            problems: list[Problem] = []
        except ValidationError as error:
            problems = list(_problems(error, type(self)))
        problems += self.misfits(data)
        if problems:
            raise TopologyError(problems)

    @classmethod
    def misfits(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """The rules that bind several keys, read off the raw values so that they are always checked."""
        return ()

    def changed(self, **changes: Any) -> Self:
        """The same part with other values, checked again.

        >>> from tuplecalc.network.hops import Cone
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
        """The part as a topology file would say it: the keys that were written, no defaults."""
        return self.model_dump(exclude_unset=True)


def _problems(error: ValidationError, part: type[Part]) -> Iterator[Problem]:
    for item in error.errors(include_url=False):
        place = _place(item["loc"])
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, TopologyError):
            yield from (problem.below(place) for problem in cause.problems)
            continue
        value = item["input"]
        key = str(item["loc"][-1]) if item["loc"] else ""
        match item["type"]:
            case "extra_forbidden":
                yield Problem(place, value, "unknown key", _way_out(part, key))
            case "missing":
                yield Problem(place, None, "this key is required", "add it")
            case "literal_error":
                allowed = item["ctx"]["expected"].replace("'", '"')
                yield Problem(
                    place, value, f"the value is {allowed}", _meant(value, allowed) or "write one of these"
                )
            case "union_tag_not_found":
                yield Problem(
                    f"{place}.kind", None, "this key is required", 'add kind = "cone" or "hourglass"'
                )
            case "union_tag_invalid":
                allowed = '"cone" or "hourglass"'
                found = value.get("kind") if isinstance(value, Mapping) else value.kind
                yield Problem(
                    f"{place}.kind",
                    found,
                    f"a hop's kind is {allowed}",
                    _meant(found, allowed) or "write one of these",
                )
            case "too_short" if value:
                continue  # its items are wrong, and say so
            case "too_short":
                yield Problem(place, value, "this has one table or more", f"write [[{place}]]")
            case "tuple_type" | "list_type":
                yield Problem(place, value, "this is a list of tables", f"write [[{place}]]")
            case "invalid_key":
                yield Problem(place, None, "a key is a text", "put it in quotes")
            case _:
                yield Problem(place, value, "this is a table of keys and values", _as_table(place))


def _as_table(place: str) -> str:
    """How a file says a table at this place."""
    name, index, _ = place.partition("[")
    if "." in place:
        return "write it as { key = value, … }"
    return f"write [[{name}]] above its keys" if index else f"write [{name}] above its keys"


def _way_out(part: type[Part], key: str) -> str:
    if key in part.hints:
        return part.hints[key]
    known = list(part.model_fields)
    near = nearest(key, known)
    return f"did you mean `{near}`?" if near else f"the keys here are {', '.join(known)}"


def _meant(value: object, allowed: str) -> str:
    choices = [choice.strip().strip('"') for choice in allowed.replace(" or ", ",").split(",")]
    near = nearest(value.lower(), choices) if isinstance(value, str) else None
    return f'did you mean "{near}"?' if near and near != value else ""


def _place(location: Iterable[int | str]) -> str:
    """A pydantic location as a path; the tag of the hops' union is not part of the file.

    >>> _place(("hops", 1, "cone", "ports"))
    'hops[1].ports'
    """
    place, previous = "", None
    for step in location:
        if isinstance(step, int):
            place += f"[{step}]"
        elif not (isinstance(previous, int) and step in ("cone", "hourglass")):
            place += f".{step}" if place else step
        previous = step
    return place
