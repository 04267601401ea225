"""The table of symbols: every letter of a chain's formulas with value, unit, meaning and place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tuplecalc.algebra import mathml
from tuplecalc.algebra.notation import Leaf, Name, Notation, origin
from tuplecalc.limits.expression import (
    Constant,
    Expression,
    Minimum,
    NamedPorts,
    Number,
    Quantity,
    Size,
    evaluate,
    leaves,
)
from tuplecalc.limits.letters import SYMBOLS
from tuplecalc.limits.limit import Limit

_SIZES = {"union": " or ", "difference": ", not in ", "intersection": " and in ", "alternate": " or "}


@dataclass(frozen=True)
class SymbolRow:
    """One letter of one hop.

    ``chain`` is its name in the chain's formulas (empty: it stands in none); ``definition`` says
    how it follows from other letters, ``place`` which key of the chain file sets it.
    """

    hop: str
    letter: str
    latex: str
    mathml: str
    chain: str
    value: Number
    unit: str
    meaning: str
    definition: str = ""
    place: str = ""


def rows(limits: Iterable[Limit], local: Mapping[str, Notation], chain: Notation) -> Iterator[SymbolRow]:
    """The rows of all letters and sizes, hop by hop as they first stand in a formula.

    Letters that occur only in a definition have a row as well.
    """
    seen: set[tuple[str, str, str]] = set()
    for limit in limits:
        for row in (row for part in limit.expressions() for row in _of(part, limit.hop, local, chain)):
            if (row.hop, row.letter, row.definition) not in seen:
                seen.add((row.hop, row.letter, row.definition))
                yield row


def _of(
    expression: Expression, hop: str, local: Mapping[str, Notation], chain: Notation
) -> Iterator[SymbolRow]:
    for leaf in leaves(expression):
        if isinstance(leaf, Quantity):
            yield _quantity(leaf, local, chain)
            source = origin(leaf)
            if source is not leaf:
                yield from _of(source, source.hop, local, chain)
            elif leaf.definition is not None:
                yield from _of(leaf.definition, leaf.hop, local, chain)
        else:
            for named in leaf.sets:
                yield _ports(named, local, chain)
                if named.alias is not None:
                    yield _ports(named.origin, local, chain)
            if len(leaf.sets) > 1:
                yield from _size(leaf, hop, local, chain)


def _names(leaf: Leaf, local: Mapping[str, Notation], chain: Notation) -> tuple[Name, str]:
    own = local[leaf.hop].name(leaf) if leaf.hop in local else None
    along = chain.name(leaf)
    return own or _unused(leaf, chain), along.text if along else ""


def _unused(leaf: Leaf, chain: Notation) -> Name:
    """The name of a letter that stands in definitions only."""
    return Name(leaf.symbol, below=chain.group_of(leaf))


def _quantity(leaf: Quantity, local: Mapping[str, Notation], chain: Notation) -> SymbolRow:
    own, along = _names(leaf, local, chain)
    meaning, unit, _ = SYMBOLS[leaf.symbol]
    is_shared = leaf.hop == "services" and leaf.definition is None  # E of services that carry shares
    place = leaf.place or ("services" if is_shared else "")
    written = own.text, own.latex, own.mathml, along
    return SymbolRow(leaf.hop, *written, leaf.value, unit, meaning, _definition(leaf, chain), place)


def _ports(named: NamedPorts, local: Mapping[str, Notation], chain: Notation) -> SymbolRow:
    own, along = _names(named, local, chain)
    meaning, unit, _ = SYMBOLS[named.symbol]
    source = named.origin
    definition = "" if source is named else f"{source.symbol} of {source.hop}"
    return SymbolRow(
        named.hop,
        f"|{own.text}|",
        rf"\left|{own.latex}\right|",
        mathml.size("union", [own.mathml]),
        along and f"|{along}|",
        named.ports.size,
        unit,
        meaning,
        definition,
        named.place,
    )


def _size(size: Size, hop: str, local: Mapping[str, Notation], chain: Notation) -> Iterator[SymbolRow]:
    notation = local[hop]
    written = zip(notation.symbols(size), chain.symbols(size), strict=True)
    names = [name.text for named in size.sets if (name := notation.name(named))]
    for number, (made, along) in enumerate(written):
        meaning = f"ports in {_SIZES[size.operation].join(names)}"
        if number:  # the second part of three legs in a row
            meaning = f"ports in {names[0]} and in {names[2]}"
        elif made.name.startswith("Σ"):
            meaning = "ports, each as often as proxies of the row can hold it at once"
        value = int(notation.values[made])
        own = made.name, notation.latex[made], notation.mathml[made], along.name
        yield SymbolRow(hop, *own, value, "ports", meaning)


def _definition(leaf: Quantity, chain: Notation) -> str:
    """``m·n``; ``M of nat`` where it is just another letter, of another hop or of this one."""
    if leaf.definition is None:
        return ""
    source = origin(leaf)
    if source is not leaf:
        return f"{source.symbol} of {source.hop}"
    if any(isinstance(part, Quantity) and chain.group_of(part) for part in leaves(leaf.definition)):
        return str(evaluate(leaf.definition, lambda part: _spelt(part, chain), **_AS_IT_STANDS))
    hops = {part.hop for part in leaves(leaf.definition) if isinstance(part, Quantity)}
    elsewhere = f" of {hops.pop()}" if len(hops) == 1 and leaf.hop not in hops else ""
    return f"{leaf.definition}{elsewhere}"


_AS_IT_STANDS: dict[str, Any] = {
    "floor": lambda quotient: quotient._replace(rounding="floor"),
    "ceiling": lambda quotient: quotient._replace(rounding="ceiling"),
    "minimum": lambda *choices: Minimum(choices),
}


def _spelt(part: Quantity | Size | Constant, chain: Notation) -> Quantity | Size | Constant:
    """A leaf under the name that tells it apart from those of other kinds and groups."""
    return part._replace(symbol=_unused(part, chain).text) if isinstance(part, Quantity) else part
