"""A planner of carrier-grade NAT: subscribers, port blocks, addresses that cost money."""

from tests.walk.newcomer import Newcomer

CGN = """
[traffic]
rate = 2000
hold = "30s"

[clients]
addresses = 12000
flows_each = 300

[[hops]]
name = "cgn"
kind = "cone"
addresses = 56
…

[services]
addresses = 1000
ports = 443
"""
"""Each address has 63 blocks of 1,024 ports: 56 serve 3,528 clients, and 191 all 12,000."""

BLOCKS = CGN.replace("…", "block = 1024")


def test_subscribers_without_ports_are_said_first(me: Newcomer) -> None:
    me.writes("cgn.toml", BLOCKS)
    me.gets("tuplecalc capacity cgn.toml", "Fails: ", "3,528")
    assert me.types("tuplecalc capacity cgn.toml --fail-above 80%").status == 1


def test_how_many_addresses_serve_all(me: Newcomer) -> None:
    me.writes("cgn.toml", BLOCKS)
    me.gets("tuplecalc solve cgn.toml --for hops.cgn.addresses", "191 is the least")


def test_how_many_subscribers_an_address_serves(me: Newcomer) -> None:
    me.writes("cgn.toml", BLOCKS.replace("addresses = 56", "addresses = 1"))
    me.gets("tuplecalc solve cgn.toml --for clients.addresses", "63 is the most")


def test_the_size_of_a_block_by_another_name(me: Newcomer) -> None:
    for guess in ("port_block_size = 1024", "blocksize = 1024", "block_size = 1024"):
        me.guesses_in_a_file(CGN, guess, led_to="block", then="block = 1024", answer="3,528")


def test_presets_by_a_word(me: Newcomer) -> None:
    me.guesses("tuplecalc presets cgn", led_to="rfc-cgn", then="tuplecalc presets rfc-cgn", answer="rfc-cgn")
    me.guesses(
        "tuplecalc presets Juniper",
        led_to="juniper-pba",
        then="tuplecalc presets juniper-pba",
        answer="juniper",
    )


def test_addresses_as_a_block(me: Newcomer) -> None:
    me.writes("cgn.toml", BLOCKS.replace("addresses = 56", 'addresses = "203.0.113.0/26"'))
    me.gets("tuplecalc capacity cgn.toml", "4,032")


def test_subscribers_as_a_count_with_commas(me: Newcomer) -> None:
    text = BLOCKS.replace("12000", "…")
    me.guesses_in_a_file(text, '"12,000"', led_to="count", then="12000", answer="3,528")
