"""How much of a kind there can be beside the others, where clients get no ports and so take nothing."""

from fractions import Fraction

import tuplecalc as tc
from tuplecalc.render import kinds

CGN = """
traffic = {rate = 15_000, hold = 60, kinds = [{name = "web", share = 0.3}, {name = "rest", share = 0.7}]}
clients = {addresses = 20_000}
services = {addresses = 1, ports = 80}
hops = [
  {name = "cgn", kind = "cone", addresses = 80, block = 504},
  {name = "px", kind = "hourglass", capture = "tproxy", source = "own", addresses = 200, captures = "web"},
]
"""
ONE_GOES_ROUND = """
traffic = {rate = 400, hold = 60, kinds = [{name = "web", share = 0.5}, {name = "own", share = 0.5}]}
clients = {addresses = 400}
services = {addresses = 1, ports = 80}
hops = [
  {name = "c", kind = "cone", ports = "1-30000", block = 300, traffic = "web", addresses = 1, time_wait = 60},
  {name = "fw", kind = "hourglass", layer = 3, max_entries = 60_000, tracking_time_wait = 60},
]
"""


def test_the_others_are_those_of_clients_with_ports() -> None:
    """80 addresses of 128 blocks serve 10,240 of 20,000 clients, so of 10,500/s of the rest come 5,376/s."""
    result = tc.capacity(tc.loads(CGN))
    served = Fraction(80 * (64_512 // 504), 20_000)
    room = Fraction(10_240 * 504, 180)  # 60 s open and 120 s in the tracking table
    assert [kind.headroom for kind in result.kinds] == [room - 10_500 * served, room - 4_500 * served]
    assert result.kinds[0].headroom == Fraction(28_672 - 5_376)


def test_kinds_that_get_ports_in_different_parts() -> None:
    """The CGN serves 100 of 400 clients, and only web crosses it: 50/s of 200/s, and all 200/s of its own.

    The firewall has 60,000 entries for 120 s each, 500 connections a second; the CGN 30,000 ports, 250.
    """
    result = tc.capacity(tc.loads(ONE_GOES_ROUND))
    assert result.served == (400, 100)
    assert [kind.headroom for kind in result.kinds] == [250, 450]


def test_the_region_is_that_of_clients_with_ports() -> None:
    found = tc.region(tc.loads(CGN))
    assert found.offered == (4_500 * Fraction(64, 125), 10_500 * Fraction(64, 125))
    assert found.is_possible
    assert found.at_mix == (28_672 * Fraction(3, 10), 28_672 * Fraction(7, 10))


def test_words_say_whose_rates_these_are() -> None:
    assert "only clients with ports count" in kinds.up_to(tc.capacity(tc.loads(CGN)))
    assert "with ports" not in kinds.up_to(tc.capacity(tc.example("office-and-branch")))
