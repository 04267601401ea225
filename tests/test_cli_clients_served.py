"""Clients that get no ports, and how many can have some: through the library, and as it is typed."""

import csv
import io
import json
from fractions import Fraction
from pathlib import Path

import pytest

import tuplecalc as tc
from tests.command import invoke
from tuplecalc.network.replace import replace
from tuplecalc.render import compared
from tuplecalc.render.html import fragment
from tuplecalc.render.report.changes import Changed, changed

NAT = """
traffic = {{ {traffic} }}
clients = {{ addresses = {clients} }}
hops = [{{ name = "nat", kind = "cone", {nat} }}]
services = {{ addresses = 1, ports = 443 }}
"""
SUBSCRIBERS = NAT.format(traffic="rate = 20000", clients=12_000, nat="addresses = 56, block = 1024")
GROWING = 'addresses = 79, ports = "1024-65535", block = 128, blocks_per_client = {most}'
SPANNING = 'addresses = 4, ports = "1024-65535", block = 4096, blocks_span = {spans}'
WITHOUT = (
    "Only 3,528 of 12,000 clients get ports at nat: all connections and rates here are theirs. "
    "What the other 8,472 open fails, and is counted in the share that fails."
)
POOL = 'addresses = 1, ports = "1024-65023"'  # 64,000 ports


def typed(text: str, *arguments: str) -> str:
    command, *rest = arguments
    return invoke(command, "-", *rest, stdin=text).stdout


def test_most_subscribers_get_no_block() -> None:
    """63 blocks at each of 56 addresses are 3,528."""
    assert tc.capacity(tc.loads(SUBSCRIBERS)).served == (12_000, 3_528)
    refused = invoke("capacity", "-", "--fail-above", "0.8", stdin=SUBSCRIBERS)
    assert refused.exit_code == 1
    text = " ".join(refused.stdout.split())
    assert text.startswith("Fails: 70.6% of the connections are expected to fail at 20,000/s.")
    assert WITHOUT in text
    assert text.count("8,472") == 1
    assert "send nothing" not in text
    record = json.loads(typed(SUBSCRIBERS, "capacity", "-o", "json"))
    assert record["served"] == {"clients": 12_000, "served": 3_528}
    assert record["offered"]["expected_failing"]["lower"] == pytest.approx(0.706)
    rows = csv.DictReader(io.StringIO(typed(SUBSCRIBERS, "capacity", "-o", "csv")))
    assert {(row["served"], row["unserved"]) for row in rows} == {("3528", "8472")}
    assert "unserved" not in typed(SUBSCRIBERS, "capacity", "-o", "csv", "--set", "clients.addresses=3528")
    page = tc.report(tc.loads(SUBSCRIBERS))
    markdown = typed(SUBSCRIBERS, "capacity", "-o", "markdown")
    notebook = fragment(tc.capacity(tc.loads(SUBSCRIBERS)))
    assert [shown.count(WITHOUT) for shown in (page, markdown, notebook)] == [1, 1, 1]
    assert "of 12,000; the other 8,472 get no ports" in page
    assert "get no ports" not in tc.report(replace(tc.loads(SUBSCRIBERS), "clients.addresses", 3_528))


@pytest.mark.parametrize(
    ("asked", "least"),
    [
        (["--set", "clients.flows_each=300"], 191),  # 190 · 63 = 11,970
        (["--set", "clients.flows_each=1"], 191),
        (["--set", "clients.flows_each=1025"], None),  # more than a block
        (["--set", "clients.flows_each=300", "--set", "hops.nat.block=512"], 96),  # 126 blocks at each
        (["--blocking", "0.01"], 189),  # 11,907 of 12,000: 0.775 % fail
        ([], 191),  # for the rate alone: what clients without ports open fails
    ],
)
def test_the_least_addresses_for_all_subscribers(asked: list[str], least: int | None) -> None:
    result = invoke("solve", "-", "--for", "hops.nat.addresses", "-o", "json", *asked, stdin=SUBSCRIBERS)
    record = json.loads(result.stdout)
    assert (record["value"], result.exit_code) == (least, 0 if least else 1)


def test_a_solution_says_who_is_left_out() -> None:
    said = typed(SUBSCRIBERS, "solve", "--for", "hops.nat.addresses", "--blocking", "0.01")
    assert "at most 1% fail, though only 11,907 of 12,000 clients get ports." in " ".join(said.split())
    record = json.loads(typed(SUBSCRIBERS, "solve", "--for", "clients.flows_each", "-o", "json"))
    assert record["reason"] == (
        "flows_each of clients: no value helps for all clients at once: only 3,528 of 12,000 clients get "
        "ports, and what the others open fails."
    )


@pytest.mark.parametrize(
    ("asked", "block"),
    [
        (["--blocking", "0.001"], 238),
        (["--set", "clients.flows_each=300"], 300),
        (["--set", "clients.flows_each=301"], None),  # 64,512 / 301: 214 blocks at each of 56 addresses
        (["--for", "hops.nat.block=100..400", "--blocking", "0.001"], 238),
        (["--for", "hops.nat.block=301..400"], None),
        (["--flows", "3600000"], 300),
        (["--flows", "3600001"], None),
    ],
)
def test_the_least_block_for_all_subscribers(asked: list[str], block: int | None) -> None:
    """Larger blocks are fewer: with more than floor(64,512 / ceil(12,000 / 56)) = 300 ports some get none."""
    asked = asked if "--for" in asked else ["--for", "hops.nat.block", *asked]
    record = json.loads(invoke("solve", "-", *asked, "-o", "json", stdin=SUBSCRIBERS).stdout)
    assert record["value"] == block
    assert block is None or record["served"] == {"clients": 12_000, "served": 12_000}


def test_used_is_what_clients_with_ports_offer() -> None:
    """A third of the clients offer a third: as much as if there were no others."""
    load = tc.offered(tc.loads(SUBSCRIBERS))
    alone = tc.offered(tc.with_settings(tc.loads(SUBSCRIBERS), "clients.addresses=3528", "traffic.rate=5880"))
    assert (load.of_served, load.utilisation, load.used) == (Fraction(5_880), alone.utilisation, alone.used)
    assert (load.verdict, alone.verdict) == ("fails", "fits")
    result = tc.capacity(tc.with_settings(tc.loads(SUBSCRIBERS), "hops.nat.block=64512"))
    few, nat = tc.offered(result), result.limit("nat", "ports")
    assert few.utilisation == few.uses["clients"]
    assert not few.overloaded
    assert few.uses["nat"] == Fraction(few.of_served or 0) / Fraction(nat.rate or 1)


@pytest.mark.parametrize(
    ("clients", "most", "flows"),
    [
        (27, 8, 27_648),  # 27 · 8 blocks of 128
        (27, 1, 3_456),
        (79 * 504 + 1, 8, 79 * 504 * 128),  # every block of every address
        (79 * 63 + 1, 8, 79 * 504 * 128),  # on one address 64 clients share what 63 would have
        (79 * 62 + 1, 8, (78 * 62 + 63) * 8 * 128),
    ],
)
def test_blocks_grow(clients: int, most: int, flows: int) -> None:
    text = NAT.format(traffic="", clients=clients, nat=GROWING.format(most=most))
    assert tc.capacity(tc.loads(text)).flows == flows
    assert json.loads(typed(text, "capacity", "-o", "json"))["flows"] == flows


@pytest.mark.parametrize(
    ("nat", "each", "most"),
    [
        (POOL, 60, 1_066),  # 1,066 · 60 = 63,960
        (POOL + ', block = "even"', 60, 1_066),
        (POOL + ", block = 60", 60, 1_066),
        (POOL + ", block = 64", 60, 1_000),
        (POOL, 64_001, None),
        (SPANNING.format(spans="true"), 4_096, 63),  # 258,048 / 4,096
        (SPANNING.format(spans="false"), 4_096, 60),
        (SPANNING.format(spans="true"), 1, 63),
    ],
)
def test_the_most_clients(nat: str, each: int, most: int | None) -> None:
    """And the other way round: the most that so many of them can have is at least what was asked."""
    text = NAT.format(traffic="", clients=5, nat=nat)
    asked = ["solve", "-", "--for", "clients.addresses", "--set", f"clients.flows_each={each}"]
    found = invoke(*asked, stdin=text)
    unit = "connection" if each == 1 else "connections"
    if most is None:
        assert found.exit_code == 1
        return
    assert found.stdout.startswith(f"addresses of clients: {most:,} is the most for {each:,} {unit} open of")
    held = json.loads(
        typed(
            text, "solve", "--for", "clients.flows_each", "--set", f"clients.addresses={most}", "-o", "json"
        )
    )
    assert held["value"] >= each
    assert held["target"] == {"flows": None, "rate": None, "blocking": None, "serves": True}
    more = tc.capacity(replace(tc.loads(text), "clients.addresses", most + 1))
    assert not more.served.are_all or more.flows < (most + 1) * each


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (400, "3,528 is the most for 400/s and 300 connections open of each client. With 3,528: 3,612,672 "),
        (
            40_000,
            "no value helps for 40,000/s and 300 connections open of each client: with 3,528 nat ports "
            "and block are equal, and allow 27,790/s. More than that leave clients without ports.",
        ),
    ],
)
def test_the_most_clients_beside_a_rate(rate: int, said: str) -> None:
    """One client has 1,024 ports for 130 s each, 7.877/s: too few, but those that are served have enough."""
    asked = [f"traffic.rate={rate}", "traffic.hold=10s", "clients.flows_each=300"]
    settings = [word for each in asked for word in ("--set", each)]
    found = typed(SUBSCRIBERS, "solve", "--for", "clients.addresses", *settings)
    assert " ".join(found.split()).startswith(f"addresses of clients: {said}")


def test_the_sentence_counts_blocks_that_span_addresses() -> None:
    text = NAT.format(traffic="", clients=100, nat=SPANNING.format(spans="true"))
    assert "Only 63 of 100 clients get ports at nat:" in typed(text, "capacity")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("hops.nat.block=2048", "Clients with ports: 3,528 of 12,000 → 1,736 of 12,000."),
        ("hops.nat.addresses=191", "Clients with ports: 3,528 of 12,000 → 12,000 of 12,000."),
        ("hops.nat.time_wait=30s", "Clients with ports: 3,528 of 12,000, as before."),
    ],
)
def test_a_comparison_says_who_is_served(setting: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "subscribers.toml"
    file.write_text(SUBSCRIBERS)
    assert said in invoke("compare", str(file), "--set", setting).stdout.splitlines()


def test_no_rate_is_low_enough() -> None:
    said = " ".join(typed(SUBSCRIBERS, "capacity", "--blocking", "0.01").split())
    assert "More than 1% of the connections fail at any rate: those of clients without ports." in said
    assert "More than" not in typed(SUBSCRIBERS, "capacity", "--blocking", "0.8")


def test_where_no_client_gets_a_port_all_fails() -> None:
    """One client more than ports that are dealt out evenly: also where a proxy behind meets the cone."""
    tproxy = "{ name = 'p', kind = 'hourglass', capture = 'tproxy', source = 'client' }"
    text = NAT.format(traffic="rate = 100, hold = '1s'", clients=64_513, nat='addresses = 1, block = "even"')
    text = text.replace(" }]", f" }}, {tproxy}]")
    assert typed(text, "capacity").startswith("Fails: 100% of the connections are expected to fail at 100/s.")
    assert "None of the 64,513 clients gets ports: all that they open fails." in typed(text, "capacity")


def test_a_sweep_has_a_column_where_any_client_is_unserved() -> None:
    text = NAT.format(traffic="", clients=100, nat=SPANNING.format(spans="true"))
    vary = "--vary", "hops.nat.addresses=6..7", "--vary", "traffic.hold=1s..2s/2"
    points = json.loads(typed(text, "sweep", *vary, "-o", "json"))["points"]
    assert [(each["served"], each["unserved"]) for each in points] == [(94, 6), (94, 6), (100, 0), (100, 0)]
    header, *rows = typed(text, "sweep", *vary, "-o", "csv").splitlines()
    assert header.endswith(",served,unserved")
    assert [row.rpartition(",")[2] for row in rows] == ["6", "6", "0", "0"]
    assert [row.split()[-2:] for row in typed(text, "sweep", *vary).splitlines()][::4] == [
        ["served", "unserved"],
        ["100", "0"],
    ]
    assert "served" not in typed(text, "sweep", "--vary", "hops.nat.addresses=7..8")
    whole = tc.sweep(tc.loads(text), {"hops.nat.addresses": "6..7", "clients.addresses": [94, 95]})
    assert whole.to_dataframe()["unserved"].tolist() == [0, 1, 0, 0]
    assert whole.to_xarray()["served"].values.tolist() == [[94, 94], [94, 95]]
    parts = [part.to_dataframe()["served"].tolist() for part in whole.parts(2)]  # a part keeps the columns
    assert parts == [[94, 94], [94, 95]]


def test_a_comparison_says_what_those_with_ports_open_of_the_highest_rate() -> None:
    """5,880/s of 24,084/s, and 20,000/s of 81,920/s: as the tables and the gates do."""
    before = tc.cone(clients=12000, addresses=56, block=1024, services=1, rate=20000, hold=30)
    found = tc.compare(before, tc.with_settings(before, "hops.nat.addresses=191"))
    said = "Before, 5,880/s was 24% of the highest rate. Now 20,000/s is 24% of the highest rate."
    assert said in " ".join(compared.text(found).split())
    assert Changed("of the highest rate", "24%", "24%") in changed(found)
