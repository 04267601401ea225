"""What is busy, for a terminal: every line, and where it breaks."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from tests.render.observations import observed
from tuplecalc.render.observed import print_table
from tuplecalc.render.table import PAGE, Page
from tuplecalc.sources.busy.observed import Observed
from tuplecalc.sources.busy.usage import Observation

WIDE = """\
Fullest: nat ports 198.18.8.1 → 198.18.9.9:443: 64,511 of 64,512 (99.998%).
nat ports 198.18.8.1 → 198.18.9.9:443 is full in 2 s, if it goes on growing by
0.5 a second.

A hub of sessions
nat, 31 snapshots in 5 min until 2026-11-29 11:04:05

limit                             open  lingering       of     used  grows /s
─────────────────────────────────────────────────────────────────────────────
nat ports
  198.18.8.1 → 198.18.9.9:443   60,280      4,231   64,512  99.998%       0.5
  198.18.8.1 → 198.18.9.9:8443     200         80   64,512    0.43%         0
nat entries
  all                           60,480      4,311  262,144      25%       0.5

Tracking table: 64,791 of 262,144 (25%); 100 opening, 60,380 open, 4,300
lingering, 11 reset, 3 of other protocols.
Sockets: 17; 12 open, 3 lingering, 2 listening.
A connection may stand in both tables: they are never added up.
Tracking table, an estimate: 36 new connections a second, open for 28 min each
(Little's law: 4,311 are left of closed ones, each for 120 s).
  sessions  35/s  28 min 42 s each
  admin      1/s   3 min 20 s each
Not counted: clients ports: the clients' own sockets are not in these tables.
Passed over: the tool's summary (1).
Not understood: 12 lines, of which the first are:
  conntrack.txt:12: no tuple: tcp 6 what
"""
NARROW = """\
limit                  open       of     used  grows /s
───────────────────────────────────────────────────────
nat ports
  198.18.8.1 →       60,280   64,512  99.998%       0.5
    198.18.9.9:443
  198.18.8.1 →          200   64,512    0.43%         0
    198.18.9.9:8443
nat entries
  all                60,480  262,144      25%       0.5
A wider terminal shows also: lingering.
"""


def printed(seen: Observed, width: int = 80, *, is_terminal: bool = True) -> str:
    stream = StringIO()
    console = Console(file=stream, width=width, force_terminal=is_terminal, color_system=None)
    print_table(seen, console, Page(min(width, 120), width) if is_terminal else PAGE)
    return stream.getvalue()


def test_eighty_columns() -> None:
    assert printed(observed(growth=0.5)) == WIDE


def test_sixty_columns_have_fewer_figures_and_a_line_for_each_part_of_a_scope() -> None:
    text = printed(observed(growth=0.5), 60)
    assert NARROW in text
    assert max(map(len, text.splitlines())) <= 60


def with_long_addresses() -> Observed:
    seen = observed()
    labels = {"address": "2001:db8:1234:5678:9abc:def0:1234:5678"}
    labels["endpoint"] = "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:8443"
    ports, *others = seen.found.usages
    long = tuple(busy._replace(labels=labels) for busy in ports.busiest)
    usages = (replace(ports, busiest=long, scopes=44), *others)
    return replace(seen, found=replace(seen.found, usages=usages))


@pytest.mark.parametrize(
    ("width", "left_out", "endpoint"),
    [
        (60, "open, lingering, of", "    [2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:8443"),
        (80, "lingering", "    [2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:8443"),
        (99, "", "    [2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:8443"),
        (200, "", " → [2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:8443  60,280      4,231   64,512  99.998%"),
    ],
)
def test_addresses_of_version_6_stay_whole(width: int, left_out: str, endpoint: str) -> None:
    text = printed(with_long_addresses(), width)
    assert max(map(len, text.splitlines())) <= width
    assert endpoint in text
    assert "nat ports: 42 more scopes in use\n" in text
    note = f"A wider terminal shows also: {left_out}.\n" if left_out else ""
    assert note in text
    assert ("A wider" in text) is bool(left_out)


def test_a_pipe_has_addresses_of_version_6_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    text = printed(with_long_addresses(), is_terminal=False)
    assert " → [2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:8443  60,280 " in text


@pytest.mark.parametrize(("width", "is_terminal"), [(200, True), (40, False)])
def test_more_room_is_not_used_and_a_pipe_has_all_that_is_needed(
    width: int, is_terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)  # pytest-xdist sets it
    table = WIDE.partition("limit  ")[2].partition("\n\n")[0]
    assert table in printed(observed(growth=0.5), width, is_terminal=is_terminal)


def test_one_snapshot_says_nothing_of_growth() -> None:
    text = printed(observed())
    assert "grow" not in text
    assert "snapshots" not in text
    assert "\nnat, at 2026-11-29 11:04:05\n" in text


def test_what_shrinks_never_runs_dry() -> None:
    text = printed(observed(growth=-0.25))
    assert "\nNone of these scopes grows.\n" in text
    assert "99.998%     −0.25\n" in text


def test_nothing_at_all() -> None:
    nothing = Observation((), (), (), (), ())
    text = printed(replace(observed(), found=nothing, not_understood=0, remarks=(), passed_over={}))
    assert text == (
        "Nothing is taken: no connection takes anything of a limit.\n\n"
        "A hub of sessions\nnat, at 2026-11-29 11:04:05\n\n"
    )
