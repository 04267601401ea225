"""What is known of a chain's open numbers as JavaScript, printed from the nodes of its formulas.

Each node is a function of those before it, in exact numbers of the page's own.  Only what a decision or a
region needs is printed, and what is the same stands once.
"""

from __future__ import annotations

import re
from fractions import Fraction
from json import dumps
from typing import Any

from tuplecalc.limits.expression import Number
from tuplecalc.network.values import exact
from tuplecalc.whatif.numbers import BEGIN, END, Formulas
from tuplecalc.whatif.opened import Input
from tuplecalc.whatif.regions import Formed, Leaf, Place, Regions

UNKNOWN = -1
"""The region of all that nothing is known of; the others follow downwards."""
_CALLS = {
    "+": "add",
    "-": "subtract",
    "*": "times",
    "/": "over",
    "floor": "floor",
    "ceil": "ceil",
}


def printed(known: Regions, says: dict[str, Any]) -> str:
    """The constants CHAIN, FORMULAS and UNKNOWN, which the page's own script reads."""
    page = _Page(known)
    start = page.place(known.tree)
    chain = {
        "inputs": [_input(each) for each in known.inputs],
        "hops": list(page.hops),
        "kinds": list(page.kinds),
        "sentences": list(page.sentences),
        "limits": [list(row) for row in page.limits],
        "regions": ["", *page.regions],
        "decisions": [list(row) for row in page.decisions],
        "start": start,
        "says": says,
    }
    formulas = ",\n".join(page.steps)
    return (
        f"const UNKNOWN = {UNKNOWN};\nconst CHAIN = {_json(chain)};\n"
        f"const FORMULAS = (({{ q, add, subtract, times, over, floor, ceil }}) => [\n{formulas}\n]);\n"
    )


def _json(value: object) -> str:
    """JSON that may stand in a script of a page: nothing in it ends the script, or is no JavaScript."""
    text = dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _input(each: Input) -> dict[str, Any]:
    return {
        "path": each.paths[0],
        "paths": list(each.paths),
        "name": each.name,
        "unit": each.unit,
        "present": str(each.present),
        "least": str(each.least),
        "most": str(each.most),
        "low": float(each.low),
        "high": float(each.high),
        "whole": each.is_count,
        "share": each.table,
        "fixed": each.is_fixed,
        "port": each.ports.ranges[0][0] if each.ports else 0,
    }


class _Page:
    """What is printed, each thing once, by the number under which others know it."""

    def __init__(self, known: Regions) -> None:
        self._formulas: Formulas = known.formulas
        self.steps: list[str] = []
        self.hops: dict[str, int] = {}
        self.kinds: dict[str, int] = {}
        self.sentences: dict[str, int] = {}
        self.limits: dict[tuple[Any, ...], int] = {}
        self.regions: list[Any] = []
        self.decisions: dict[tuple[int, ...], int] = {}
        self._numbers: dict[int, int] = {}
        self._known_regions: dict[Formed | str, int] = {}

    def place(self, place: Place) -> int:
        """The number of a decision, or a region below 0; decisions after which all is the same are none."""
        if place is None:
            return UNKNOWN
        if isinstance(place, Leaf):
            return self._region(place.found)
        holds, fails = self.place(place.holds), self.place(place.fails)
        if holds == fails:
            return holds
        relation, one, other = place.decision
        row = int(relation == "="), self._node(one), self._node(other), holds, fails
        return self.decisions.setdefault(row, len(self.decisions))

    def _region(self, found: Formed | str) -> int:
        if found not in self._known_regions:
            self.regions.append(found if isinstance(found, str) else self._formed(found))
            self._known_regions[found] = UNKNOWN - len(self.regions)
        return self._known_regions[found]

    def _formed(self, found: Formed) -> list[Any]:
        rows = [
            (
                _number(self.hops, each.hop),
                self._name(each.name),
                _number(self.sentences, each.sentence),
                self._node(each.flows),
                self._node(each.rate),
                tuple((_number(self.kinds, kind), self._node(node)) for kind, node in each.takes),
            )
            for each in found.limits
        ]
        kinds = [
            [_number(self.kinds, each.name), self._node(each.share), self._node(each.open_share)]
            for each in found.kinds
        ]
        limits = [_number(self.limits, row) for row in rows]
        wanted = [[self._node(flows), [self._node(room) for room in rooms]] for flows, rooms in found.wanted]
        parts = self._node(found.with_ports), self._node(found.offered), wanted, int(found.is_bound)
        return [limits, kinds, *parts]

    def _name(self, name: str) -> str:
        """A limit's name, in which values may stand for nodes."""
        return re.sub(f"{BEGIN}([0-9]+){END}", lambda found: f"{BEGIN}{self._node(int(found[1]))}{END}", name)

    def _node(self, node: int | None) -> int:
        """The number of a printed step, after those that it takes; -1 for none."""
        if node is None:
            return -1
        if node not in self._numbers:
            operation, parts = self._formulas.nodes[node]
            if operation == "constant":
                text = f"() => {_constant(parts[0])}"
            elif operation == "input":
                text = f"(v, x) => x[{parts[0]}]"
            else:
                taken = ", ".join(f"v({self._node(part)})" for part in parts)
                text = f"v => {_CALLS[operation]}({taken})"
            self.steps.append(text)
            self._numbers[node] = len(self.steps) - 1
        return self._numbers[node]


def _number(table: dict[Any, int], key: Any) -> int:
    return table.setdefault(key, len(table))


def _constant(value: Number) -> str:
    found: Fraction = exact(value)
    return (
        f"q({found.numerator}n, {found.denominator}n)" if found.denominator > 1 else f"q({found.numerator}n)"
    )
