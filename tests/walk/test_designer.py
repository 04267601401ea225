"""A network designer: a review next week; how many of what does it take, and a page to show."""

import pytest

from tests.walk.chains import EDGE, EDGE_CARRIES
from tests.walk.newcomer import Newcomer


@pytest.mark.parametrize("kind", ["nat", "snat", "NAT", "pat"])
def test_a_nat_by_its_own_name(me: Newcomer, kind: str) -> None:
    text = EDGE.replace('"cone"', "…")
    me.guesses_in_a_file(text, f'"{kind}"', led_to='"cone"', then='"cone"', answer=EDGE_CARRIES)


@pytest.mark.parametrize("kind", ["proxy", "firewall", "router", "load-balancer"])
def test_what_is_no_nat_by_its_own_name(me: Newcomer, kind: str) -> None:
    text = EDGE.replace('kind = "cone"\naddresses = 2', "…")
    then = 'kind = "hourglass"\nlayer = 3'
    me.guesses_in_a_file(text, f'kind = "{kind}"', led_to='"hourglass"', then=then, answer="670/s")


def test_redirect_is_what_linux_calls_it(me: Newcomer) -> None:
    text = EDGE.replace('kind = "cone"\naddresses = 2', 'kind = "hourglass"\ncapture = …')
    me.guesses_in_a_file(text, '"redirect"', led_to='"nat"', then='"nat"', answer="670/s")


def test_how_many_addresses_it_takes(me: Newcomer) -> None:
    me.writes("edge.toml", EDGE)
    right = "tuplecalc solve edge.toml --for hops.nat.addresses --rate 50000"
    wanted = "109 is the least for 50,000/s"
    me.guesses(
        "tuplecalc solve edge.toml --rate 50000", led_to="--for hops.nat.addresses", then=right, answer=wanted
    )
    me.guesses(
        right.replace("hops.nat.", ""), led_to="did you mean hops.nat.addresses?", then=right, answer=wanted
    )
    me.guesses(
        right.replace("hops.nat.", "nat."),
        led_to="did you mean hops.nat.addresses?",
        then=right,
        answer=wanted,
    )


def test_a_curve_of_one_value(me: Newcomer) -> None:
    me.writes("edge.toml", EDGE)
    right = "tuplecalc sweep edge.toml --vary hops.nat.addresses=1..8"
    me.guesses(
        "tuplecalc sweep edge.toml", led_to="--vary hops.nat.addresses=1..64", then=right, answer="516,096"
    )


def test_two_designs_side_by_side(me: Newcomer) -> None:
    me.writes("now.toml", EDGE)
    me.writes("then.toml", EDGE.replace("addresses = 2\n", "addresses = 4\n"))
    me.guesses(
        "tuplecalc compare now.toml",
        led_to="name a second file",
        then="tuplecalc compare now.toml then.toml",
        answer="129,024 → 258,048",
    )


def test_a_page_for_the_review(me: Newcomer) -> None:
    me.writes("edge.toml", EDGE)
    me.guesses(
        "tuplecalc report edge.toml",
        led_to="write -o report.html",
        then="tuplecalc report edge.toml -o report.html",
        answer="wrote report.html",
    )
    assert EDGE_CARRIES in me.reads("report.html")
    me.gets("tuplecalc capacity edge.toml -o markdown", "## edge.toml", "nat** | **ports")


def test_a_picture_without_its_kind(me: Newcomer) -> None:
    me.writes("edge.toml", EDGE)
    me.guesses(
        "tuplecalc plot edge.toml -o edge.png",
        led_to="shape",
        then="tuplecalc plot shape edge.toml -o edge.png",
        answer="wrote edge.png",
    )
