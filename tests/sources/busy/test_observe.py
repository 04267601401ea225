"""What is seen of each limit, whichever it is: numbers that were reported in public, rates, refusals."""

from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.shapes import chain, chains, nat, proxy
from tests.sources.busy.looks import (
    CLIENT,
    HUB,
    MAIL,
    OUT,
    SERVED,
    SOCKETS,
    TRACKED,
    WEB,
    Given,
    busy,
    entry,
    limits,
    look,
    sock,
    usage,
)
from tuplecalc.errors import ChainError, InputError
from tuplecalc.limits import kinds
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import from_dict
from tuplecalc.sources.busy.counting import RULES, WHY_NOT
from tuplecalc.sources.busy.growth import between
from tuplecalc.sources.busy.observe import observe
from tuplecalc.sources.tables.connection import Connection, State, socket


def test_each_kind_of_limit_has_a_rule_or_a_reason() -> None:
    every = {each for each in vars(kinds).values() if isinstance(each, kinds.Kind)}
    assert every == {*RULES, *WHY_NOT}
    assert len(every) == len(RULES) + len(WHY_NOT)


def test_each_limit_of_each_chain_is_counted_or_said_why_not() -> None:
    entries = [sock("198.18.0.1:40001", f"{WEB}:80"), entry("198.18.0.1:40001", f"{WEB}:80")]
    for each in chains().values():
        model = capacity(each)
        seen = look(model, entries, *(hop.name for hop in each.hops), "clients", "services")
        told = limits(seen)
        assert sorted(map(id, told)) == sorted(map(id, model.limits))


HOSTS = st.sampled_from([WEB, MAIL, "198.18.0.1", "198.18.1.1", "198.18.4.4", "2001:db8::1", "*"])
ENDS = st.tuples(HOSTS, st.sampled_from([0, 25, 80, 8080, 20000, 20001, 30000, 40000, 65535, 99999]))
STATES = st.sampled_from([each for each in get_args(State) if each != "listening"])
MODELS = {name: capacity(each) for name, each in chains().items()}
SOCKETS_OF_ANY = st.builds(socket, st.sampled_from(["tcp", "udp"]), STATES | st.just("listening"), ENDS, ENDS)
ENTRIES_OF_ANY = st.builds(
    lambda protocol, state, *ends: Connection("tracking", protocol, state, *sum(ends, ())),
    st.sampled_from(["tcp", "udp", "other"]), STATES, ENDS, ENDS, ENDS, ENDS,
)  # fmt: skip


@given(st.sampled_from(sorted(MODELS)), st.lists(SOCKETS_OF_ANY | ENTRIES_OF_ANY, max_size=20), st.randoms())
def test_the_order_of_entries_does_not_matter(name: str, entries: list[Connection], chance: Random) -> None:
    """But that listeners come first; and no limit counts more than there is."""
    model = MODELS[name]
    hops = "clients", *(hop.name for hop in model.chain.hops), "services"
    entries.sort(key=lambda each: each.state != "listening")
    heard = sum(each.state == "listening" for each in entries)
    rest = entries[heard:]
    seen = look(model, entries, *hops, top=99)
    chance.shuffle(rest)
    again = look(model, entries[:heard] + rest, *hops, top=99)
    assert [busy(each) for each in again.usages] == [busy(each) for each in seen.usages]
    assert (again.totals, again.measured, again.services) == (seen.totals, seen.measured, seen.services)
    for each in seen.usages:
        files = each.limit.kind is kinds.FILES
        assert sum(taken.taken for taken in each.busiest) <= len(rest) * (3 if files else 1)


# Numbers of public reports.


def test_a_hub_with_28_231_ports_to_one_endpoint() -> None:
    """JupyterHub's proxy: one port is left of 28,232, and other endpoints have nearly all of theirs."""
    sockets = [sock(f"198.18.0.1:{32768 + n}", "198.18.5.5:8001") for n in range(28231)]
    sockets += [sock(f"198.18.0.1:{32768 + n}", "198.18.5.6:8001") for n in range(50)]
    found = usage(look(HUB, sockets), "clients", "ports")
    assert (found.size, found.scopes) == (28232, 2)
    assert busy(found) == {
        ("198.18.0.1", "198.18.5.5:8001"): (28231, 0),
        ("198.18.0.1", "198.18.5.6:8001"): (50, 0),
    }
    assert 1 - found.share == pytest.approx(1 / 28232)


@pytest.mark.parametrize(("endpoints", "share"), [(1000, 28 / 28232), (1, 28000 / 28232)])
def test_a_gauge_of_all_time_wait_says_nothing(endpoints: int, share: float) -> None:
    """node_exporter, issue 2121: as many TIME_WAIT, and what they mean is told by source and endpoint."""
    sockets = [
        sock(f"198.18.0.1:{32768 + n // endpoints}", f"198.18.5.5:{1 + n % endpoints}", "lingering")
        for n in range(28000)
    ]
    seen = look(HUB, sockets)
    assert seen.totals[0].lingering == 28000
    assert usage(seen, "clients", "ports").share == share


# What is given.


def test_a_table_that_is_missing_is_said() -> None:
    seen = observe(capacity(from_dict(chain(nat(**OUT)))), [Given([], SOCKETS)])
    assert seen.usages == ()
    assert {each.why for each in seen.uncounted} == {"no tracking table was given (conntrack -L -o extended)"}


def test_a_table_is_given_once() -> None:
    """As by ss and by /proc/net/tcp; sockets and the tracking table have the same connections, apart."""
    connection = sock(f"{CLIENT}:40000", f"{WEB}:80")
    given = [
        Given([connection], name="ss.txt"),
        Given([connection._replace(state="closing")], name="tcp.txt"),
    ]
    said = f"^tcp.txt: the entry of {CLIENT}:40000 to {WEB}:80 stands in ss.txt as well; a table is counted "
    with pytest.raises(InputError, match=said):
        observe(capacity(from_dict(HUB)), given)
    look(HUB, [connection, entry(f"{CLIENT}:40000", f"{WEB}:80")])


def test_a_hop_that_there_is_not() -> None:
    with pytest.raises(InputError, match=r'^no hop is called "nta"; did you mean "nat"\?$'):
        look(chain(nat()), [], "nta")


def test_as_many_as_are_asked_for() -> None:
    found = usage(look(chain(nat(**OUT)), TRACKED, top=1), "nat", "ports")
    assert (list(busy(found)), found.scopes) == ([("198.18.1.1", f"{WEB}:80")], 3)


# Growth; tests of rates are in test_rates.py.


def test_both_legs_are_one_flow() -> None:
    model = chain(proxy(source="client", ports="30000-30099"), services=SERVED)
    entries = [
        entry(f"{CLIENT}:{port + n}", f"{WEB}:80", state=state, left=n)
        for port, state, count in ((40000, "open", 60), (50000, "lingering", 120))
        for n in range(count)
    ]
    (found,) = look(model, entries).services
    assert (found.table, found.services, found.open, found.rate, found.hold) == (
        "tracking",
        "services",
        30,
        0.5,
        60,
    )


def test_two_looks() -> None:
    """20 more in 10 s: of 100 ports 40 are left, for 20 s."""
    model = capacity(from_dict(chain(nat(**OUT))))

    def tracked(open_: int, lingering: int) -> list[Connection]:
        states = ["open"] * open_ + ["lingering"] * lingering
        return [
            entry(f"198.18.0.1:{n + 1}", f"{WEB}:80", to=f"198.18.1.1:{20000 + n}", state=state)
            for n, state in enumerate(states)
        ]

    first, second = look(model, tracked(25, 15)), look(model, tracked(40, 20))
    found = between(first, second, 10)
    ports = usage(found, "nat", "ports")
    assert (ports.busiest[0].growth, ports.runs_dry_in) == (2, 20)
    assert usage(first, "nat", "ports").runs_dry_in is None
    assert usage(between(second, first, 10), "nat", "ports").runs_dry_in is None
    closing = usage(between(look(model, tracked(25, 15)), look(model, tracked(25, 16)), 10), "nat", "ports")
    assert (closing.busiest[0].growth, closing.runs_dry_in) == (0.1, None)  # 12 more, as they go after 120 s
    opening = usage(between(look(model, tracked(25, 15)), look(model, tracked(26, 15)), 10), "nat", "ports")
    assert opening.busiest[0].growth == 0.1
    assert opening.runs_dry_in == pytest.approx(590)
    with pytest.raises(ChainError, match="two looks are some seconds apart"):
        between(first, second, 0)
