"""Single values of a chain file: counts, durations, numbers, names; each a type that checks itself.

Numbers are read exactly: ``0.1`` is a tenth, and a duration is a :class:`~fractions.Fraction` of
seconds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic_core import CoreSchema, core_schema

from tuplecalc.errors import ChainError, reject
from tuplecalc.network.setvalue import AMOUNT, WHOLE, amount, is_integer, whole

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
_WORDS = r"ms|msecs?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?"
_DECIMAL = r"[0-9]{1,18}(?:\.[0-9]{1,18})?"
_DURATION = rf"({_DECIMAL})({_WORDS})(?![A-Za-z])"
_RATIO = r"[0-9]{1,99}\s*/\s*[0-9]{1,99}"  # as exact decimals and thirds of them are written
_NUMBER = rf"[+-]?[0-9]{{1,18}}(\.[0-9]{{1,18}})?|{_RATIO}"
_A_SECOND = r"\s*((conn(ection)?s?)?\s*(/|per)\s*(s|sec|second)|[crtqCRTQ][pP][sS])"
_A_MINUTE = r"\s*(conn(ection)?s?)?\s*(/|per)\s*(m|min|minute)"
# Beyond these no device has a figure, and exact arithmetic would have to carry the digits along.
_NUMBERS = (int, float, Decimal, Fraction)
_LARGEST, _SMALLEST, _MOST_DIGITS = Fraction(10**19), Fraction(1, 10**18), 36


def count(value: object) -> int:
    """An integer from 1 to 2^128."""
    value = value if (read := whole(value)) is None else read
    if not is_integer(value):
        raise reject(value, "a count is an integer of 1 or more", 'write it as in 10000, "10,000" or "10k"')
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
        if (found := amount(value)) is not None:
            return _in_range(found, value, what)
        if not re.fullmatch(_NUMBER, value.strip()):
            raise reject(value, rule, 'write it as in 0.25 or "1/4"')
        try:
            return _in_range(Fraction("".join(value.split())), value, what)
        except ZeroDivisionError:
            raise reject(value, "a fraction's lower number is 1 or more", 'write it as in "1/3"') from None
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        raise reject(value, rule, "write it as in 0.25")
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
        read = "".join(amount + unit for amount, unit in parts)
        parts = [(amount, "ms" if unit.startswith(("ms", "mil")) else unit[0]) for amount, unit in parts]
        units = [unit for _, unit in parts]
        if not text or read != text or len(set(units)) < len(units):
            raise reject(value, rule, 'write it as in "60s", "1m30s", "500ms", "2h" or "5d"')
        exact = sum((Fraction(amount) * _UNITS[unit] for amount, unit in parts), Fraction(0))
        return _in_range(exact, value, "a duration")
    seconds = number(value, "a duration")
    if seconds < 0:
        raise reject(value, rule, 'write it as in "60s"')
    return seconds


def rate(value: object) -> Fraction:
    """New connections a second: a number, also with its unit.

    >>> rate("670rps"), rate("40k/min"), rate("1.5M per second")
    (Fraction(670, 1), Fraction(2000, 3), Fraction(1500000, 1))
    """
    rule, written, seconds = "a rate is a finite number", value, 1
    if isinstance(value, str):
        for unit, seconds_of in ((_A_SECOND, 1), (_A_MINUTE, 60)):
            if found := re.fullmatch(rf"(.+?)({unit})", value.strip()):
                written, seconds = found[1], seconds_of
        if amount(written) is None and not re.fullmatch(_NUMBER, str(written).strip()):
            raise reject(value, rule, 'write it as in 670, "10k", "670/s" or "40k/min"')
    rate = number(written, "a rate") / seconds
    if rate <= 0:
        raise reject(value, "a rate is above 0", "leave the key out where no rate is offered")
    return rate


def _part(value: object) -> Fraction:
    """A part of a whole: a number, or percent."""
    if isinstance(value, str) and (percent := re.fullmatch(rf"\s*({_DECIMAL})\s*%\s*", value)):
        return Fraction(percent[1]) / 100
    return number(value, "a share")


def _share(value: object) -> Fraction:
    share = _part(value)
    if not 0 < share <= 1:
        raise reject(value, "a share is above 0 and at most 1", 'write it as in 0.25 or "1/4"')
    return share


def _portion(value: object) -> Fraction:
    portion = _part(value)
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
    if not is_integer(value) and whole(value) is None:
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


def exact(number: int | Fraction) -> Fraction:
    """An integer as a fraction, so that what it is divided by loses nothing; every other number as it is.

    >>> exact(1) / 3
    Fraction(1, 3)
    """
    return Fraction(number) if isinstance(number, int) else number


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


_JOINER = "\u200d"  # within one emoji


def text(value: object, what: str) -> str:
    """A line of text that a terminal can show as it is."""
    if not isinstance(value, str):
        raise reject(value, f"{what} is a text", 'put it in quotes, as in "nat"')
    for each in value:
        if not each.isprintable() and each != _JOINER and unicodedata.category(each) != "Zs":
            rule = f"{what} has no line breaks or control characters, such as this U+{ord(each):04X}"
            raise reject(value, rule, "leave it out")
    return value


def _names(value: object) -> tuple[str, ...]:
    """One name, or a list of them."""
    several = value if isinstance(value, list | tuple) else [value]
    if not several:
        raise reject(value, "this is a name, or a list of names", "leave it out where it is all of them")
    return tuple(dict.fromkeys(map(_name, several)))


def _name(value: object) -> str:
    name = unicodedata.normalize("NFC", text(value, "a name").strip())  # é and e + U+0301 look the same
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


# One type has one keyword each, with no `anyOf`: then a wrong value breaks one rule, which says what it is.
_EXACT = rf"\+?({AMOUNT}|{_RATIO})"


def _text_or(number: dict[str, Any], pattern: str, *examples: object) -> dict[str, Any]:
    """A number, or a text of this form."""
    return {"type": ["number", "string"], **number, "pattern": rf"^\s*{pattern}\s*$", "examples": [*examples]}


_SECONDS = _text_or(
    {"minimum": 0}, rf"(({_DECIMAL}\s*({_WORDS})\s*)+|{_RATIO})", "60s", "1m30s", "500ms", "2 min", 120
)
_PART = rf"({_EXACT}|{_DECIMAL}\s*%)"
_SHARE = _text_or({"exclusiveMinimum": 0, "maximum": 1}, _PART, 0.25, "1/3", "25%")
_PORTION = _text_or({"minimum": 0, "maximum": 1}, _PART, 0.25, "1/3", "25%")
_RATIO_SCHEMA = _text_or({"exclusiveMinimum": 0}, _EXACT, 0.25, 4, "2/35")
_RATE = _text_or(
    {"exclusiveMinimum": 0}, rf"{_EXACT}({_A_SECOND}|{_A_MINUTE})?", 670, "10k", "670/s", "40k/min"
)
_FIRST_CLOSE = _text_or({"minimum": 0, "maximum": 1}, rf"(client|server|{_EXACT})", "client", "server", 0.9)

_NAME = {"type": "string", "minLength": 1}
_NAMES = {"type": ["string", "array"], "minLength": 1, "minItems": 1, "items": _NAME}
_WHOLE = {"type": "integer", "minimum": 1, "maximum": LARGEST_COUNT}
_COUNT = _WHOLE | {"type": ["integer", "string"], "pattern": rf"^\s*{WHOLE}\s*$"}
_ENTRY = {"type": "array", "items": _COUNT, "minItems": 2, "maxItems": 2}
_BLOCK = {
    **_WHOLE,
    "type": ["integer", "string", "array"],
    "pattern": rf"^(even|\s*{WHOLE}\s*)$",
    "minItems": 1,
    "items": _ENTRY,
    "examples": [512, "even", [[50, 1024], [100, 512]]],
}
_PROBES = _WHOLE | {"maximum": MOST_PROBES}
_PORT_SEARCH = {
    **_PROBES,
    "type": ["integer", "string", "object"],
    "pattern": "^(exhaustive|linux)$",
    "properties": {"sequential": _PROBES},
    "minProperties": 1,
    "additionalProperties": False,
    "examples": ["exhaustive", "linux", 32, {"sequential": 10000}],
}

Count = Annotated[int, _Reader(count, _COUNT)]
Flag = Annotated[bool, _Reader(_flag, {"type": "boolean"})]
Block = Annotated[int | Literal["even"] | tuple[tuple[int, int], ...], _Reader(_block, _BLOCK)]
Seconds = Annotated[Fraction, _Reader(seconds, _SECONDS, plain)]
Rate = Annotated[Fraction, _Reader(rate, _RATE, plain)]
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
