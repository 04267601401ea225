"""Drafts → a chain file: each line with its place, one that loads, nothing lost without a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import loads
from tuplecalc.sources.draft import Draft, Remark, Said
from tuplecalc.sources.texts import Source, Text
from tuplecalc.sources.told import told
from tuplecalc.sources.written import written


def source(name: str) -> Source:
    return Source(name, {name: Text(name, f"… {name}")})


def nat(**keys: object) -> dict[str, Said]:
    found = {"name": "nat", "kind": "cone", "addresses": "198.18.0.1-198.18.0.4"} | keys
    return {key: said if isinstance(said, Said) else Said(said, "rules:7") for key, said in found.items()}


def test_every_line_says_where_it_comes_from_or_that_it_is_unknown() -> None:
    hop = nat(max_entries=Said(unknown="cat /proc/sys/net/netfilter/nf_conntrack_max"))
    found = written([(source("box.tar"), Draft(hops=(hop,)))])
    assert found.text.splitlines()[4:] == [
        "[traffic]",
        "# hold: unknown: how long a connection stays open; until it stands here, each closes at once",
        "",
        "[clients]",
        "addresses = 65536  # unknown: how many addresses send; chosen so large that the hops are the limit, "
        "not the clients",
        "",
        "[[hops]]",
        'name = "nat"  # rules:7',
        'kind = "cone"  # rules:7',
        'addresses = "198.18.0.1-198.18.0.4"  # rules:7',
        "# max_entries: unknown: cat /proc/sys/net/netfilter/nf_conntrack_max",
        "",
        "[[services]]",
        "addresses = 1  # unknown: how many addresses answer; 1 stands for all connections to one of them",
        "ports = 443  # unknown: on which ports they answer; `tuplecalc observe --fill` finds both",
    ]
    assert found.unknowns == 5
    assert capacity(loads(found.text)).limit("nat", "ports").flows == 4 * 64512


def test_the_chain_has_the_first_clients_all_hops_and_the_last_services() -> None:
    first = Draft(hops=(nat(),), clients={"addresses": Said("10.0.0.0/24", "a:1")})
    services = {"addresses": Said(9, "b:2"), "ports": Said(8080, "b:2")}
    last = Draft(
        hops=(nat(addresses=9),),
        clients={"addresses": Said(3, "b:1")},
        services=(services,),
        passed_over={"log": 2},
    )
    found = written([(source("a"), first), (source("b"), last)])
    chain = loads(found.text)
    assert [hop.name for hop in chain.hops] == ["nat", "nat-2"]
    assert chain.clients[0].addresses.size == 256
    assert chain.services[0].endpoints == 9
    assert [tuple(remark) for remark in found.remarks] == [
        ("b:1", "clients: addresses = 3", "its clients are the source before it, so that this is left out")
    ]
    assert found.passed_over == ("b: passed over, no tuple depends on it: log (2)",)


def test_a_value_that_the_model_refuses_stands_there_as_a_comment_and_is_remarked() -> None:
    found = written([(source("a"), Draft(hops=(nat(ports=Said("9-1", "rules:9")),)))])
    assert '# ports = "9-1"  # rules:9: not taken: ' in found.text
    assert [remark.where for remark in found.remarks] == ["rules:9"]
    assert loads(found.text).hops[0].own_ports is not None


def test_a_comment_is_not_longer_than_can_be_read() -> None:
    """However many places a value has; how to find what is unknown is never cut."""
    where = ", ".join(f"rules.json:[{n}]" for n in range(1000))
    found = written([(source("a"), Draft(hops=(nat(ports=Said(99, where, "b" * 300)),)))])
    (line,) = [line for line in found.text.splitlines() if line.startswith("ports = 99")]
    assert line == (
        "ports = 99  # "
        + ", ".join(f"rules.json:[{n}]" for n in range(12))
        + f" … and 988 more, unknown: {'b' * 300}"
    )


def test_remarks_for_the_same_reason_are_one_line() -> None:
    few = [Remark(f"a:{n}", f"bind {n}", "no number") for n in range(3)]
    many = [Remark(f"b:{n}", f"cluster {n}", "its endpoints are not here") for n in range(60)]
    assert [*told([*few[:1], *many, *few, Remark("c", "x" * 300, "not understood: why")])] == [
        "a:0: no number: bind 0",
        "a:1: no number: bind 1",
        "a:2: no number: bind 2",
        "its endpoints are not here: 60 of them: b:0: cluster 0; b:1: cluster 1 and 58 more",
        f"c: not understood: why: {'x' * 199}…",
    ]


def test_what_is_needed_and_wrong_is_an_error() -> None:
    with pytest.raises(InputError, match=r"^no chain can be made of a: hops\[0\]\.addresses: "):
        written([(source("a"), Draft(hops=(nat(addresses=Said("nonsense", "rules:9")),)))])


def test_two_sources_with_kinds_are_not_put_together() -> None:
    kinds = ({"name": Said("x", "a:1"), "share": Said(1, "a:1")},)
    with pytest.raises(InputError, match=r"^a, b: each has flows that go several ways"):
        written([(source("a"), Draft(kinds=kinds)), (source("b"), Draft(kinds=kinds))])


@given(st.text(), st.text(), st.text())
def test_whatever_a_comment_or_a_name_holds_the_file_loads(where: str, name: str, unknown: str) -> None:
    hop = nat(name=Said(f"n{name}", where), max_entries=Said(7, where, unknown))
    chain = loads(written([(source("a"), Draft(hops=(hop,)))]).text)
    assert chain.hops[0].name.startswith("n")
    assert chain.hops[0].max_entries == 7
