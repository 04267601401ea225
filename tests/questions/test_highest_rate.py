"""What is expected to fail as a target: held against the verdict of single chains, rate by rate."""

from fractions import Fraction
from typing import Any

import pytest

import tuplecalc as tc
from tests.command import invoke
from tests.questions.test_advice_under_load import CARRIER
from tuplecalc.questions import highest_rate
from tuplecalc.questions.solving import solve
from tuplecalc.under_load.share_failing import Failing

OUTAGE = tc.example("outage")
EXAMPLES = [
    *("outage", "cone", "hourglass", "mixed", "mixed-by-share", "office-and-branch"),
    *("inverted-cone-nat", "inverted-cone-tproxy"),
]


def most_failing(chain: tc.Chain, *settings: str) -> float:
    """What the gate of `capacity` looks at."""
    return tc.offered(tc.with_settings(chain, *settings)).most_failing


def at_rate(chain: tc.Chain, rate: Any) -> float:
    return most_failing(chain, f"traffic.rate={float(rate):.12f}")


CASES = [*((name, 1e-2) for name in EXAMPLES), ("outage", 1e-3), ("outage", 0.3), ("mixed", 1e-3)]


@pytest.mark.parametrize(("name", "share"), CASES)
def test_the_rate_is_the_last_of_a_scan_that_will_do(name: str, share: float) -> None:
    chain = tc.example(name)
    found = solve(chain, "traffic.rate", most_failing=share)
    assert None not in (found.value, found.above, found.expected)
    assert found.value
    assert found.expected
    assert found.is_proven
    assert most_failing(chain, found.setting) <= share < at_rate(chain, found.above)
    assert found.expected.most == pytest.approx(most_failing(chain, found.setting), abs=1e-12)
    scan = [float(found.value) * step / 5 for step in range(1, 11)]
    last = max(rate for rate in scan if at_rate(chain, rate) <= share)
    assert last == pytest.approx(float(found.value), rel=1e-12)


def test_the_gate_of_capacity_opens_at_the_rate_and_closes_just_above() -> None:
    answer = invoke("solve", "outage", "--for", "traffic.rate", "--most-failing", "1%")
    assert answer.exit_code == 0
    setting = answer.stdout.split()[-1]
    gate = ("capacity", "outage", "--most-failing", "1%", "-o", "csv", "--set")
    assert (setting, invoke(*gate, setting).exit_code) == ("traffic.rate=8.623", 0)
    assert invoke(*gate, "traffic.rate=8.624").exit_code == 1
    assert "0.995% to 1% are expected to fail at 8.623/s, and more than 1% at 8.624/s." in answer.stdout


def test_the_share_is_that_of_the_group_that_fails_most() -> None:
    answer = invoke("solve", "mixed-by-share", "--for", "traffic.rate", "--most-failing", "1%").stdout
    assert "0.621% to 0.683% are expected to fail of all, and 0.996% of those that fail" in answer


def test_clients_without_ports_fail_at_any_rate() -> None:
    found = solve(tc.loads(CARRIER), "traffic.rate", most_failing=0.01)
    assert found.value is None
    some = solve(tc.loads(CARRIER), "traffic.rate", most_failing=0.75)
    assert some.value is not None
    assert at_rate(tc.loads(CARRIER), some.value) <= 0.75 < at_rate(tc.loads(CARRIER), some.above)


def test_flows_that_are_wanted_and_cannot_be_open_count_as_in_the_gate() -> None:
    wanted = tc.with_settings(OUTAGE, "traffic.flows=1000000")
    assert solve(wanted, "traffic.rate", most_failing=0.5).value is None
    assert solve(wanted, "traffic.rate", most_failing=0.9).value is not None


def test_any_rate_will_do_where_nothing_limits_it() -> None:
    chain = tc.loads(
        "traffic = { rate = 1, hold = 0 }\nclients = { addresses = 9, time_wait = 0 }\n"
        "services = { addresses = 1, ports = 80 }"
    )
    found = solve(chain, "traffic.rate", most_failing=0.01)
    assert found.is_any


def test_a_range_keeps_the_answer_in_it() -> None:
    found = solve(OUTAGE, "traffic.rate=1..5", most_failing=0.01)
    assert (found.value, found.looked_at, found.above) == (5, (1, 5), None)
    assert solve(OUTAGE, "traffic.rate=100..500", most_failing=0.01).value is None
    assert solve(OUTAGE, "traffic.rate=2..500", most_failing=0.01).value == Fraction("8.623")


def test_rates_that_do_again_above_others_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """No chain is known that does so: a share that falls again stands for it."""

    def falls_again(_result: object, rate: float, *_: object) -> Failing:
        share = 0.5 if 100 < rate < 300 else 0.001
        return Failing(tc.offered(OUTAGE).expected, share)  # type: ignore[arg-type]

    monkeypatch.setattr(highest_rate, "failing_at", falls_again)
    found = solve(OUTAGE, "traffic.rate=1..900", most_failing=0.01)
    assert (found.value, found.is_proven) == (100, False)


@pytest.mark.parametrize(
    ("path", "settings", "share"),
    [
        ("hops.lvs.addresses", ["traffic.rate=70"], 0.01),
        ("hops.lvs.instances", ["traffic.rate=70"], 0.01),
        ("services.addresses=1..40", ["traffic.rate=20"], 0.01),
        ("hops.lvs.ports", ["traffic.rate=5"], 0.01),
    ],
)
def test_the_least_count_against_the_gate(path: str, settings: list[str], share: float) -> None:
    chain = tc.with_settings(OUTAGE, *settings)
    found = solve(chain, path, most_failing=share)
    assert found.value is not None
    assert most_failing(chain, found.setting) <= share
    if found.beyond is not None and "ports" not in path:
        less = found.setting.replace(f"={found.value}", f"={found.value - 1}")
        assert most_failing(chain, less) > share


@pytest.mark.parametrize("path", ["traffic.hold", "hops.lvs.time_wait", "hops.login-proxy.time_wait"])
def test_the_longest_time_against_the_gate(path: str) -> None:
    chain = tc.with_settings(OUTAGE, "traffic.rate=20")
    found = solve(chain, path, most_failing=0.03)
    times = [0, 1, 5, 20, 60, 120, 240, 600]
    good = [time for time in times if most_failing(chain, f"{path}={time}") <= 0.03]
    if found.value is None:
        assert not good
        return
    assert most_failing(chain, found.setting) <= 0.03
    assert found.value >= max(good, default=0)
    assert most_failing(chain, f"{path}={float(found.value) * 1.001:.9f}") > 0.03


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--for", "traffic.rate"), "write --most-failing 1%"),
        (("--for", "traffic.rate", "--blocking", "1%"), "write --most-failing 1%, and no other target"),
        (("--for", "traffic.rate", "--most-failing", "1%", "--rate", "7"), "and no other target"),
        (("--for", "traffic.hold", "--most-failing", "1%", "--blocking", "1%"), "is the best case only"),
        (("--for", "traffic.hold", "--most-failing", "0"), "this is a share above 0 and below 1"),
        (("--for", "mix", "--most-failing", "1%"), '--most-failing "1%": the best mix has no target'),
    ],
)
def test_what_cannot_be_asked_says_the_way_out(given: tuple[str, ...], says: str) -> None:
    with pytest.raises(tc.InputError) as caught:
        invoke("solve", "outage", *given)
    assert says in str(caught.value)


def test_kinds_with_rates_of_their_own_have_no_rate_to_look_for() -> None:
    chain = tc.loads(
        'traffic.kinds = [{ name = "a", rate = 5 }, { name = "b", rate = 5 }]\n'
        "clients.addresses = 9\nservices = { addresses = 1, ports = 80 }"
    )
    with pytest.raises(tc.InputError, match="rates of their own, and the total is their sum; give them"):
        solve(chain, "traffic.rate", most_failing=0.01)
