"""``tuplecalc rules``: alerts that Prometheus takes, and that ring when they should."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.command import PLAIN, invoke, refused, run
from tests.limits.test_worked_examples import behind_cone
from tests.render.observations import HUB, observed
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import loads
from tuplecalc.render.alerts import Watched, rules
from tuplecalc.render.prometheus import text

ODD = """clients = {addresses = 9}
hops = [{name = "o'd\\"d {{ hop }}", kind = "cone", addresses = 1}]
services = {addresses = 1, ports = 80}
"""
ESCAPED = r"\u7f51\u5173 \xe9\U0001f600"
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def promtool(*arguments: str | Path, stdin: str = "") -> str:
    done = subprocess.run(
        ["promtool", *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("utf-8", "网关 é😀"), ("ascii", ESCAPED), ("latin-1", ESCAPED)],
)
def test_names_are_written_as_they_are_or_so_that_yaml_reads_them(encoding: str, written: str) -> None:
    chain = ODD.replace("o'd\\\"d {{ hop }}", "网关 é😀")
    done = run("rules", "-", stdin=chain.encode(), env={**PLAIN, "PYTHONIOENCODING": encoding})
    rules = done.stdout.decode(encoding)
    assert f"hop='{written}',limit='ports'}} > 0.8\"\n" in rules
    assert f'hop: "{written}"\n' in rules


def test_three_rules_for_each_limit_of_the_hops_and_one_that_says_when_nobody_looks() -> None:
    written = invoke("rules", "outage", "--hop", "login-proxy").stdout
    limits = [limit.name for limit in capacity(loads(invoke("examples", "outage").stdout)).hops[-1].limits]
    assert limits == ["accepted", "upstream", "shared"]
    for limit in limits:
        of = f"{{hop='login-proxy',limit='{limit}'}}"
        for wanted in (
            f"tuplecalc_tuples_used_ratio{of} > 0.8",
            f"tuplecalc_tuples_used_ratio{of} > 0.9",
            f"predict_linear((tuplecalc_tuples_used{of} - tuplecalc_tuples_lingering{of})[30m:1m], 3600)"
            f" + tuplecalc_tuples_lingering{of} >= tuplecalc_tuples_limit{of}"
            f" and (deriv((tuplecalc_tuples_used{of} - tuplecalc_tuples_lingering{of})[5m:1m]) > 0"
            f" or tuplecalc_tuples_used{of} >= tuplecalc_tuples_limit{of})",
        ):
            assert written.count(f'        expr: "{wanted}"\n') == 1
    assert written.count("- alert: ") == 3 * (len(limits) + 1) + 1
    assert written.count("hop='login-proxy',limit='entries'") == 10
    whole = invoke("rules", "cone", "--set", "hops.nat.max_entries=9").stdout
    assert whole.count("limit='entries'") == 10
    assert "9 entries there; each connection takes entries of the tracking table, which has" in whole
    assert "64,512 ports there; a connection has two sides at the proxy, and each takes a port" in written
    assert "clients" not in written
    assert "hop='lvs'" in invoke("rules", "outage").stdout


def test_without_a_file_they_are_for_whatever_is_observed() -> None:
    written = invoke("rules").stdout
    assert written.count("- alert: ") == 4
    assert '"tuplecalc_tuples_used_ratio > 0.9"' in written


def test_a_chain_without_hops_is_watched_at_its_clients() -> None:
    written = invoke(
        "rules", "-", stdin="clients.addresses = 1\nservices = {addresses = 1, ports = 80}"
    ).stdout
    assert "hop='clients',limit='ports'" in written


def test_a_hop_that_is_not_there() -> None:
    message = refused(run("rules", "outage", "--hop", "lsv"))
    assert message == '--hop "lsv": the chain has lvs, login-proxy; did you mean "lvs"?'


def test_what_no_table_shows_has_no_alert() -> None:
    """Two proxies in a row need other ports than the cone before them: that is of three machines' tables."""
    chain = json.dumps(behind_cone("1-6", "1-12", "7-12"))
    assert "shared-3 limits both" in invoke("capacity", "-", stdin=chain).stdout
    written = invoke("rules", "-", stdin=chain).stdout
    assert "hop='p1',limit='shared'" in written
    assert "shared-3" not in written


@needs_promtool
@pytest.mark.parametrize("arguments", [(), ("outage",), ("mixed", "--hop", "proxy"), ("-",)])
def test_promtool_takes_them(arguments: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(invoke("rules", *arguments, stdin=ODD).stdout, encoding="utf-8")
    assert "SUCCESS" in promtool("check", "rules", path)


@needs_promtool
@pytest.mark.parametrize("topology", [None, HUB])
@pytest.mark.parametrize(
    ("per_minute", "ringing"),
    [
        (0, []),  # 75 % for ever
        (250, ["TuplesRunDryWithinTheHour critical"]),  # not yet for 10 min above 80 %
        (
            4000,
            ["TuplesNearlyTaken critical", "TuplesNearlyTaken warning", "TuplesRunDryWithinTheHour critical"],
        ),
    ],
)
def test_they_ring(topology: str | None, per_minute: int, ringing: list[str], tmp_path: Path) -> None:
    """After a quarter of an hour in which a hub's ports fill from 75 % by so many a minute."""
    (tmp_path / "rules.yml").write_text(
        rules([Watched("nat", "ports", "few")] if topology else ()), encoding="utf-8"
    )
    used = [min(48384 + per_minute * minute, 64512) for minute in range(31)]
    _hold(tmp_path, used, [0] * 31, {15: ringing})


@needs_promtool
@pytest.mark.parametrize("of_these_linger", [0, 2])
def test_a_step_after_a_restart_does_not_ring(of_these_linger: int, tmp_path: Path) -> None:
    """Up to 46 % in two steps, and there it stays, whether or not half of it lingers."""
    (tmp_path / "rules.yml").write_text(rules(()), encoding="utf-8")
    used = [0] * 5 + [15000] * 8 + [30000] * 48
    lingering = [each // of_these_linger if of_these_linger else 0 for each in used]
    _hold(tmp_path, used, lingering, {minute: [] for minute in range(10, 61)})


def _hold(tmp_path: Path, used: list[int], lingering: list[int], expected: dict[int, list[str]]) -> None:
    """Which alerts ring in which minute, as promtool finds them."""
    of = '{hop="nat",limit="ports",table="tracking",instance="hub"}'
    series = [
        ("tuples_used", " ".join(map(str, used))),
        ("tuples_lingering", " ".join(map(str, lingering))),
        ("tuples_limit", f"64512x{len(used) - 1}"),
        ("tuples_used_ratio", " ".join(f"{each / 64512:.6f}" for each in used)),
    ]
    tests = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": f"tuplecalc_{name}{of}", "values": values} for name, values in series
                ],
                "promql_expr_test": [
                    {
                        "expr": 'count by (alertname, severity) (ALERTS{alertstate="firing"})',
                        "eval_time": f"{minute}m",
                        "exp_samples": [
                            {
                                "labels": f'{{alertname="{alert}", severity="{severity}"}}',
                                "value": 1,
                            }
                            for alert, severity in map(str.split, ringing)
                        ],
                    }
                    for minute, ringing in expected.items()
                ],
            }
        ],
    }
    path = tmp_path / "tests.yml"
    path.write_text(json.dumps(tests), encoding="utf-8")
    assert "SUCCESS" in promtool("test", "rules", path)


@needs_promtool
def test_the_metrics_are_as_promtool_wants_them_and_the_rules_ask_for_no_others() -> None:
    written = text(observed(growth=0.5), top=2)
    assert promtool("check", "metrics", stdin=written) == ""
    asked = {word for line in invoke("rules").stdout.splitlines() for word in _metrics(line)}
    assert len(asked) == 5
    assert asked <= {word for line in written.splitlines() for word in _metrics(line)}


def _metrics(line: str) -> list[str]:
    return re.findall(r"tuplecalc_\w+", line)
