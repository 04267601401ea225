"""Names for the letters of limits: within a hop those of docs/model.md, along the chain one for each thing.

What is equal by definition (``b`` of a proxy is ``M`` of the NAT before it) is one symbol along the
chain; where a letter stands for several things, also for two keys that happen to have one value, a
hop's name is written below.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import sympy  # type: ignore[import-untyped]

from tuplecalc.algebra import mathml
from tuplecalc.algebra.symbols import exact, minimum, size_symbol, symbol
from tuplecalc.limits.expression import (
    Constant,
    Expression,
    NamedPorts,
    Number,
    Quantity,
    Size,
    evaluate,
    leaves,
)
from tuplecalc.limits.letters import SYMBOLS
from tuplecalc.limits.limit import Limit
from tuplecalc.limits.targets import owner
from tuplecalc.network.chain import Chain

Leaf = Quantity | NamedPorts
"""What has a letter."""

_MOST_SETS_WRITTEN_OUT = 5
_LONGEST_LABEL = 14
_OF_A_KIND = ("σ", "H", "c")
_LATEX_SIGNS = {"union": r"\cup", "intersection": r"\cap", "difference": r"\setminus"}


def letters(limits: Iterable[Limit]) -> Iterator[Leaf]:
    """The quantities and port sets of some limits, each as often as it stands there."""
    for limit in limits:
        for part in limit.expressions():
            for leaf in leaves(part):
                if isinstance(leaf, Size):
                    yield from leaf.sets
                else:
                    yield leaf


def origin(quantity: Quantity) -> Quantity:
    """What a letter stands for: ``b`` of a proxy is ``M`` of the NAT before it."""
    while isinstance(quantity.definition, Quantity):
        quantity = quantity.definition
    return quantity


def _identity(leaf: Leaf) -> Hashable:
    """Equal for letters that are equal by definition."""
    source = leaf.origin if isinstance(leaf, NamedPorts) else origin(leaf)
    if isinstance(source, Quantity) and source.definition is not None:
        return (str(source.definition), source.definition)  # nodes of two kinds may be equal as tuples
    return (source.symbol, source.hop)


@dataclass(frozen=True)
class Name:
    """How a letter is written; ``letter`` is its row in the table of letters.

    Where it stands for another thing as well, it has ``primes`` above or a hop's name ``below``.
    """

    letter: str
    primes: int = 0
    below: str = ""

    @property
    def text(self) -> str:
        """``E'_nat``."""
        return self.letter + "'" * self.primes + (self.below and f"_{self.below}")

    @property
    def latex(self) -> str:
        r"""``E'_{\text{nat}}``."""
        written = SYMBOLS[self.letter].latex or self.letter
        return subscript(written, self.below) if self.below else written + "'" * self.primes

    @property
    def mathml(self) -> str:
        """``<msub>…</msub>``."""
        return mathml.letter(self.letter, self.primes, self.below)


class Notation:
    """Names and symbols for the letters of some limits.

    ``focus`` is the hop whose letters stay as they are.  A ``local`` notation keeps each of the
    hop's letters for itself (E and E'); otherwise what is equal by definition is one symbol.
    ``labels`` are the short names of hops, kinds and groups; letters of the last two always have them.
    """

    def __init__(
        self,
        limits: Iterable[Limit],
        focus: str,
        labels: Mapping[str, str],
        groups: Mapping[str, str] = MappingProxyType({}),
        *,
        local: bool = False,
    ) -> None:
        self._focus, self._local, self._groups = focus, local, groups
        self.labels = labels
        self._keys: dict[Hashable, Hashable] = {}
        self._taken: set[str] = set()
        self.latex: dict[Any, str] = {}
        """How LaTeX writes each symbol."""
        self.mathml: dict[Any, str] = {}
        """How MathML does."""
        self.values: dict[Any, Any] = {}
        """Each symbol's exact value."""
        found = dict.fromkeys(letters(limits))
        alike: dict[Hashable, list[Leaf]] = {}
        for leaf in sorted(found, key=lambda leaf: leaf.hop != focus):  # the focus's own come first
            alike.setdefault(self._key(leaf), []).append(leaf)
        self._names = {key: self._named(self._speaker(group)) for key, group in alike.items()}

    def _key(self, leaf: Leaf) -> Hashable:
        identity = _identity(leaf)
        if self._local and leaf.hop == self._focus:
            own = (leaf.symbol, identity)
            self._keys.setdefault(identity, own)
            return own
        return self._keys.setdefault(identity, identity)

    def _speaker(self, group: list[Leaf]) -> Leaf:
        """The member that gives its letter: the focus's own, and rather E than E'."""
        first = next((leaf for leaf in group if leaf.hop == self._focus), group[0])
        plain = first.symbol.removesuffix("'")
        return next((leaf for leaf in group if leaf.symbol == plain), first) if not self._local else first

    def _named(self, leaf: Leaf) -> Name:
        label, number = self.labels[leaf.hop], 1
        name = Name(leaf.symbol, below=self.group_of(leaf))
        while name.text in self._taken:
            if leaf.hop == self._focus:
                name = replace(name, primes=name.primes + 1)
            else:
                name = replace(name, below=label if number == 1 else f"{label}.{number}")
                number += 1
        self._taken.add(name.text)
        return name

    def group_of(self, leaf: Leaf) -> str:
        """The short name of the kind or the group that a letter is of, where there are several of these."""
        source = leaf.origin if isinstance(leaf, NamedPorts) else origin(leaf)
        of_a_kind = leaf.symbol in _OF_A_KIND and leaf.hop != "traffic"
        return self.labels[source.hop] if of_a_kind or source.hop in self._groups else ""

    def name(self, leaf: Leaf) -> Name | None:
        """The name of a letter; None where the limits do not use what it stands for."""
        return self._names.get(self._key(leaf)) if _identity(leaf) in self._keys else None

    def read(self, expression: Expression, used: dict[Any, None]) -> Any:
        """A limit's expression as sympy's; ``used`` collects its symbols in reading order."""

        def leaf(node: Quantity | Size | Constant) -> Any:
            if isinstance(node, Constant):
                return exact(node.value)
            symbols = self.symbols(node)
            used.update(dict.fromkeys(symbols))
            return sum(symbols[1:], symbols[0])

        return evaluate(expression, leaf, floor=sympy.floor, ceiling=sympy.ceiling, minimum=minimum)

    def symbols(self, leaf: Quantity | Size) -> tuple[Any, ...]:
        """The symbol of a quantity or of a size; three legs in a row are the sum of two sizes."""
        if isinstance(leaf, Quantity):
            name = self._names[self._key(leaf)]
            return (self._made(symbol(name.text, name.letter), name.latex, name.mathml, leaf.value),)
        if leaf.operation == "alternate" and len(leaf.sets) == 3:
            first, _, last = leaf.sets
            parts = (Size("union", leaf.sets), Size("intersection", (first, last)))
            return tuple(made for part in parts for made in self.symbols(part))
        names = [self._names[self._key(named)] for named in leaf.sets]
        texts, latexes = [name.text for name in names], [name.latex for name in names]
        elements = [name.mathml for name in names]
        if leaf.operation != "alternate":
            latex = rf"\left|{f' {_LATEX_SIGNS[leaf.operation]} '.join(latexes)}\right|"
        else:
            if len(names) > _MOST_SETS_WRITTEN_OUT:  # a row without gaps: its ends say which
                texts, latexes = [texts[0], "…", texts[-1]], [latexes[0], r"\ldots", latexes[-1]]
                elements = [elements[0], "<mo>…</mo>", elements[-1]]
            latex = rf"\sum_{{p}} \alpha\left({', '.join(latexes)}\right)"
        text = f"Σ_p α({', '.join(texts)})" if len(texts) < len(names) else leaf.text(texts)
        return (self._made(size_symbol(text), latex, mathml.size(leaf.operation, elements), leaf.value),)

    def _made(self, made: Any, latex: str, element: str, value: Number) -> Any:
        self.latex[made] = latex
        self.mathml[made] = element
        self.values[made] = exact(value)
        return made


def subscript(latex: str, label: str) -> str:
    r"""A letter with a hop's name below.

    >>> print(subscript("E'", "nat"), subscript("T_{t}", "nat 2"))
    E'_{\text{nat}} T_{t,\text{nat 2}}
    """
    below = rf"\text{{{escaped(label)}}}"
    return f"{latex[:-1]},{below}}}" if "_{" in latex else f"{latex}_{{{below}}}"


def escaped(words: str) -> str:
    r"""Plain words in LaTeX.

    >>> print(escaped("50 % of a_b"))
    50 \% of a\_b
    """
    return "".join(_ESCAPES.get(character, character) for character in words)


_ESCAPES = {character: f"\\{character}" for character in "#$%&_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "·": r"\textperiodcentered{}",
    "[": "{[}",  # after a line break it would begin an argument
}


def groups_of(chain: Chain) -> dict[str, str]:
    """Whose letters those of groups of clients and services are, where there are several → their names."""
    found = {owner("clients", strand.source): strand.source for strand in chain.strands}
    found |= {owner("services", strand.target): strand.target for strand in chain.strands}
    return {whose: name for whose, name in found.items() if name}


def labels_of(chain: Chain) -> dict[str, str]:
    """Short names of all that has letters: hops, both ends, kinds of traffic and groups."""
    groups = groups_of(chain)
    hops, kinds = (hop.name for hop in chain.hops), (kind.name for kind in chain.traffic.kinds)
    found = labels(["clients", *hops, "services", "traffic", *kinds, *groups.values()])
    return found | {whose: found[name] for whose, name in groups.items()}


def labels(hops: Iterable[str]) -> dict[str, str]:
    """Short names of hops for subscripts: the name, or its number where that is long.

    >>> labels(["clients", "nat", "a proxy with a long name", "front nat"])
    {'clients': 'clients', 'nat': 'nat', 'a proxy with a long name': '2', 'front nat': 'front-nat'}
    """
    found = {}
    for number, hop in enumerate(hops):
        short = "-".join(hop.split())
        found[hop] = short if len(short) <= _LONGEST_LABEL else str(number)
    return found
