"""The sentences around the verdict, each said once, where it belongs."""

import tuplecalc as tc
from tuplecalc.limits.served import Served
from tuplecalc.render import verdict
from tuplecalc.under_load.offered import Wanted

WANTED = """
traffic.flows = 100
clients = {addresses = 9}
hops = [{name = "nat", kind = "cone", addresses = 1}]
services = {addresses = 1, ports = 80}
"""


def test_but_sets_clients_without_ports_against_what_is_well() -> None:
    few = Served(9, 3)
    assert verdict.wanted(Wanted(50, 100, few, False)).endswith(
        "50% of those that can be open, but only 3 of 9 clients get ports"
    )
    assert verdict.wanted(Wanted(155, 100, few, False)).endswith(
        "155% of those that can be open, and only 3 of 9 clients get ports"
    )


def test_what_is_wanted_at_once_is_counted_from_empty() -> None:
    """The verdict says so once, also where there are two wishes; a rate alone needs no such word."""
    empty = "counted from empty: those that linger after the close are not among them."
    for more in ("", "clients.flows_each=5"):
        load = tc.offered(tc.loads(WANTED, settings=[more] if more else []))
        assert " ".join(verdict.lines(load)).count(empty) == 1
    assert "from empty" not in verdict.verdict(tc.offered(tc.example("cone")))
