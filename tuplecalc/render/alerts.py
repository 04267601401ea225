"""Alerting rules for Prometheus, on the metrics of :mod:`tuplecalc.render.prometheus`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from tuplecalc.limits.limit import Limit
from tuplecalc.render import numbers
from tuplecalc.render.table import name

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


class _Rule(NamedTuple):
    alert: str
    expr: str
    wait: str
    labels: Mapping[str, str]
    summary: str
    description: str


def rules(limits: Sequence[Limit] = ()) -> str:
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


def _of(limit: Limit | None) -> Iterator[_Rule]:
    if limit is None:
        only, labels, what = "", {}, "{{ $labels.hop }} {{ $labels.limit }}"
        why = "`tuplecalc observe` shows the busiest scopes"
    else:
        only = f"{{hop={_quoted(limit.hop)},limit={_quoted(limit.name)}}}"
        labels = {"hop": _plain(limit.hop), "limit": _plain(limit.name)}
        what = f"{_plain(name(limit.hop))} {_plain(limit.name)}"
        keys = numbers.count(limit.size.value)
        why = f"{keys} {limit.kind.resource} in a scope; {limit.kind.sentence}"
    at = "on {{ $labels.instance }}"
    for share, severity, wait in STEPS:
        yield _Rule(
            "TuplesNearlyTaken",
            f"tuplecalc_tuples_used_ratio{only} > {float(share)}",
            wait,
            labels | {"severity": severity},
            f"{what} {at}: over {numbers.percent(share)} of the fullest scope is taken",
            f"{{{{ $value | humanizePercentage }}}} of its keys are taken: {why}.",
        )
    yield _Rule(
        "TuplesRunDryWithinTheHour",
        f"predict_linear(tuplecalc_tuples_used{only}[{_WINDOW}], {AHEAD}) >= tuplecalc_tuples_limit{only}",
        "5m",
        labels | {"severity": "critical"},
        f"{what} {at}: the fullest scope is all taken within the hour",
        f"As it grew in the last half hour, {{{{ $value | humanize }}}} keys are wanted in an hour: {why}.",
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
    return "'" + json.dumps(words)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"


def _plain(words: str) -> str:
    """Words where Prometheus takes two braces for a template."""
    return words.replace("{{", '{{ "{{" }}')
