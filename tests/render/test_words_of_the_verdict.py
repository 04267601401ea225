"""The sentences around the verdict, each said once, where it belongs."""

import tuplecalc as tc
from tests.command import invoke, terminal
from tuplecalc.limits.served import Served
from tuplecalc.render import verdict
from tuplecalc.render.sentences import picks, totals
from tuplecalc.render.sentences.searches import searches
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


def test_rate_and_used_are_told_apart_where_they_disagree() -> None:
    """The rate of the table is the lowest so far, used is of the hop alone."""
    note = "“rate” is the highest up to this hop; “used” is of the hop’s own limits alone."
    for name, is_told in (("outage", False), ("inverted-cone-tproxy", True)):
        result = tc.capacity(tc.example(name))
        assert (totals.own_use(result, tc.offered(result)) == note) is is_told
    assert " ".join(invoke("capacity", "inverted-cone-tproxy").stdout.split()).count(note) == 1


def test_a_burst_is_told_of_only_where_it_can_happen() -> None:
    """Not where another limit is smaller than all ports of the hop, or a table of the usual size."""
    for settings, is_told in (([], True), (["hops.login-proxy.max_entries=1000"], False)):
        load = tc.offered(tc.example("outage", settings))
        assert ("56.3% of a burst" in picks.blind(load)) is is_told
    assert "burst" not in picks.blind(tc.offered(tc.example("inverted-cone-tproxy")))


def test_why_ports_meet_at_a_redirect() -> None:
    said = picks.blind(tc.offered(tc.example("mixed-by-share")))
    assert "It can happen at redirect too: connections to all services end at its few listeners" in said


def test_an_estimate_stands_at_the_share_that_fails() -> None:
    nat = ["traffic.rate=50000", "hops.nat.port_search=linux"]
    load = tc.offered(tc.example("cone", nat))
    assert load.blocking is not None
    assert load.expected == load.blocking
    assert not load.blocking.is_exact
    assert "estimate" in verdict.verdict(load).partition(" of the connections ")[0]
    assert "estimate" not in verdict.best_case(load)


def test_that_all_find_a_port_at_once_is_not_said() -> None:
    result = tc.capacity(tc.example("cone", ["hops.nat.port_search=linux"]))
    assert "100%" not in " ".join(searches(result, tc.offered(result)))


def test_a_mix_is_named_beside_its_totals() -> None:
    result = tc.capacity(tc.example("office-and-branch"))
    assert "connections of this mix can be open at once" in totals.binds(result)
    assert "mix" not in totals.binds(tc.capacity(tc.example("cone")))


def test_columns_of_a_comparison_keep_their_names() -> None:
    """In little room the flows go first; the rate keeps before, now and change."""
    for width in ("60", "80"):
        said = terminal("compare", "outage", "--set", "hops.lvs.addresses=2", COLUMNS=width).splitlines()
        at = next(number for number, line in enumerate(said) if line.startswith("hop  "))
        assert said[at].split()[-7:] == ["rate", "/s", "rate", "/s", "rate", "/s", "limits"]
        assert said[at + 1].split()[-3:] == ["before", "now", "change"]
