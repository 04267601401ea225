"""Single values of a chain file: counts, durations, numbers, names; each a type that checks itself.

Numbers are read exactly: ``0.1`` is a tenth, and a duration is a :class:`~fractions.Fraction` of
seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic_core import CoreSchema, core_schema

from tuplecalc.errors import ChainError, reject
from tuplecalc.network.setvalue import is_integer

LARGEST_COUNT = 2**128
MOST_PROBES = 65_536  # more than there are ports find whatever is free
_UNITS = {
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86400),
}
# Patterns are compiled when first used: a start that needs none of them does not wait for them.
_DURATION = r"([0-9]{1,18}(?:\.[0-9]{1,18})?)(ms|s|m|h|d)"
_RATIO = r"[0-9]{1,99}\s*/\s*[0-9]{1,99}"  # as exact decimals and thirds of them are written
_NUMBER = rf"[+-]?[0-9]{{1,18}}(\.[0-9]{{1,18}})?|{_RATIO}"
# Beyond these no device has a figure, and exact arithmetic would have to carry the digits along.
_NUMBERS = (int, float, Decimal, Fraction)
_LARGEST, _SMALLEST, _MOST_DIGITS = Fraction(10**19), Fraction(1, 10**18), 36


def count(value: object) -> int:
    """An integer from 1 to 2^128."""
    if not is_integer(value):
        instead = "write it as a whole number, without quotes"
        raise reject(value, "a count is an integer of 1 or more", instead)
    if not 1 <= value <= LARGEST_COUNT:
        raise reject(value, "a count is an integer from 1 to 2^128", "write a number in this range")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise reject(value, "this is true or false", "write one of the two, without quotes")
    return value


def number(value: object, what: str) -> Fraction:
    """A finite number, read exactly as it is written.

    >>> number(0.1, "a rate"), number(Decimal("2.50"), "a rate"), number("1/3", "a share")
    (Fraction(1, 10), Fraction(5, 2), Fraction(1, 3))
    """
    rule = f"{what} is a finite number"
    if isinstance(value, str):
        if not re.fullmatch(_NUMBER, value.strip()):
            raise reject(value, rule, 'write it as in 0.25 or "1/4"')
        try:
            return _in_range(Fraction("".join(value.split())), value, what)
        except ZeroDivisionError:
            raise reject(value, "a fraction's lower number is 1 or more", 'write it as in "1/3"') from None
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        raise reject(value, rule, "write it without quotes, as in 0.25")
    if isinstance(value, float):
        value = Decimal(repr(value))  # the shortest decimal that gives this float: what was written
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise reject(value, rule, "write a number, as in 0.25")
        in_range = not value or -18 <= value.adjusted() <= 18
        if not in_range or len(value.as_tuple().digits) > _MOST_DIGITS:
            raise _out_of_range(value, what)
    return _in_range(Fraction(value), value, what)


def _in_range(exact: Fraction, value: object, what: str) -> Fraction:
    if exact and not _SMALLEST <= abs(exact) <= _LARGEST:
        raise _out_of_range(value, what)
    return exact


def _out_of_range(value: object, what: str) -> ChainError:
    rule = f"{what} is between 1e-18 and 1e18 in size, with at most {_MOST_DIGITS} digits"
    return reject(value, rule, "write a number in this range")


def seconds(value: object) -> Fraction:
    """A duration in seconds: ``"60s"``, ``"1m30s"``, ``"500ms"``, or seconds as a number.

    >>> seconds("1m30s"), seconds("500ms"), seconds(2.5)
    (Fraction(90, 1), Fraction(1, 2), Fraction(5, 2))
    """
    rule = "a duration is seconds, or a number with ms, s, m, h or d, and not negative"
    if isinstance(value, str) and not re.fullmatch(_RATIO, value):
        text = re.sub(r"\s+", "", value[:100])
        parts = re.findall(_DURATION, text)
        units = [unit for _, unit in parts]
        read = "".join(amount + unit for amount, unit in parts)
        if not text or read != text or len(set(units)) < len(units):
            raise reject(value, rule, 'write it as in "60s", "1m30s", "500ms", "2h" or "5d"')
        exact = sum((Fraction(amount) * _UNITS[unit] for amount, unit in parts), Fraction(0))
        return _in_range(exact, value, "a duration")
    seconds = number(value, "a duration")
    if seconds < 0:
        raise reject(value, rule, 'write it as in "60s"')
    return seconds


def _rate(value: object) -> Fraction:
    rate = number(value, "a rate")
    if rate <= 0:
        raise reject(value, "a rate is above 0", "leave the key out where no rate is offered")
    return rate


def _share(value: object) -> Fraction:
    share = number(value, "a share")
    if not 0 < share <= 1:
        raise reject(value, "a share is above 0 and at most 1", 'write it as in 0.25 or "1/4"')
    return share


def _portion(value: object) -> Fraction:
    portion = number(value, "a share")
    if not 0 <= portion <= 1:
        raise reject(value, "a share is from 0 to 1", 'write it as in 0.25 or "1/4"')
    return portion


def _first_close(value: object) -> Fraction:
    """The share of connections that the client side closes first."""
    if value in ("client", "server"):
        return Fraction(int(value == "client"))
    rule = 'first_close is "client", "server" or the client\'s share from 0 to 1'
    is_number = isinstance(value, _NUMBERS) and not isinstance(value, bool)
    if not (is_number or (isinstance(value, str) and re.match(r"[0-9.+-]", value))):
        raise reject(value, rule, 'write "client", "server" or a number such as 0.9')
    share = number(value, "first_close")
    if not 0 <= share <= 1:
        raise reject(value, rule, "write a number from 0 to 1")
    return share


def _port_search(value: object) -> Any:
    """How a free port is looked for: "exhaustive", "linux", random probes, or neighbours in order."""
    found = value
    if isinstance(value, Mapping) and value.keys() == {"sequential"}:
        found = (value["sequential"],)
    number = found[0] if isinstance(found, tuple) and len(found) == 1 else found
    if not (is_integer(number) and 1 <= number <= MOST_PROBES) and value not in ("exhaustive", "linux"):
        rule = f'a port search is "exhaustive", "linux", or 1 to {MOST_PROBES} random probes'
        instead = 'write "linux" for the 248 probes of nf_nat, a number such as 32, or { sequential = 10000 }'
        raise reject(value, f"{rule} or sequential ones", instead)
    return found


def _port_search_written(value: Any) -> Any:
    return {"sequential": value[0]} if isinstance(value, tuple) else value


def _block(value: object) -> Any:
    """The ports of a client: their number, "even", or a table of [clients, ports]."""
    if value == "even":
        return "even"
    if isinstance(value, list | tuple) and value:
        return tuple(_entries(value))
    if not is_integer(value):
        rule = 'a block is a number of ports, "even", or a table of [clients, ports]'
        raise reject(value, rule, 'write it as in 512, "even" or [[50, 1024], [100, 512]]')
    return count(value)


def _entries(table: list[object] | tuple[object, ...]) -> Iterator[tuple[int, int]]:
    """The entries of a table of blocks: more clients have fewer ports, or as many."""
    most, fewest = 0, LARGEST_COUNT
    for number, entry in enumerate(table):
        if not isinstance(entry, list | tuple) or len(entry) != 2:
            rule = "an entry is a number of clients and the ports of each"
            raise reject(entry, rule, "write it as in [50, 1024]", f"[{number}]")
        try:
            clients, ports = map(count, entry)
        except ChainError as error:
            raise error.below(f"[{number}]") from None
        if clients <= most or ports > fewest:
            rule = "each entry is for more clients than the one before it, and for no more ports"
            raise reject(list(entry), rule, "put the entries in this order", f"[{number}]")
        yield clients, ports
        most, fewest = clients, ports


def _ratio(what: str) -> Callable[[object], Fraction]:
    def read(value: object) -> Fraction:
        ratio = number(value, f"a number of {what}")
        if ratio <= 0:
            raise reject(value, f"a number of {what} is above 0", 'write it as in 2, 0.25 or "2/35"')
        return ratio

    return read


def total(parts: Iterable[Fraction]) -> Fraction:
    """The sum in pairs of pairs: one after the other, each step would carry the digits of all before it."""
    found = list(parts)
    while len(found) > 1:
        found = [sum(found[i : i + 2], Fraction(0)) for i in range(0, len(found), 2)]
    return found[0] if found else Fraction(0)


def wrong_sum(found: Fraction) -> ChainError:
    """What is said where shares do not sum to 1."""
    exactly = f"{found} ({float(found):.6g})" if found.denominator < 10**9 else f"about {float(found):.9g}"
    return reject(None, f"the shares sum to 1; here to {exactly}", "change one of them")


def text(value: object, what: str) -> str:
    """A line of text that a terminal can show as it is."""
    if not isinstance(value, str):
        raise reject(value, f"{what} is a text", 'put it in quotes, as in "nat"')
    if not all(map(str.isprintable, value)):
        raise reject(value, f"{what} has no line breaks or control characters", "leave them out")
    return value


def _names(value: object) -> tuple[str, ...]:
    """One name, or a list of them."""
    several = value if isinstance(value, list | tuple) else [value]
    if not several:
        raise reject(value, "this is a name, or a list of names", "leave it out where it is all of them")
    return tuple(dict.fromkeys(map(_name, several)))


def _name(value: object) -> str:
    name = text(value, "a name").strip()
    if not name:
        raise reject(value, "a name is not empty", 'write one, as in "nat"')
    if name in ("clients", "services"):
        raise reject(name, "this name is taken by the chain's own ends", "choose another")
    return name


def plain(value: Fraction) -> int | float | str:
    """A fraction as a file would write it, such that reading it again gives the same.

    >>> plain(Fraction(60)), plain(Fraction(1, 2)), plain(Fraction(1, 3))
    (60, 0.5, '1/3')
    """
    if value.denominator == 1:
        return value.numerator
    nearest = float(value)
    return nearest if Fraction(repr(nearest)) == value else str(value)


def _most(value: object) -> tuple[tuple[str, int], ...]:
    """Keys with their largest values; what they may be is a matter of the table that they stand in."""
    if not isinstance(value, Mapping) or not value:
        rule = "this is a table of keys and their largest values"
        raise reject(value, rule, "write it as in most = { addresses = 8 }")
    return tuple(value.items())


class _Reader:
    """How a field reads its value, writes it back, and is described in the JSON Schema.

    pydantic's PlainValidator, PlainSerializer and WithJsonSchema say the same in three layers, which
    also build the schema of the type itself; at every start that took longer than reading a file.
    """

    def __init__(
        self, read: Callable[[object], Any], schema: dict[str, Any], write: Callable[[Any], Any] | None = None
    ) -> None:
        self.read, self.schema, self.write = read, schema, write

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> CoreSchema:
        write = self.write and core_schema.plain_serializer_function_ser_schema(self.write)
        return core_schema.no_info_plain_validator_function(self.read, serialization=write)

    def __get_pydantic_json_schema__(self, _schema: object, _handler: object) -> dict[str, Any]:
        return dict(self.schema)


_SECONDS = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": r"^\s*(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+$"},
    ],
    "examples": ["60s", "1m30s", "500ms", 120],
}
_SHARE = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        {"type": "string", "pattern": r"^\s*\d+(\.\d+|\s*/\s*\d+)?\s*$"},
    ],
    "examples": [0.25, "1/3"],
}
_PORTION = {
    "anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, _SHARE["anyOf"][1]],
    "examples": [0.25, "1/3"],
}
_RATIO_SCHEMA = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "pattern": r"^\s*\d+(\.\d+|\s*/\s*\d+)?\s*$"},
    ],
    "examples": [0.25, 4, "2/35"],
}
_FIRST_CLOSE = {"anyOf": [{"enum": ["client", "server"]}, {"type": "number", "minimum": 0, "maximum": 1}]}

_NAME = {"type": "string", "minLength": 1}
_NAMES = {"anyOf": [_NAME, {"type": "array", "minItems": 1, "items": _NAME}]}
_COUNT = {"type": "integer", "minimum": 1, "maximum": LARGEST_COUNT}
_ENTRY = {"type": "array", "items": _COUNT, "minItems": 2, "maxItems": 2}
_TABLE = {"type": "array", "minItems": 1, "items": _ENTRY}
_BLOCK = {"anyOf": [_COUNT, {"const": "even"}, _TABLE], "examples": [512, "even", [[50, 1024], [100, 512]]]}
_PROBES = _COUNT | {"maximum": MOST_PROBES}
_SEQUENTIAL = {
    "type": "object",
    "properties": {"sequential": _PROBES},
    "required": ["sequential"],
    "additionalProperties": False,
}
_PORT_SEARCH = {"anyOf": [{"enum": ["exhaustive", "linux"]}, _PROBES, _SEQUENTIAL]}

Count = Annotated[int, _Reader(count, _COUNT)]
Flag = Annotated[bool, _Reader(_flag, {"type": "boolean"})]
Block = Annotated[int | Literal["even"] | tuple[tuple[int, int], ...], _Reader(_block, _BLOCK)]
Seconds = Annotated[Fraction, _Reader(seconds, _SECONDS, plain)]
Rate = Annotated[Fraction, _Reader(_rate, {"type": "number", "exclusiveMinimum": 0}, plain)]
Share = Annotated[Fraction, _Reader(_share, _SHARE, plain)]
Portion = Annotated[Fraction, _Reader(_portion, _PORTION, plain)]
PerFlow = Annotated[Fraction, _Reader(_ratio("connections"), _RATIO_SCHEMA, plain)]
Files = Annotated[Fraction, _Reader(_ratio("files"), _RATIO_SCHEMA, plain)]
FirstClose = Annotated[Fraction, _Reader(_first_close, _FIRST_CLOSE, plain)]
PortSearch = Annotated[
    Literal["exhaustive", "linux"] | int | tuple[int],
    _Reader(_port_search, _PORT_SEARCH, _port_search_written),
]
_MOST = {"type": "object", "minProperties": 1, "additionalProperties": _COUNT}
Most = Annotated[tuple[tuple[str, int], ...], _Reader(_most, _MOST, dict)]
Name = Annotated[str, _Reader(_name, _NAME)]
Names = Annotated[tuple[str, ...], _Reader(_names, _NAMES)]
Title = Annotated[str, _Reader(lambda value: text(value, "a title"), {"type": "string"})]
