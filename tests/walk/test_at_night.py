"""An engineer at night: the proxy behind the NAT drops connections; what is it, and what helps now?"""

import pytest

from tests.walk.chains import EDGE, EDGE_CARRIES
from tests.walk.newcomer import Newcomer

HAPROXY = """
global
    maxconn 20000
defaults
    mode http
    timeout connect 5s
frontend web
    bind 10.1.0.1:443
    default_backend app
backend app
    server a 10.2.0.1:8080
    server b 10.2.0.2:8080
"""
SOCKETS = "tcp ESTAB 0 0 198.18.0.1:40000 203.0.113.9:443\n"
TRACKED = (
    "ipv4 2 tcp 6 431999 ESTABLISHED src=10.0.0.7 dst=203.0.113.9 sport=40000 dport=443 "
    "src=203.0.113.9 dst=198.18.0.1 sport=443 dport=40000 [ASSURED] use=1\n"
)


def test_the_first_command_answers_without_a_file(me: Newcomer) -> None:
    me.gets("tuplecalc capacity", "the bundled example outage", "Fails: ", "What would help most", "--set ")


def test_the_name_of_a_file_without_its_ending(me: Newcomer) -> None:
    me.writes("edge2.toml", EDGE)
    me.guesses(
        "tuplecalc capacity edge2",
        led_to="edge2.toml",
        then="tuplecalc capacity edge2.toml",
        answer=EDGE_CARRIES,
    )


def test_the_start_of_a_command(me: Newcomer) -> None:
    me.writes("edge.toml", EDGE)
    then = "tuplecalc capacity edge.toml"
    me.guesses("tuplecalc cap edge.toml", led_to="capacity", then=then, answer=EDGE_CARRIES)
    me.guesses("tuplecalc edge.toml", led_to="tuplecalc capacity edge.toml", then=then, answer=EDGE_CARRIES)


@pytest.mark.parametrize(
    ("rate", "written"),
    [('"670rps"', "670"), ('"670/s"', "670"), ('"10,000"', "10000"), ('"10k"', "10000")],
)
def test_a_rate_as_a_dashboard_shows_it(me: Newcomer, rate: str, written: str) -> None:
    me.guesses_in_a_file(
        EDGE.replace("670", "…"), rate, led_to="write it as in", then=written, answer=EDGE_CARRIES
    )
    me.writes("edge.toml", EDGE)
    typed = rate.strip('"')
    me.guesses(
        f"tuplecalc capacity edge.toml --rate {typed}",
        led_to="write it as in --rate",
        then=f"tuplecalc capacity edge.toml --rate {written}",
        answer=f"{int(written):,}/s",
    )


def test_a_time_as_people_write_it(me: Newcomer) -> None:
    text = EDGE.replace('"20s"', "…")
    for guess in ('"20 sec"', '"20 seconds"', '"20 s"', "20"):
        me.guesses_in_a_file(text, guess, led_to='"60s"', then='"20s"', answer=EDGE_CARRIES)


def test_the_proxy_s_own_configuration(me: Newcomer) -> None:
    me.writes("haproxy.cfg", HAPROXY)
    me.guesses(
        "tuplecalc capacity haproxy.cfg",
        led_to="tuplecalc import haproxy.cfg",
        then="tuplecalc import haproxy.cfg",
        answer='kind = "hourglass"',
    )
    me.gets("tuplecalc import haproxy.cfg -o box.toml")
    me.gets("tuplecalc capacity box.toml --rate 100", "haproxy")


def test_what_is_taken_now(me: Newcomer) -> None:
    me.writes("edge.toml", EDGE.replace("addresses = 2\n", 'addresses = "198.18.0.1-198.18.0.2"\n'))
    me.writes("ss.txt", SOCKETS)
    me.writes("tracked.txt", TRACKED)
    me.gets("tuplecalc observe edge.toml --from ss.txt", "conntrack -L -o extended")
    me.gets("tuplecalc observe edge.toml --from tracked.txt", "64,512", "198.18.0.1")


def test_when_it_runs_dry_as_a_picture(me: Newcomer) -> None:
    me.guesses(
        "tuplecalc plot exhaustion outage",
        led_to="write -o exhaustion.",
        then="tuplecalc plot exhaustion outage -o exhaustion.png",
        answer="wrote exhaustion.png",
    )


def test_a_remedy_is_pasted_and_ends_it(me: Newcomer) -> None:
    me.writes("edge.toml", EDGE.replace("670", "1000"))
    me.gets("tuplecalc capacity edge.toml", "Fails: ", "--set hops.nat.addresses=3")
    me.gets("tuplecalc capacity edge.toml --set hops.nat.addresses=3", "Fits: ")


def test_a_remedy_s_path_without_its_table(me: Newcomer) -> None:
    me.writes("edge.toml", EDGE)
    me.guesses(
        "tuplecalc capacity edge.toml --set nat.addresses=4",
        led_to="did you mean hops.nat.addresses?",
        then="tuplecalc capacity edge.toml --set hops.nat.addresses=4",
        answer="258,048",
    )


def test_words_of_the_output_are_explained(me: Newcomer) -> None:
    me.gets("tuplecalc explain TIME_WAIT", "keeps its port for a while")
    me.gets("tuplecalc explain hop", "One machine of the chain")
    me.gets("tuplecalc explain cone", "NAT (also: cone)")


def test_options_as_other_tools_have_them(me: Newcomer) -> None:
    me.guesses("tuplecalc -V", led_to="--version", then="tuplecalc --version", answer="0.2")
    me.guesses("tuplecalc help", led_to="--help", then="tuplecalc --help", answer="capacity")
    me.guesses(
        "tuplecalc capacity outage --json",
        led_to="write -o json",
        then="tuplecalc capacity outage -o json",
        answer='"flows": 193536',
    )
