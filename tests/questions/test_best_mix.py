"""Which shares of kinds carry most: by hand, in symbols, on the command line."""

import json
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tuplecalc as tc
from tests.command import invoke
from tuplecalc.errors import InputError
from tuplecalc.limits.coupled import Figure
from tuplecalc.questions.best_mix import best_mix
from tuplecalc.questions.vertex import Vertex, best_vertex

P = 64512
MIXED = """
title = "pure TPROXY for a share, REDIRECT for the rest"
traffic.rate = 1000
traffic.hold = "2s"
traffic.kinds = [{{name = "through", share = {x}}}, {{name = "redirected", share = {y}}}]
clients = {{addresses = 4096}}
[[hops]]
name = "nat"
kind = "cone"
addresses = {M}
[[hops]]
name = "tproxy"
kind = "hourglass"
machine = "proxy"
capture = "tproxy"
source = "client"
ports = "1024-65535"
traffic = "through"
[[hops]]
name = "redirect"
kind = "hourglass"
machine = "proxy"
capture = "nat"
addresses = {E}
ports = "1024-65535"
traffic = "redirected"
[services]
addresses = {E}
ports = 80
"""
LOGINS = """
traffic = {{hold = "5m", kinds = [{{name = "login", share = "{x}"}}, {{name = "rest", share = "{y}"}}]}}
clients = {{addresses = 131072}}
hops = [
  {{name = "nat", kind = "cone", addresses = 1}},
  {{name = "p", kind = "hourglass", captures = "login", {proxy}}},
]
services = {{addresses = 6, ports = 80}}
"""
PROXY = 'capture = "tproxy", source = "client", ports = "1024-65535"'


def mixed(E: int = 10, M: int = 4, x: str = "0.5", y: str = "0.5") -> str:
    return MIXED.format(E=E, M=M, x=x, y=y)


@pytest.mark.parametrize(("E", "M"), [(2, 1), (3, 4), (10, 4)])
def test_the_mixed_deployment(E: int, M: int) -> None:
    """docs/model.md, "Kinds and the mix": min(M·E·P / (1 + x), M·P / (1 − x)), largest at (E − 1)/(E + 1)."""
    for x in (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)):
        result = tc.capacity(tc.loads(mixed(E, M, f'"{x}"', f'"{1 - x}"')))
        assert result.flows == min(M * E * P / (1 + x), M * P / (1 - x)) // 1
    best = tc.best_mix(result.chain)
    assert best.shares == {"through": Fraction(E - 1, E + 1), "redirected": Fraction(2, E + 1)}
    assert best.total == sum(best.parts.values()) == Fraction(M * P * (E + 1), 2)
    assert [(limit.hop, limit.name) for limit in best.limits] == [
        ("tproxy", "shared"),
        ("redirect", "capture"),
    ]
    assert best.is_only
    assert best.closed_form is not None
    share, total = best.closed_form
    assert share.text == "(E - 1) / (E + 1)"
    assert total.text.replace("M·", "") == "|P|·(E + 1) / 2"
    assert (share.value, total.value) == (best.shares["through"], best.total)
    assert total.steps[0].latex == total.latex
    there = tc.with_settings(result.chain, *best.settings)
    assert tc.capacity(there).flows == best.total // 1
    assert best_mix(there).is_present


TWO = """
traffic.kinds = [
  {{name = "a", share = {x}, hold = "{first}s", services = "a"}},
  {{name = "b", share = {y}, hold = "{second}s", services = "b"}},
]
clients = {{addresses = 1000}}
services = [{{name = "a", addresses = {A}, ports = 443}}, {{name = "b", addresses = {B}, ports = 8443}}]
"""
NAT = 'hops = [{{name = "nat", kind = "cone", addresses = {M}}}]'
MACHINE = """
hops = [
  {{name = "nat", kind = "cone", addresses = {M}}},
  {{name = "tp", kind = "hourglass", capture = "tproxy", source = "client", machine = "m", captures = "a"}},
  {{name = "re", kind = "hourglass", capture = "nat", machine = "m", captures = "b"}},
]
"""


@given(
    hops=st.sampled_from(["", NAT, MACHINE]),
    share=st.sampled_from([0.25, 0.5, 0.875]),
    holds=st.tuples(*[st.sampled_from(["0.1", "1", "10", "300", "3600"])] * 2),
    counts=st.tuples(*[st.integers(1, 12)] * 3),
    figure=st.sampled_from(["flows", "rate"]),
)
def test_the_closed_form_has_the_value_of_the_best_mix(
    hops: str, share: float, holds: tuple[str, str], counts: tuple[int, int, int], figure: Figure
) -> None:
    """Whatever H the kinds have: the mean of the mix that there is stands nowhere in it."""
    numbers = dict(zip("ABM", counts, strict=True))
    text = (TWO + hops).format(x=share, y=1 - share, first=holds[0], second=holds[1], **numbers)
    best = best_mix(tc.loads(text), figure)
    if len(best.limits) == 2 and not any(limit.name == "joint" for limit in best.limits):
        assert best.closed_form is not None
        assert best.closed_form.total.value == best.total == sum(best.parts.values())
        assert best.closed_form.share.value == best.shares["a"]


def test_the_closed_form_of_kinds_that_last_differently_long() -> None:
    """28,232 ports towards one service and towards ten: 28,232·(10 + 1), and open a tenth of a second and
    an hour: 36,000 new connections of the one come to 10 of the other.
    """
    best = best_mix(
        tc.loads(TWO.format(x=0.5, y=0.5, first="0.1", second="3600", A=1, B=10).replace("1000}", "1}"))
    )
    assert best.closed_form is not None
    share, total = best.closed_form
    assert total.text == "|A|·(N + 1)"
    assert total.value == best.total == 310_552
    assert share.value == best.shares["a"] == Fraction(3600, 3601)


@pytest.mark.parametrize("x", [Fraction(1, 10), Fraction(1, 3), Fraction(999, 1000)])
def test_only_some_are_captured(x: Fraction) -> None:
    """6·64,512 / (1 + x) behind a cone; x = 1 is the outage."""
    result = tc.capacity(tc.loads(LOGINS.format(x=x, y=1 - x, proxy=PROXY)))
    assert result.flows == 6 * P / (1 + x) // 1
    assert (result.binding.name, result.binding.kinds) == ("shared", ("login", "rest"))
    login, rest = result.kinds
    assert (login.name, login.share, login.flows + rest.flows) == ("login", x, result.flows)
    assert login.headroom is None
    assert login.flows_binding is result.binding
    assert best_mix(result.chain).shares == {"login": 0, "rest": 1}


def test_a_third_kind_keeps_its_share() -> None:
    """σ·H of a and of b and c together are as 2 to 3, the addresses; c is half of all."""
    chain = tc.loads("""
    traffic.hold = "2s"
    traffic.kinds = [
      {name = "a", share = 0.2, hold = "3s"},
      {name = "b", share = 0.3},
      {name = "c", share = 0.5, hold = "4s"},
    ]
    clients = {addresses = 1000}
    hops = [
      {name = "left", kind = "cone", addresses = 2, traffic = "a"},
      {name = "right", kind = "cone", addresses = 3, traffic = ["b", "c"]},
    ]
    services = {addresses = 1, ports = 80}
    """)
    best = best_mix(chain, kinds=["b", "a"])
    assert best.free == ("a", "b")
    assert best.shares == {"a": Fraction(6, 13), "b": Fraction(1, 26), "c": Fraction(1, 2)}
    assert best.total == 5 * P
    assert best.closed_form is not None
    assert best.closed_form.share.value == Fraction(6, 13)
    all_free = best_mix(chain)
    assert all_free.total == 5 * P
    assert (all_free.is_only, all_free.closed_form) == (False, None)
    assert all(all_free.shares.values())  # of those that are as good one with all three


ENDS = "clients.addresses = 1\nservices = {addresses = 1, ports = 80}"
ONE = 'traffic.kinds = [{name = "a", share = 1}]\n' + ENDS
UDP = (
    'traffic = {protocol = "udp", kinds = [{name = "a", share = 0.5, hold = 1}, {name = "b", share = 0.5}]}\n'
)
FEW = "traffic.kinds: a mix has two kinds of traffic or more; there"


@pytest.mark.parametrize(
    ("text", "figure", "kinds", "message"),
    [
        (ENDS, "flows", (), f"{FEW} are none; write two or more"),
        (ONE, "flows", (), f'{FEW} is only "a"; write two or more'),
        (UDP + ENDS, "flows", "a", 'kinds "a": one share alone is not free; name two kinds or more'),
        (UDP + ENDS, "flows", "xy", 'kinds "x": this is no kind of the traffic; there are a, b'),
        (UDP + ENDS, "rate", (), 'nothing limits the rate of "b"; ask for the flows'),
        (
            mixed(),
            "flows",
            ("thruogh", "redirected"),
            'kinds "thruogh": this is no kind of the traffic; did you mean "through"?',
        ),
    ],
)
def test_what_cannot_be_asked(text: str, figure: Figure, kinds: Sequence[str], message: str) -> None:
    with pytest.raises(InputError) as error:
        best_mix(tc.loads(text), figure, kinds)
    assert str(error.value) == message


COMMAND = ("solve", "-", "--for", "mix")
SAID = """\
The best mix has 1,419,264 connections open at once, the present one 516,096.
tproxy shared and redirect capture are reached together there.

kind        now   best            flows
through     50%  81.8%  9/11  1,161,216
redirected  50%  18.2%  2/11    258,048

share of through = (E - 1) / (E + 1) = (10 - 1) / (10 + 1) = 9/11
flows = |P|·M·(E + 1) / 2 = 64,512·4·(10 + 1) / 2 = 1,419,264

  --set traffic.kinds.through.share=9/11
  --set traffic.kinds.redirected.share=2/11
"""


def test_the_command() -> None:
    assert invoke(*COMMAND, stdin=mixed()).stdout == SAID
    assert invoke(*COMMAND, "--flows", "--kinds", "through, redirected", stdin=mixed()).stdout.startswith(
        SAID[:50]
    )
    rate = invoke(*COMMAND, "--rate", "-o", "json", stdin=mixed()).stdout
    assert json.loads(rate)["total"] == pytest.approx(P * 40 / 122)
    assert invoke(*COMMAND, "-o", "csv", stdin=mixed()).stdout.splitlines()[1] == "through,1/2,9/11,1161216"
    written = invoke(*COMMAND, "-o", "markdown", stdin=mixed()).stdout
    assert "| through | 50% | 81.8% | 9/11 | 1,161,216 |" in written
    assert r"$$\text{through} = \frac{E - 1}{E + 1} = \frac{10 - 1}{10 + 1} = \frac{9}{11}$$" in written


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*COMMAND, "--rate", "5"), '--rate "5": the best mix has no target; write --rate alone'),
        ((*COMMAND, "--flows=5"), '--flows "5": the best mix has no target; write --flows alone'),
        ((*COMMAND, "--blocking", "0.1"), '--blocking "0.1": the best mix has no target; leave it out'),
        (
            (*COMMAND, "--flows", "--rate"),
            "--rate --flows: a mix is the best for one of them; leave the other out",
        ),
        (
            (*COMMAND, "--kinds", "through"),
            'kinds "through": one share alone is not free; name two kinds or more',
        ),
        (
            ("solve", "-", "--for", "traffic.hold", "--kinds", "a"),
            '--kinds "a": only a mix has free kinds; write --for mix, or leave it out',
        ),
        (
            ("solve", "-", "--for", "traffic.hold", "-o", "csv"),
            "-o csv: only a mix has a table; write -o text or -o json",
        ),
        (
            ("solve", "-", "--for", "traffic.hold", "--rate"),
            '--rate "": this is a rate above 0 and up to 1e18; write it as in --rate 700',
        ),
    ],
)
def test_what_the_command_refuses(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError) as error:
        invoke(*arguments, stdin=mixed())
    assert str(error.value) == message


def test_corners_at_which_more_rows_meet_than_there_are_rates() -> None:
    one, half = Fraction(1), Fraction(1, 2)
    rows = [[one, one], [one, one], [one, half], [half, one], [one, 0 * one], [0 * one, one]]
    found = best_vertex([one, one], rows, [one, one, 3 * half / 2, 3 * half / 2, half, half])
    assert found.point == (half, half)
    assert found.is_only
    assert best_vertex([one, one], rows[:1], [one]) == Vertex((one, 0 * one), (0,), is_only=False)
    assert best_vertex([one, one], [rows[4], rows[5]], [0 * one, one]).point == (0 * one, one)


def test_shares_of_0_are_settings_too() -> None:
    """Of the rest alone 6·64,512 pass; no login takes a port twice."""
    text = LOGINS.format(x="1/2", y="1/2", proxy=PROXY)
    best = best_mix(tc.loads(text))
    assert best.settings == ("traffic.kinds.login.share=0", "traffic.kinds.rest.share=1")
    there = tc.with_settings(best.present.chain, *best.settings)
    assert tc.capacity(there).flows == best.total == 6 * P
    said = invoke(*COMMAND, stdin=text).stdout
    assert said.endswith("\n  --set traffic.kinds.login.share=0\n  --set traffic.kinds.rest.share=1\n")


def test_a_kind_of_share_0_may_have_one_in_the_best_mix() -> None:
    """The mixed deployment again, from either of its ends; then the shares that are not free stay 0."""
    for x in ("0", "1"):
        best = best_mix(tc.loads(mixed(x=x, y=f"{1 - int(x)}")))
        assert best.present_shares == {"through": int(x), "redirected": 1 - int(x)}
        assert best.shares == {"through": Fraction(9, 11), "redirected": Fraction(2, 11)}
        assert best.total == 4 * P * 11 / 2
        assert best.closed_form is not None
        assert best.closed_form.total.text == "|P|·M·(E + 1) / 2"
    best = best_mix(tc.loads(three_kinds("0.5", "0.5", "0")), kinds=["a", "b"])
    assert best.shares["c"] == best.present_shares["c"] == best.parts["c"] == 0
    with pytest.raises(InputError) as error:
        best_mix(tc.loads(three_kinds("0", "0", "1")), kinds=["a", "b"])
    assert str(error.value) == "kinds a, b: the others have all of the traffic; name one of these too"


def three_kinds(*shares: str) -> str:
    kinds = ", ".join(
        f'{{name = "{name}", share = {share}}}' for name, share in zip("abc", shares, strict=True)
    )
    return f"traffic.kinds = [{kinds}]\n{ENDS}"


def test_a_rate_of_0_is_none_that_a_file_can_have() -> None:
    text = LOGINS.format(x="1/2", y="1/2", proxy=PROXY).replace('share = "1/2"', "rate = 5")
    best = best_mix(tc.loads(text))
    assert (best.settings, best.without_rate) == ((), ("login",))
    assert (
        "A file has this mix without login, since a rate is above 0.\n" in invoke(*COMMAND, stdin=text).stdout
    )


HELD = """
traffic = {hold = "5m", kinds = [{name = "t", share = "1/2"}, {name = "r", share = "1/2"}]}
clients = {addresses = 131072}
hops = [
  {name = "nat", kind = "cone", addresses = 1},
  {name = "tp", kind = "hourglass", machine = "m", captures = "t", capture = "tproxy", ports = "1024-65535", \
source = "client"},
  {name = "re", kind = "hourglass", machine = "m", capture = "nat", ports = "1024-65535", captures = "r"},
]
services = {addresses = 6, ports = 443}
"""


def test_the_best_mix_is_at_most_where_the_chain_with_it_is() -> None:
    """At half and half REDIRECT alone limits the rate, 307.2/s exactly.  In the best mix, where TPROXY's
    shared ports limit it too, ports that the NAT holds for 420 s are in the table for 360 s.
    """
    best = best_mix(tc.loads(HELD), "rate")
    assert (best.present.rate_at_most, best.result.rate_at_most) == (False, True)
    assert best.result.rate == best.total == Fraction(P * (6 * 300 + 300 + 60 + 6 * 120), 660 * 420)
    text = " ".join(invoke(*COMMAND, "--rate", stdin=HELD).stdout.split())
    assert text.startswith("The best mix has at most 670.3 connections a second, the present one 307.2.")
    assert "“At most”: the truth may be less, because of tp: a port is held elsewhere for longer" in text
    assert "has at most 670.3" in invoke(*COMMAND, "--rate", "-o", "markdown", stdin=HELD).stdout
    record = json.loads(invoke(*COMMAND, "--rate", "-o", "json", stdin=HELD).stdout)
    assert record["at_most"] == {"flows": False, "rate": True}
    open_at_once = invoke(*COMMAND, stdin=HELD).stdout
    assert "t most" not in open_at_once
