"""The result as a table for a terminal or a pipe."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, TypeVar

from rich import box
from rich.console import Console, ConsoleOptions
from rich.segment import Segments
from rich.table import Table
from rich.text import Text

from tuplecalc.limits.capacity import Capacity, HopCapacity
from tuplecalc.limits.limit import Limit
from tuplecalc.network.cone import Cone
from tuplecalc.questions.advice import advise
from tuplecalc.render import numbers, sentences
from tuplecalc.render.presets import citations

if TYPE_CHECKING:
    from tuplecalc.under_load.offered import Offered

_MOST_ROWS = 60  # a screen or two; csv and JSON have all
_WIDEST_PROSE = 100
_UNBOUNDED = 10_000  # columns: what no row reaches
_LONGEST = ((40, numbers.LONGEST), (20, numbers.LONGEST), (12, numbers.LONGEST), (12, 10**7), (8, 10**5))
"""The longest name and count in a table: the first pair with which it fits the terminal, else the last."""

_MARKS = {(True, True): "◀ binds", (True, False): "◀ flows", (False, True): "◀ rate"}

T = TypeVar("T")


def print_table(result: Capacity, console: Console, load: Offered | None = None) -> None:
    """Write reachable tuples at each hop, the limits with the binding ones marked, and what would help.

    Piped, the tables are as wide as they need to be; paragraphs keep a readable width.
    """
    with console.capture() as capture:
        _print(result, console, load)
    console.file.write("".join(map(_ended, capture.get().splitlines())))


def _print(result: Capacity, console: Console, load: Offered | None) -> None:
    prose = min(console.width, _WIDEST_PROSE)
    console.print(Text(result.title or "A chain", style="bold"), width=prose)
    console.print(Text(_capitalised(sentences.kind(result)), style="dim"))
    for build in (_hops, _limits):
        console.print()
        lines = console.render(_fitting(build, result, console), _natural(console))
        console.print(Segments(lines), crop=False, end="")
    console.print()
    for sentence in sentences.sentences(result, load):
        console.print(Text(sentence), width=prose)
    if advices := advise(result):
        console.print()
        console.print(Text("What would help most", style="bold"))
        for item in advices:
            console.print(_bullet(sentences.advice(result, item)), width=prose)
            for setting in item.settings:
                console.print(Text(f"    --set {_shell(setting)}", style="cyan"), soft_wrap=True)
    _print_presets(result, console, prose)


def _print_presets(result: Capacity, console: Console, width: int) -> None:
    if sentences := list(citations(result.chain)):
        console.print()
    for sentence in sentences:  # an address of a page stays whole, also where it is wider
        for line in wrap(sentence, width, break_long_words=False, break_on_hyphens=False):
            console.print(Text(line), soft_wrap=True)


def _fitting(build: Callable[[Capacity, int, int], Table], result: Capacity, console: Console) -> Table:
    for longest in _LONGEST:
        grid = build(result, *longest)
        width = console.measure(grid, options=_natural(console)).maximum
        if width <= console.width or not console.is_terminal:
            break
    return grid


def _natural(console: Console) -> ConsoleOptions:
    return console.options.update(width=_UNBOUNDED)


_STYLED_BLANKS = re.compile(r"(?:\s|\x1b\[[0-9;]*m)+$")
_PLAIN = "\x1b[0m"


def _ended(line: str) -> str:
    """The line without the blanks that fill a column up; a style that it began still ends."""
    kept = _STYLED_BLANKS.sub("", line)
    return f"{kept}{_PLAIN if _PLAIN in line and kept else ''}\n"


def _hops(result: Capacity, names: int, longest: int) -> Table:
    rate = result.chain.traffic.rate
    grid = _grid(
        "hop", "kind", "tuple space", "reachable flows", "rate /s", *([] if rate is None else ["used"])
    )
    shown, left = _cut(result.hops)
    for hop in shown:
        kind, space = _kind(result, hop), numbers.count(hop.tuple_space, longest)
        used = [] if rate is None else [numbers.used(hop.utilisation(rate))]
        grid.add_row(_name(hop.name, names), kind, space, *_figures(hop, longest), *used)
    _rest(grid, left)
    return grid


def _limits(result: Capacity, names: int, longest: int) -> Table:
    grid = _grid("hop", "limit", "keys × scopes", "flows", "rate /s", "")
    previous = ""
    shown, left = _cut(result.limits, (result.binding, result.rate_binding))
    for limit in shown:
        binds = limit is result.binding, limit is result.rate_binding
        mark = _MARKS.get(binds, "")
        name = _name(limit.hop if limit.hop != previous else "", names)
        cells = _name(limit.name, names + 4), _room(limit, longest), *_figures(limit, longest), mark
        grid.add_row(name, *cells, style="bold yellow" if mark else "")
        previous = limit.hop
    _rest(grid, left)
    return grid


def _room(limit: Limit, longest: int) -> str:
    size, scopes = numbers.count(limit.size.value, longest), numbers.count(limit.scopes.value, longest)
    keys = size if limit.keys == 1 else f"⌊{size} / {limit.keys}⌋"
    return f"{keys} × {scopes}"


def _grid(*columns: str) -> Table:
    grid = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim"
    )
    for column in columns:
        words = column in ("hop", "kind", "limit", "")
        grid.add_column(column, justify="left" if words else "right", no_wrap=True, overflow="ellipsis")
    return grid


def _bullet(text: str) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row("•", Text(text))
    return grid


def _shell(setting: str) -> str:
    """As a shell wants it: in quotes where it has blanks, brackets or quotes."""
    return shlex.quote(setting)


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _figures(of: HopCapacity | Limit, longest: int) -> tuple[str, str]:
    return numbers.count(of.flows, longest), numbers.rate(of.rate, longest)


def _name(name: str, longest: int) -> Text:
    return Text(name if len(name) <= longest else name[: longest - 1] + "…")


def _kind(result: Capacity, hop: HopCapacity) -> str:
    layers = {h.name: h.layer for h in result.chain.hops if not isinstance(h, Cone)}
    return f"layer {layers[hop.name]}" if hop.name in layers else hop.kind


def _cut(items: Sequence[T], keep: tuple[object, ...] = ()) -> tuple[list[T], int]:
    shown = [item for i, item in enumerate(items) if i < _MOST_ROWS or any(item is kept for kept in keep)]
    return shown, len(items) - len(shown)


def _rest(grid: Table, left: int) -> None:
    if left:
        grid.add_row(Text(f"… {left:,} more"))
