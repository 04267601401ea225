"""``solve``, ``sweep``, ``compare`` and ``explain --crossover --knobs`` as they are typed."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import tuplecalc as tc
from tests.command import PLAIN, invoke, refused, run
from tests.questions.test_best_mix import HELD

# solve


def test_solve_says_the_value_and_what_it_gives() -> None:
    result = invoke("solve", "outage", "--for", "hops.lvs.addresses", "--rate", "50000")
    assert result.exit_code == 0
    assert result.stdout == (
        "addresses of lvs: 86 is the least for 50,000/s, but in the best case only:\n"
        "really 43% to 56.2% are expected to fail.\n"
        "With 86: 16,644,096 connections open at once, 50,437/s; login-proxy shared\nlimits it.\n"
        "With 85: 16,450,560 connections, 49,850/s: not enough.\n"
        "--most-failing 0.1% finds a value with which no more than that fail.\n"
        "  --set hops.lvs.addresses=86\n"
    )


def test_solve_for_a_time_says_the_longest() -> None:
    result = invoke("solve", "outage", "--for", "traffic.hold")
    assert result.stdout.splitlines() == [
        "hold: 246.48 s (4 min 6 s) is the longest for 700/s, but in the best case only:",
        "really 42.8% to 55.7% are expected to fail.",
        "Then 193,536 connections open at once, 700/s; login-proxy shared limits it.",
        "--most-failing 0.1% finds a value with which no more than that fail.",
        "  --set traffic.hold=246.48",
    ]


def test_solve_never_says_enough_where_capacity_says_fails() -> None:
    """A pool of N ports at its highest rate refuses √(2 / πN) of all (Erlang B): 0.313% of 64,512."""
    said = invoke("solve", "cone", "--for", "traffic.hold", "--rate", "40000").stdout
    assert said.startswith("hold: 9.024 s is the longest for 40,000/s, but 0.313% are expected to fail.\n")
    assert "--most-failing 0.1% finds a value with which no more than that fail.\n" in said
    checked = invoke("capacity", "cone", "--rate", "40000", "--set", "traffic.hold=9.024").stdout
    assert checked.startswith("Fails: 0.313% of the connections are expected to fail at 40,000/s.")
    asked = invoke("solve", "cone", "--for", "traffic.hold", "--rate", "40000", "--most-failing", "0.1%")
    assert "finds a value" not in asked.stdout


@pytest.mark.parametrize("output", ["text", "json"])
def test_no_value_is_status_1_and_the_reason(output: str) -> None:
    result = invoke("solve", "outage", "--for", "hops.lvs.time_wait", "--rate", "700", "-o", output)
    assert result.exit_code == 1
    reason = "time_wait of lvs: no value helps for 700/s: login-proxy shared allows 586.5/s."
    if output == "json":
        record = json.loads(result.stdout)
        assert (record["value"], record["reason"]) == (None, reason)
    else:
        assert result.stdout.replace("\n", " ").strip() == reason


def test_solve_as_json() -> None:
    arguments = ("--for", "hops.lvs.addresses", "--flows", "1_000_000", "--rate", "1000")
    record = json.loads(invoke("solve", "outage", *arguments, "-o", "json").stdout)
    assert (record["value"], record["for"], record["setting"]) == (
        6,
        "hops.lvs.addresses",
        "hops.lvs.addresses=6",
    )
    assert record["target"] == {"flows": 1_000_000, "rate": 1000.0, "blocking": None}
    assert record["flows"] == 6 * 193_536
    assert record["beyond"]["flows"] == 5 * 193_536
    assert record["reason"] is None


def test_what_is_solved_holds_when_it_is_set() -> None:
    record = json.loads(
        invoke("solve", "outage", "--for", "hops.lvs.ports", "--rate", "500", "-o", "json").stdout
    )
    settings = ("--set", record["setting"])
    assert json.loads(invoke("capacity", "outage", *settings, "-o", "json").stdout)["rate"] >= 500


def test_solve_with_blocking() -> None:
    said = invoke("solve", "outage", "--for", "traffic.hold", "--blocking", "1e-3").stdout
    first, rest = said.replace("\n", " ").split(". Then ")
    assert first.endswith(
        " is the longest for 700/s of which at most 0.1% fail, but in the best case only: "
        "really 42.5% to 55.3% are expected to fail"
    )
    assert "In the best case 0.0269% to 0.1% of the connections fail at 700/s." in rest
    assert "expected" not in rest
    none = invoke("solve", "outage", "--for", "hops.lvs.time_wait", "--blocking", "1%").stdout
    assert "where in the best case 16.2% of the connections fail." in none.replace("\n", " ")
    nat = invoke("solve", "cone", "--for", "hops.nat.addresses", "--rate", "2000", "--blocking", "1%").stdout
    assert nat.startswith("addresses of nat: 1 is the least for 2,000/s of which at most 1% fail.\n")
    assert "best case" not in nat


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (),
            "--for: this says what to solve for, and is missing; login-proxy shared limits the rate: write "
            "tuplecalc solve outage --for hops.lvs.addresses; others are services.addresses, traffic.hold, "
            "hops.login-proxy.time_wait",
        ),
        (("--for", "a.b", "--rate", "0"), '--rate "0": this is a rate above 0 and up to 1e18;'),
        (
            ("--for", "hops.lvs.addresses", "--flows", "1.5"),
            '--flows "1.5": this is a whole number of 1 or more,',
        ),
        (
            ("--for", "hops.lvs.addresses", "--flows", "٣"),
            '--flows "٣": this is a whole number of 1 or more,',
        ),
        (
            ("--for", "hops.lvs.addresses", "--blocking", "1"),
            '--blocking "1": this is a share above 0 and below 1;',
        ),
        (
            ("--for", "hops.lsv.addresses"),
            '"hops.lsv.addresses": nothing here is called "lsv"; did you',
        ),
        (("--for", ""), None),
    ],
)
def test_what_solve_refuses(arguments: tuple[str, ...], message: str | None) -> None:
    said = refused(run("solve", "outage", *arguments))
    assert message is None or said.startswith(message)


# sweep


def test_sweep_as_a_table() -> None:
    arguments = ("--vary", "hops.lvs.addresses=1..2", "--vary", "traffic.hold=30s..300s/2")
    assert invoke("sweep", "outage", *arguments).stdout.splitlines() == [
        "hops.lvs.addresses  traffic.hold    flows  limits flows        rate /s  limits rate",
        "                 1          30 s  193,536  login-proxy shared    2,580  lvs ports",
        "                 1         300 s  193,536  login-proxy shared    586.5  login-proxy shared",
        "                 2          30 s  387,072  login-proxy shared    5,161  lvs ports",
        "                 2         300 s  387,072  login-proxy shared    1,173  login-proxy shared",
    ]


def test_what_binds_stands_once_where_it_is_the_same() -> None:
    header, row, *_ = invoke("sweep", "outage", "--vary", "hops.lvs.addresses=1..9").stdout.splitlines()
    assert header.split() == ["hops.lvs.addresses", "flows", "rate", "/s", "limited", "by"]
    assert row.split() == ["1", "193,536", "586.5", "login-proxy", "shared"]


HASHED = """
traffic.hold = "5m"
clients.addresses = 10
hops = [{name = "nat", kind = "cone", addresses = 4, spread = "hashed"}]
services = {addresses = 2, ports = 443}
"""


def test_a_table_says_where_figures_are_at_most() -> None:
    """64,512·2 / 420 s for each address; of one no hash has to choose.  Shares are chains of their own."""
    assert invoke("sweep", "-", "--vary", "hops.nat.addresses=1..2", stdin=HASHED).stdout.splitlines() == [
        "hops.nat.addresses    flows  rate /s  limited by",
        "                 1  129,024    307.2  nat ports",
        "                 2  258,048  ≤ 614.4  nat ports",
        "“≤”: the truth may be less, because of nat: a hash puts clients on addresses,",
        "and the fullest one runs out first.",
    ]
    vary = "traffic.kinds.t.share=0.5..0.8/2"
    _, half, more, *why = invoke("sweep", "-", "--vary", vary, stdin=HELD).stdout.splitlines()
    assert half.split()[:3] == ["0.5", "129,024", "307.2"]
    assert more.split()[:4] == ["0.8", "215,040", "≤", "658.3"]
    assert why[0].startswith("“≤”: the truth may be less, because of tp: a port is held")


def test_sweep_as_csv_and_json_say_the_same() -> None:
    arguments = ("outage", "--vary", "hops.lvs.addresses=1..3", "--vary", "traffic.hold=0s..300s/3")
    rows = list(csv.DictReader(io.StringIO(invoke("sweep", *arguments, "-o", "csv").stdout)))
    record = json.loads(invoke("sweep", *arguments, "-o", "json").stdout)
    assert [axis["path"] for axis in record["axes"]] == ["hops.lvs.addresses", "traffic.hold"]
    assert len(rows) == len(record["points"]) == 9
    for row, point in zip(rows, record["points"], strict=True):
        assert row == {key: str(value) for key, value in point.items()}
    assert rows[2]["rate"] == "586.4727272727273"


def test_no_limit_is_empty_in_csv_and_null_in_json() -> None:
    settings = (
        "--set",
        "clients.time_wait=0",
        "--set",
        "hops.lvs.time_wait=0",
        "--set",
        "hops.login-proxy.time_wait=0",
    )
    arguments = ("outage", *settings, "--vary", "traffic.hold=0s..1s/2")
    first = invoke("sweep", *arguments, "-o", "csv").stdout.splitlines()[1]
    assert first == "0,193536,,login-proxy shared,"
    assert json.loads(invoke("sweep", *arguments, "-o", "json").stdout)["points"][0]["rate"] is None
    assert "no limit" in invoke("sweep", *arguments).stdout


def test_sweep_with_blocking() -> None:
    arguments = ("sweep", "outage", "--vary", "hops.lvs.addresses=1..2", "--blocking")
    assert invoke(*arguments).stdout.splitlines()[1].endswith(" 16.2%")
    rows = list(csv.DictReader(io.StringIO(invoke(*arguments, "-o", "csv").stdout)))
    assert [float(row["blocking_upper"]) for row in rows] == pytest.approx([0.1623, 0.0], abs=1e-4)
    assert all(float(row["expected_failing_lower"]) > float(row["blocking_upper"]) for row in rows)


def test_a_long_table_is_cut_and_says_so() -> None:
    done = run("sweep", "outage", "--vary", "hops.lvs.addresses=1..2500")
    assert len(done.stdout.decode().splitlines()) == 2001
    assert done.stderr.decode() == "500 points more; -o csv has all.\n"


def test_a_sweep_into_a_closed_pipe_ends_quietly() -> None:
    command = (
        f'"{sys.executable}" -m tuplecalc sweep outage --vary traffic.hold=0s..1h/100000 -o csv | head -1'
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, env=PLAIN, timeout=60)
    assert done.stdout == b"traffic.hold,flows,rate,binding,rate_binding\n"
    assert done.stderr == b""


def test_a_large_sweep_shows_how_far_it_is(tmp_path: Path) -> None:
    """On a terminal, while the result goes to a file."""
    master, slave = os.openpty()
    arguments = ("--vary", "hops.lvs.addresses=1..600", "--vary", "traffic.hold=0s..1h/600", "-o", "csv")
    with (tmp_path / "sweep.csv").open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "tuplecalc", "sweep", "outage", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=slave,
            env={**PLAIN, "COLUMNS": "80", "TERM": "xterm-256color"},
        )
        os.close(slave)
        shown = b""
        try:
            while part := os.read(master, 65536):
                shown += part
        except OSError:  # how Linux says that the other end is closed
            pass
        os.close(master)
        assert process.wait() == 0
    assert b"points" in shown
    assert (tmp_path / "sweep.csv").read_bytes().count(b"\n") == 360_001


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--vary: this says what varies, and is missing; write --vary hops.lvs.addresses=1..64"),
        (("--vary", "traffic.hold", "--vary", "traffic.hold"), '"traffic.hold": this stands twice;'),
        (("--vary", "hops.lvs.addresses=1..1000000"), None),
        (("--vary", "hops.lvs.addresses=9..1"), None),
        (("--vary", "hops.lvs.addresses=1..64/0"), None),
        (
            [
                x
                for key in ("traffic.hold", "hops.lvs.time_wait", "clients.time_wait")
                for x in ("--vary", f"{key}=0s..1s/9999")
            ],
            None,
        ),
    ],
)
def test_what_sweep_refuses(arguments: Sequence[str], message: str | None) -> None:
    said = refused(run("sweep", "outage", *arguments))
    assert message is None or said.startswith(message)


def test_blocking_needs_a_rate() -> None:
    said = refused(run("sweep", "-", "--vary", "clients.addresses", "--blocking", stdin=BARE))
    assert said == "--blocking is that of a rate; write `rate` under [traffic], or --rate 700"


BARE = b"clients.addresses = 9\nservices = { addresses = 1, ports = 80 }\n"


# compare


def test_compare_two_files() -> None:
    said = invoke("compare", "cone", "inverted-cone-tproxy").stdout
    assert "Connections open at once: 5,160,960 → 1,290,240 (-75%). Now proxy shared" in said
    assert "services.ports  [80, 443]  →  80" in said
    rows = [line.split() for line in said.splitlines()]
    assert ["proxy", "shared", "–", "1,290,240", "–", "40,320", "limits", "now"] in rows


def test_compare_one_file_without_and_with_all_settings() -> None:
    """The lines of a remedy belong together: none of them is a side."""
    once = json.loads(invoke("compare", "outage", "--set", "hops.lvs.addresses=2", "-o", "json").stdout)
    assert (once["old"]["flows"], once["new"]["flows"], once["flows_ratio"]) == (193_536, 387_072, 2.0)
    assert once["keys"] == [{"path": "hops.lvs.addresses", "old": 1, "new": 2}]
    both = ("--set", "hops.lvs.addresses=2", "--set", "hops.login-proxy.tracking=off")
    twice = json.loads(invoke("compare", "outage", *both, "-o", "json").stdout)
    assert (twice["old"]["flows"], twice["new"]["flows"]) == (193_536, 774_144)
    assert {"hops.lvs.addresses", "hops.login-proxy.tracking"} <= {key["path"] for key in twice["keys"]}
    limits = {hop["name"]: hop["limits"] for hop in twice["hops"]}
    (shared,) = [limit for limit in limits["login-proxy"] if limit["name"] == "shared"]
    assert (shared["old"]["flows"], shared["new"]) == (193_536, None)


def test_settings_change_the_second_of_two_files() -> None:
    found = json.loads(
        invoke("compare", "cone", "outage", "--set", "clients.ports=1024-1033", "-o", "json").stdout
    )
    (key,) = [key for key in found["keys"] if key["path"] == "clients.ports"]
    assert key["old"] != key["new"] == "1024-1033"


def test_compare_as_markdown() -> None:
    said = invoke("compare", "outage", "--set", "hops.lvs.addresses=2", "-o", "markdown").stdout
    assert said.startswith(
        "## The login outage: a NAT-mode balancer in front of regional login proxies, before → now"
    )
    assert "| login-proxy | shared | 193,536 | 387,072 | 2× | 586.5 | 1,173 | 2× | limits |" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("outage",), '"outage" alone has nothing to be compared with; name'),
        (("-", "-"), "standard input can be read once; name a file for one of the two"),
        (("-", "--set", "traffic.hold=1"), "standard input can be read once; name a file, or both sides"),
    ],
)
def test_what_compare_refuses(arguments: tuple[str, ...], message: str) -> None:
    assert refused(run("compare", *arguments, stdin=BARE)).startswith(message)


# explain


def test_crossovers_and_knobs_are_explained() -> None:
    said = invoke("explain", "outage", "--crossover", "traffic.hold", "--knobs").stdout
    assert said.startswith(
        "Tightest limit by hold, now 300 s (5 min):\n"
        "  flows  from 0 s on               login-proxy shared\n"
        "  rate   from 0 s to 60 s (1 min)  lvs ports\n"
        "         from 60 s (1 min) on      login-proxy shared\n"
        "\nBy how much each figure changes with 1% more of a value, while the same limit is\n"
    )
    assert "traffic.hold                             -0.909%\n" in said
    assert "+0%" not in said


def test_crossovers_and_knobs_as_json_and_markdown() -> None:
    arguments = ("explain", "outage", "--crossover", "hops.lvs.addresses", "--knobs", "-o")
    record = json.loads(invoke(*arguments, "json").stdout)
    (found,) = record["crossovers"]
    assert [interval["to"] for interval in found["rate"]] == [40_049, None]
    hold = [each for each in record["elasticities"] if each["path"] == "traffic.hold" and each["rank"] == 0]
    assert [(each["figure"], each["value"]) for each in hold] == [("rate", "-10/11")]
    said = invoke(*arguments, "markdown").stdout
    assert "| rate | 40,050 and more | clients ports |" in said
    assert refused(run(*arguments, "latex")).startswith("-o latex: --crossover and --knobs are no formulas")


def test_a_chain_may_show_no_knob() -> None:
    chain = "clients.addresses = 1\nservices = { addresses = 1, ports = 80 }\n"
    chain += '[[hops]]\nname = "p"\nkind = "hourglass"\ncapture = "tproxy"\nsource = "client-port"\n'
    assert tc.capacity(tc.loads(chain)).flows == 0
    assert invoke("explain", "-", "--knobs", stdin=chain).exit_code == 0
