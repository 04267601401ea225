"""What is busy as metrics of Prometheus: text for the textfile collector of node_exporter.

Names and labels stay the same from one time to the next, so that alerts can look back: a limit has one
series, of its fullest scope.  Scopes by name are metrics of their own, and only where asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tuplecalc.sources.busy.observed import Observed
from tuplecalc.sources.needs import needs

HELP = {
    "tuples_used": "Keys taken of a limit's fullest scope.",
    "tuples_lingering": "Keys of a limit's fullest scope that are taken after the close.",
    "tuples_limit": "Keys of one scope of a limit.",
    "tuples_used_ratio": "Share of its keys that the fullest scope has taken.",
    "tuples_dry_seconds": "Time until one of the fullest scopes is full, as they grew when observed.",
    "scope_tuples_used": "Keys taken of one of the fullest scopes.",
    "scope_tuples_lingering": "Keys of one of the fullest scopes that are taken after the close.",
    "table_entries": "All entries of a table; sockets and tracking hold the same connections.",
    "table_entries_limit": "Entries that the table holds.",
    "connections_per_second": "New connections of TCP a second; at least, where their hold is missing.",
    "connection_hold_seconds": "Mean time that a connection of TCP stays open, where the tables tell.",
    "tables_not_understood": "Lines of the tables that were not understood.",
    "observed_timestamp_seconds": "When the tables were read, in seconds since 1970.",
}
"""The metrics, without ``tuplecalc_``, and what they say of themselves."""

_Sample = tuple[str, float, Mapping[str, str]]


def text(seen: Observed, top: int = 0) -> str:
    """The metrics; with ``top`` also so many of the fullest scopes of each limit."""
    client = needs("prometheus_client", "prometheus-client", "-o prometheus")
    registry, gauges = client.CollectorRegistry(), {}
    for name, value, labels in _samples(seen, top):
        if name not in gauges:
            gauges[name] = client.Gauge(f"tuplecalc_{name}", HELP[name], labels, registry=registry)
        (gauges[name].labels(**labels) if labels else gauges[name]).set(value)
    written: bytes = client.generate_latest(registry)
    return written.decode()


def _samples(seen: Observed, top: int) -> Iterator[_Sample]:
    found = seen.found
    scopes = [busy.labels for usage in found.usages for busy in usage.busiest[:top]]
    no_scope = dict.fromkeys((name for labels in scopes for name in labels), "")
    for usage in found.usages:
        labels = {"hop": usage.limit.hop, "limit": usage.limit.name, "table": usage.table}
        fullest = usage.busiest[0] if usage.busiest else None
        yield "tuples_used", fullest.taken if fullest else 0, labels
        yield "tuples_lingering", fullest.lingering if fullest else 0, labels
        yield "tuples_limit", usage.size, labels
        yield "tuples_used_ratio", usage.share, labels
        if usage.runs_dry_in is not None:
            yield "tuples_dry_seconds", usage.runs_dry_in, labels
        for busy in usage.busiest[:top]:
            scope = {**labels, **no_scope, **busy.labels}
            yield "scope_tuples_used", busy.taken, scope
            yield "scope_tuples_lingering", busy.lingering, scope
    for total in found.totals:
        for state, entries in total.states.items():
            yield "table_entries", entries, {"table": total.table, "state": state}
    if seen.tracking_size is not None:
        yield "table_entries_limit", seen.tracking_size, {"table": "tracking"}
    for each in found.measured:
        yield "connections_per_second", each.rate, {"table": each.table}
        if each.hold is not None:
            yield "connection_hold_seconds", each.hold, {"table": each.table}
    yield "tables_not_understood", seen.not_understood, {}
    yield "observed_timestamp_seconds", seen.at.timestamp(), {}
