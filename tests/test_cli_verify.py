"""``tuplecalc verify``: its outputs and exit statuses, without a kernel."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.command import invoke, refused, run
from tuplecalc.errors import InputError
from tuplecalc.lab.blindly import blindly
from tuplecalc.lab.figures import CERTAIN, DYING, Figure, counted
from tuplecalc.lab.scale import scale
from tuplecalc.lab.sustained import Sustained, held
from tuplecalc.lab.verification import Verification
from tuplecalc.lab.ways import ways
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import example
from tuplecalc.under_load.collision import KERNELS


def result(chain: Chain, *, measured: int | None = None, held: bool = True) -> Verification:
    scaled = scale(chain)
    flows = scaled.result.flows
    figure = Figure("chain", "flows", flows, flows if measured is None else measured, is_held=held)
    said = {"clients": {"no answer": 176}, "nat": {"entries": 880, "insert_failed": 352}}
    return Verification(
        scaled, (figure,), () if held else ("proxy",), (), (), None, 1056, said, 4.25, "6.18.0"
    )


def measuring(monkeypatch: pytest.MonkeyPatch, **keys: Any) -> None:
    def verify(chain: Chain, *, factor: int | None, rates: bool, begin: Any) -> Verification:
        assert factor is None
        assert not rates
        return result(chain, **keys)

    monkeypatch.setattr("tuplecalc.lab.verification.verify", verify)


def test_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    measuring(monkeypatch)
    found = invoke("verify", "cone")
    assert found.exit_code == 0
    assert (
        found.stdout
        == """\
Office NAT with four public addresses
Scaled down, its limits in the same order, and built in network namespaces of
this machine. Ranges of ports are 2,896 times smaller. The chain as built:

  clients   addresses 80, ports 20010-20019
  nat       kind cone, addresses 4, ports 20000-20021
  services  addresses 5, ports 80 + 443

             predicted  measured
chain flows        880       880  equal

nat ports is the tightest limit. 1,056 connections tried; Linux 6.18.0, 4.2 s in
all.
"""
    )


def test_different(monkeypatch: pytest.MonkeyPatch) -> None:
    measuring(monkeypatch, measured=700)
    found = invoke("verify", "cone")
    assert found.exit_code == 1
    assert "chain flows        880       700  DIFFERENT\n" in found.stdout
    assert found.stdout.endswith("""
What the kernel said:
  clients  176  no answer: connections that nothing answered: SYNs or data lost
  nat      880  entries: entries in the tracking table
  nat      352  insert_failed: connections for which the NAT found no port
""")


def test_blind_choice_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    measuring(monkeypatch, measured=700, held=False)
    found = invoke("verify", "inverted-cone-tproxy")
    assert found.exit_code == 0
    assert "by chance" in found.stdout
    assert "no hop sees what another has taken. Where" in " ".join(found.stdout.split())
    assert max(map(len, found.stdout.splitlines())) <= 80


def test_blind_choice_has_a_law(monkeypatch: pytest.MonkeyPatch) -> None:
    scaled = scale(example("outage"))
    law = blindly(scaled.result, ways(scaled.chain), ("login-proxy",))
    assert law is not None
    mean, deviation = law.filled()
    figures = (
        Figure("chain", "flows", mean, 640, CERTAIN * deviation / mean, is_chance=True),
        Figure("chain", "flows opened", 1512, 1512),
        Figure("chain", DYING, 0.125, 0.25, 0.4, is_chance=True),
    )
    found = Verification(scaled, figures, ("login-proxy",), (), (), None, 1600, {}, 9.0, "6.18.0", law)
    monkeypatch.setattr("tuplecalc.lab.verification.verify", lambda *_, **_keys: found)
    said = invoke("verify", "outage", "--rates")
    assert said.exit_code == 1
    assert (
        """
                      predicted  measured
chain flows                 661       640  within ± 40
chain flows opened        1,512     1,512  equal
chain flows that die      12.5%     25.0%  DIFFERENT, not within ± 5.0%

"""
        in said.stdout
    )
    words = " ".join(said.stdout.split())
    assert "the newer connection takes its place, and the older one lives if both of its sequence" in words
    assert "with probability 1/4 on separate machines, for which the lab draws these numbers on both" in words
    assert f"The share that lives on is {KERNELS}." in words
    assert (
        json.loads(invoke("verify", "outage", "--rates", "-o", "json").stdout)["figures"][2]["what"] == DYING
    )


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (
            lambda result: Sustained(Figure("chain", "rate", 220.0, 219.0, 0.01), result, 2, 3),
            "The rate: connections that last 3 s, offered at 0.75 of what nat ports carries, 293.3/s",
        ),
        (
            lambda result: Sustained(None, result, 2),
            "The rate is not measured: nat ports limits it, and ports that were bound linger for all of",
        ),
        (
            lambda result: Sustained(Figure("chain", "rate", 220.0, 440.0, 0.05, False), result, 4),
            "a TIME_WAIT of 4 s everywhere; nat ports limits it. It is shown only: on Linux",
        ),
    ],
)
def test_how_a_rate_was_measured(
    rate: Callable[[Capacity], Sustained], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flows = result(example("cone"))
    sustained = rate(capacity(held(flows.scaled.chain, 3)))
    figures = flows.figures if sustained.figure is None else (*flows.figures, sustained.figure)
    found = replace(flows, figures=figures, sustained=sustained)
    monkeypatch.setattr("tuplecalc.lab.verification.verify", lambda *_, **_keys: found)
    out = invoke("verify", "cone", "--rates")
    assert out.exit_code == 0
    assert said in " ".join(out.stdout.split())
    assert ("within ± 1%" in out.stdout) is bool(sustained.hold)


def test_json(monkeypatch: pytest.MonkeyPatch) -> None:
    measuring(monkeypatch, measured=700)
    found = invoke("verify", "cone", "-o", "json")
    assert found.exit_code == 1
    said = json.loads(found.stdout)
    assert said["agrees"] is False
    assert said["scale"] == {"factor": 2896, "keeps_order": True}
    assert said["figures"] == [
        {
            "name": "chain",
            "what": "flows",
            "predicted": 880,
            "measured": 700,
            "tolerance": 0.0,
            "held": True,
            "bound": False,
        }
    ]
    assert said["binding"] == {"hop": "nat", "limit": "ports"}
    assert said["chain"] == scale(example("cone")).chain.to_dict() | {"traffic": said["chain"]["traffic"]}
    assert said["said"]["nat"]["insert_failed"] == 352


def test_kinds_have_rows_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs by whole flows is called so, with the reason; a kind that lacks some is found."""
    said = {"tried": 500, "flows": 424, "working": [7, 417], "errors": {}}
    proxies = [{"hop": "nginx-api", "open": 7, "pooled": 21}, {"hop": "nginx-push", "open": 300, "pooled": 0}]

    scaled = scale(example("pooled-frontend"))
    figures = tuple(counted(scaled, ways(scaled.chain), said, proxies))
    result = Verification(scaled, figures, (), (), (), None, 500, {}, 1.0, "6.18.0")
    monkeypatch.setattr("tuplecalc.lab.verification.verify", lambda *_, **_keys: result)
    found = invoke("verify", "pooled-frontend")
    assert found.exit_code == 1
    assert (
        """
  api         share 0.95, hold 0.5
  push        share 0.05, hold 600
"""
        in found.stdout
    )
    assert (
        """
                                predicted  measured
chain flows                           426       424  within ± 2, in whole connections
api flows                               7         7  equal
push flows                            419       417  within ± 2, in whole connections
nginx-api flows open                    7         7  equal
nginx-api connections upstream         21        21  equal
nginx-push flows open                 419       300  DIFFERENT, not within ± 2

nginx-api upstream is the tightest limit. 500 connections tried; Linux 6.18.0,
1.0 s in all.
Connections of several kinds, and those of a pool, are whole numbers at each
endpoint: by so many the two may differ.
"""
        in found.stdout
    )
    names = [
        each["name"]
        for each in json.loads(invoke("verify", "pooled-frontend", "-o", "json").stdout)["figures"]
    ]
    assert names == ["chain", "api", "push", "nginx-api", "nginx-api", "nginx-push"]


def test_sixty_columns_have_names_in_lines_and_whole_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"tried": 500, "flows": 424, "working": [7, 417], "errors": {}}
    proxies = [
        {"hop": "nginx-api", "open": 7, "pooled": 21},
        {"hop": "nginx-push", "open": 300, "pooled": 0},
    ]
    scaled = scale(example("pooled-frontend"))
    figures = tuple(counted(scaled, ways(scaled.chain), said, proxies))
    found = Verification(scaled, figures, (), (), (), None, 500, {}, 1.0, "6.18.0")
    monkeypatch.setattr("tuplecalc.lab.verification.verify", lambda *_, **_keys: found)
    monkeypatch.setenv("COLUMNS", "60")
    text = invoke("verify", "pooled-frontend").stdout
    assert max(map(len, text.splitlines())) <= 60
    assert (
        """
             predicted measured
chain flows        426      424 within ± 2
api flows            7        7 equal
push flows         419      417 within ± 2
nginx-api            7        7 equal
flows open
nginx-api           21       21 equal
connections
upstream
nginx-push         419      300 DIFFERENT, not within ± 2
flows open

"""
        in text
    )


@pytest.mark.parametrize("factor", ["0", "-1", "1.5", "many", "1000000"])
def test_a_factor_that_is_none(factor: str) -> None:
    rule = "this is a whole number from 1 to 99999; write it as in --scale 500"
    with pytest.raises(InputError, match=f'^--scale "{factor}": {rule}$'):
        invoke("verify", "cone", "--scale", factor)


def test_cannot_run() -> None:
    message = refused(run("verify", "cone", "--set", "hops.nat.block=64"))
    assert message.startswith("the lab cannot build this chain:\n  hops.nat.block: 64: Linux has no such NAT")


def test_a_rate_within_its_tolerance() -> None:
    figure = Figure("chain", "rate", 50.0, 48.0, 0.05)
    assert figure.agrees
    assert not replace(figure, measured=47.0).agrees
    assert replace(figure, measured=47.0, is_held=False).agrees
