"""What one would solve for: each suggestion raises what limits, and is a command that can be typed."""

import shlex

import pytest

import tuplecalc as tc
from tests.command import invoke
from tuplecalc.questions.asking import asking

EXAMPLES = [
    "outage",
    "cone",
    "hourglass",
    "mixed",
    "mixed-by-share",
    "office-and-branch",
    "inverted-cone-nat",
]


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_suggestion_can_be_solved(name: str) -> None:
    chain = tc.example(name)
    now = tc.capacity(chain)
    found = asking(chain)
    assert (found.limit, found.figure, found.wanted) == (now.rate_binding, "rate", None)
    for path in found.paths:
        assert now.rate is not None
        assert tc.solve(chain, path, rate=float(now.rate) * 1.01).value is not None, path


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_command_that_is_written_answers(name: str) -> None:
    settings = ["traffic.rate=", "title=two words"] if name in ("cone", "outage") else []
    words = [word for each in settings for word in ("--set", each)]
    with pytest.raises(tc.InputError) as caught:
        invoke("solve", name, *words)
    said = str(caught.value)
    command = said.partition("write ")[2].partition("; others")[0]
    assert command.startswith(f"tuplecalc solve {name} --for ")
    assert invoke(*shlex.split(command)[1:]).exit_code == 0


def test_the_hop_that_limits_comes_first_and_fixed_keys_never() -> None:
    chain = tc.example("cone")
    assert asking(chain).paths[:2] == ("hops.nat.addresses", "hops.nat.time_wait")
    kept = tc.with_settings(chain, "hops.nat.fixed=addresses")
    assert "hops.nat.addresses" not in asking(kept).paths
    wanted = tc.with_settings(chain, "traffic.rate=", "traffic.flows=9999999")
    assert asking(wanted).figure == "connections open at once"
    assert "hops.nat.time_wait" not in asking(wanted).paths


def test_what_was_typed_is_in_the_command() -> None:
    with pytest.raises(tc.InputError, match=r"solve cone --for hops\.nat\.addresses --rate 50000; others"):
        invoke("solve", "cone", "--rate", "50000")
