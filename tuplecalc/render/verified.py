"""A verification in words: the chain as it was built, predicted and measured, what the kernel said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

from tuplecalc.lab.figures import DYING, Figure
from tuplecalc.lab.verification import Verification
from tuplecalc.render import numbers, table
from tuplecalc.render.table import PAGE, Page, Way
from tuplecalc.under_load.collision import KERNELS, SEPARATE_MACHINES

_WORDS = {
    "no answer": "connections that nothing answered: SYNs or data lost",
    "closed": "connections that the proxy or service closed",
    "ECONNRESET": "connections reset by the proxy",
    "EADDRNOTAVAIL": "no port left for this destination",
    "EADDRINUSE": "no port left that the program may pick",
    "ETIMEDOUT": "SYNs lost behind the proxy",
    "EMFILE": "no file descriptor left",
    "entries": "entries in the tracking table",
    "insert_failed": "connections for which the NAT found no port",
    "drop": "packets dropped by connection tracking",
    "invalid": "packets in an invalid state",
    "early_drop": "entries dropped early from a full table",
    "TCPSynRetrans": "SYNs sent again",
    "ListenOverflows": "connections that found the listener's queue full",
}


_LAW = (
    "blind picks. Both sides of a connection take ports of one table, and no hop sees what another has "
    "taken. Connections were opened one after the other. Where both pick the same port, the newer connection "
    "takes its place, and the older one lives if both of its sequence numbers are behind: "
    f"with probability {SEPARATE_MACHINES} on separate machines, for which the lab draws these numbers on "
    "both sides. The prediction is the mean of many runs; 99.9 % of runs differ from it by no more than is "
    f"said. The share that lives on is {KERNELS}."
)
_BLIND = (
    "blind picks. Both sides of a connection take ports of one table, and no hop sees what another has "
    "taken. Where both pick the same port, a comparison of random sequence numbers decides which connection "
    "lives: chance. So this is shown, and not held against the prediction."
)
_DRAWING = (
    "each draws one of several addresses by chance, so that near full not all draws find room at once: "
    "the prediction is the most that fits."
)
_WIDE = Way(40, 0, 2), Way(24, 0, 2)
_WAYS = [*_WIDE, Way(20, 0, 2), Way(14, 0, 1)]
_IN_WHOLE = "in whole connections"
_WHOLE = (
    "Connections of several kinds, and those of a pool, are whole numbers at each endpoint: by so many "
    "the two may differ."
)
_MIXING = (
    "ports that are apart for each destination before it may meet behind it, so that the prediction is "
    "the most that fits."
)


def text(found: Verification, page: Page = PAGE) -> str:
    """The result for a terminal."""
    return "\n".join(_lines(found, page)) + "\n"


def _lines(found: Verification, page: Page) -> Iterator[str]:
    prose = partial(table.prose, width=page.prose)
    if found.chain.title:
        yield from prose(found.chain.title)
    yield from prose(_scaling(found))
    yield ""
    yield from table.lines(_wrapped(found.scaled.chain.to_dict(), page.prose), left={0, 1}, indent=2)
    yield ""
    rows = [_row(figure) for figure in found.figures]
    yield from table.fitted(partial(_figures, rows), page.table, _WAYS, {0, 3}).lines()
    yield ""
    binding = found.prediction.binding
    yield from prose(
        f"{table.name(binding.hop)} {binding.name} is the tightest limit. "
        f"{numbers.count(found.tried)} connections tried; Linux {found.kernel}, {found.seconds:.1f} s in all."
    )
    notes = [(found.blind, _BLIND if found.law is None else _LAW)]
    if not found.figures[0].is_equal:
        notes += [(found.drawing, _DRAWING), (found.mixing, _MIXING)]
    for hops, words in notes:
        if hops:
            yield from prose(f"{' and '.join(map(table.name, hops))}: {words}")
    if any(verdict.endswith(_IN_WHOLE) for *_, verdict in rows):
        yield from prose(_WHOLE)
    yield from _of_rates(found, prose)
    if not any(figure.is_held for figure in found.figures):
        yield "No figure here was held against the prediction."
    if not found.agrees:
        yield ""
        yield "What the kernel said:"
        room = None if page.table is None else page.table - 2
        yield from table.lines(table.squeezed(_said(found.said), room, 2), left={0, 2}, indent=2)


def _of_rates(found: Verification, prose: Callable[[str], list[str]]) -> Iterator[str]:
    rate = found.sustained
    if rate is None or rate.prediction.rate_binding is None:
        return
    binding = rate.prediction.rate_binding
    place = f"{binding.hop} {binding.name}"
    if rate.figure is None:
        yield from prose(
            f"The rate is not measured: {place} limits it, and ports that were bound linger for all of "
            "TIME_WAIT, which the lab cannot scale down."
        )
    elif rate.hold:
        most = float(rate.prediction.rate or 0)
        yield from prose(
            f"The rate: connections that last {rate.hold} s, offered at {rate.figure.predicted / most:.2f} "
            f"of what {place} carries, {numbers.rate(Fraction(most))}/s, its ports over the hold: on Linux "
            "since 6.5 an entry that is closing gives way. At most 1 % of them may fail."
        )
    else:
        yield from prose(
            f"The rate: connections that end at once, and a TIME_WAIT of {rate.delay} s everywhere; "
            f"{place} limits it."
        )
        if not rate.figure.is_held and not rate.figure.is_equal:
            yield from prose(
                "It is shown only: on Linux, tracking entries that are closing give way to new connections, "
                "so the lab cannot scale this time down."
            )


def _scaling(found: Verification) -> str:
    scaled = found.scaled
    if scaled.is_same:
        return "Built as it is, in network namespaces of this machine:"
    smaller = f" Ranges of ports are {numbers.count(scaled.factor)} times smaller."
    ports = "" if scaled.factor == 1 else smaller
    order = (
        "in the same order"
        if scaled.keeps_order
        else "not all in the same order; the same one is the tightest"
    )
    where = "built in network namespaces of this machine"
    return f"Scaled down, its limits {order}, and {where}.{ports} The chain as built:"


def _wrapped(chain: Mapping[str, Any], width: int) -> Iterator[tuple[str, str]]:
    parts = list(_parts(chain))
    room = max(width - table.width_of(*(name for name, _ in parts)) - 4, 20)
    for name, keys in parts:
        first, *more = table.prose(keys, room)
        yield name, first
        yield from (("", line) for line in more)


def _parts(chain: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    traffic = chain.get("traffic", {})
    kinds = traffic.get("kinds", ())
    lasts = kinds or any("upstream_hold" in hop for hop in chain.get("hops", ()))
    if said := {key: traffic[key] for key in ("hold", "protocol")[not lasts :] if key in traffic}:
        yield "traffic", _keys(said)
    for kind in kinds:
        yield table.name(kind["name"]), _keys({key: value for key, value in kind.items() if key != "name"})
    clients = chain["clients"]
    for group in clients if isinstance(clients, list) else [clients]:
        yield "clients", _keys(group)
    for hop in chain.get("hops", ()):
        yield table.name(hop["name"]), _keys({key: value for key, value in hop.items() if key != "name"})
    for group in chain["services"]:
        yield "services", _keys(group)


def _keys(table: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_value(value)}" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_keys(value)})"
    return " + ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _figures(rows: Sequence[tuple[str, str, str, str]], way: Way) -> Iterator[tuple[str, str, str, str]]:
    yield "", "predicted", "measured", ""
    for name, predicted, measured, said in rows:
        short = said if way in _WIDE else said.removesuffix(f", {_IN_WHOLE}")  # a sentence below says it
        yield table.folded(name, way.names), predicted, measured, short


def _row(figure: Figure) -> tuple[str, str, str, str]:
    figures = figure.predicted, figure.measured
    if figure.what == "rate":
        shown = [f"{numbers.rate(Fraction(each))}/s" for each in figures]
        if not figure.is_held and figure.measured > 2 * figure.predicted:
            shown[1] = f"≥ {shown[1]}"  # all that the lab offered
        within = f"within ± {figure.tolerance:.0%}"
    elif figure.what == DYING:
        shown = [f"{each:.1%}" for each in figures]
        within = f"within ± {figure.tolerance * figure.predicted:.1%}"
    else:
        shown = [numbers.count(round(each)) for each in figures]
        within = f"within ± {numbers.count(round(figure.tolerance * figure.predicted))}"
    if shown[0] == shown[1] and not figure.is_chance:
        verdict = "equal"
    elif figure.is_equal:
        verdict = within if figure.is_chance or figure.what == "rate" else f"{within}, {_IN_WHOLE}"
    elif not figure.is_held:
        verdict = "not held against it" if figure.what == "rate" else "by chance"
    else:
        verdict = (
            "at most" if figure.agrees else f"DIFFERENT, not {within}" if figure.tolerance else "DIFFERENT"
        )
    return f"{figure.name} {figure.what}", shown[0], shown[1], verdict


def _said(said: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, str, str]]:
    for name, words in said.items():
        for word, times in words.items():
            if word in _WORDS:
                yield table.name(name), numbers.count(times), f"{word}: {_WORDS[word]}"
