"""Alerting rules for Prometheus, on the metrics of :mod:`tuplecalc.render.prometheus`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.kinds import ENTRIES
from tuplecalc.render import numbers
from tuplecalc.render.table import name
from tuplecalc.sources.busy.counting import RULES

STEPS = ((Fraction(8, 10), "warning", "10m"), (Fraction(9, 10), "critical", "2m"))
"""From which share of a limit on there is an alert, how severe, and after how long."""
AHEAD = 3600
"""Seconds that the alert of running dry looks ahead."""
_WINDOW = "30m"
_STALE = 900
_HEAD = """\
# For what `tuplecalc observe -o prometheus` writes into the folder of the textfile collector.
# Prometheus reads this under `rule_files`; `promtool check rules` checks it.
"""


class Watched(NamedTuple):
    """A limit of a hop, and what is worth knowing of it when it is full."""

    hop: str
    limit: str
    why: str


class _Rule(NamedTuple):
    alert: str
    expr: str
    wait: str
    labels: Mapping[str, str]
    summary: str
    description: str


def watched(capacity: Capacity, hops: Sequence[str]) -> Iterator[Watched]:
    """The limits of these hops that tables show, and each machine's tracking table."""
    limits = [limit for limit in capacity.limits if limit.hop in hops]
    for limit in limits:
        if limit.kind in RULES:
            keys = f"{numbers.count(limit.size.value)} {limit.kind.resource} there"
            yield Watched(limit.hop, limit.name, f"{keys}; {limit.kind.sentence}")
    machines = {hop.name: hop.on for hop in capacity.chain.hops}
    known = {machines.get(limit.hop) for limit in limits if limit.kind is ENTRIES}
    for machine, hop in {machines.get(hop, hop): hop for hop in reversed(hops)}.items():
        if machine not in known:
            yield Watched(hop, ENTRIES.name, "the tracking table drops new connections when it is full")


def rules(limits: Sequence[Watched] = ()) -> str:
    """Rules in YAML for each of the limits, or the same three for whatever is observed.

    They alert at 80 % and 90 % of a scope's keys, where the trend of half an hour reaches the limit
    within the hour, and where nothing was observed for a quarter of an hour.
    """
    found = [rule for limit in limits for rule in _of(limit)] or list(_of(None))
    lines = ["groups:", "  - name: tuplecalc", "    rules:"]
    for rule in [*found, _STOPPED]:
        lines += [f"      - alert: {rule.alert}", f"        expr: {_text(rule.expr)}"]
        lines += [f"        for: {rule.wait}", "        labels:"]
        lines += [f"          {key}: {_text(value)}" for key, value in rule.labels.items()]
        lines += ["        annotations:", f"          summary: {_text(rule.summary)}"]
        lines += [f"          description: {_text(rule.description)}"]
    return _HEAD + "\n".join(lines) + "\n"


def _of(limit: Watched | None) -> Iterator[_Rule]:
    if limit is None:
        only, labels, what = "", {}, "{{ $labels.hop }} {{ $labels.limit }}"
        why = "`tuplecalc observe` shows where it is fullest"
    else:
        only = f"{{hop={_quoted(limit.hop)},limit={_quoted(limit.limit)}}}"
        labels = {"hop": _plain(limit.hop), "limit": _plain(limit.limit)}
        what, why = f"{_plain(name(limit.hop))} {_plain(limit.limit)}", limit.why
    at = "on {{ $labels.instance }}"
    for share, severity, wait in STEPS:
        yield _Rule(
            "TuplesNearlyTaken",
            f"tuplecalc_tuples_used_ratio{only} > {float(share)}",
            wait,
            labels | {"severity": severity},
            f"{what} {at}: over {numbers.percent(share)} is taken where it is fullest",
            f"{{{{ $value | humanizePercentage }}}} of it is taken: {why}.",
        )
    # What lingers levels off, so that what is open has to grow.  It has to grow now, for longer than a step
    # (a restart) keeps the slope above 0: the rule waits for more than the slope's window.
    is_open = f"(tuplecalc_tuples_used{only} - tuplecalc_tuples_lingering{only})"
    yield _Rule(
        "TuplesRunDryWithinTheHour",
        f"predict_linear({is_open}[{_WINDOW}:1m], {AHEAD})"
        f" + tuplecalc_tuples_lingering{only} >= tuplecalc_tuples_limit{only}"
        f" and (deriv({is_open}[5m:1m]) > 0 or tuplecalc_tuples_used{only} >= tuplecalc_tuples_limit{only})",
        "10m",
        labels | {"severity": "critical"},
        f"{what} {at}: all is taken within the hour where it is fullest",
        f"As it grew in the last half hour, {{{{ $value | humanize }}}} are wanted in an hour: {why}.",
    )


_STOPPED = _Rule(
    "TuplesNotObserved",
    f"time() - tuplecalc_observed_timestamp_seconds > {_STALE}",
    "5m",
    {"severity": "warning"},
    "Nothing was observed on {{ $labels.instance }} for {{ $value | humanizeDuration }}",
    "Whatever runs `tuplecalc observe -o prometheus` has stopped; the other alerts cannot ring.",
)


def _text(words: str) -> str:
    """Words in YAML: its double quotes take all that JSON writes."""
    return json.dumps(words, ensure_ascii=False)


def _quoted(words: str) -> str:
    """Words in a query, in single quotes, so that they need no escapes in YAML."""
    return "'" + json.dumps(words, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"


def _plain(words: str) -> str:
    """Words where Prometheus takes two braces for a template."""
    return words.replace("{{", '{{ "{{" }}')
