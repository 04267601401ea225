"""Chains filled with real connections: the machines' tables, live and as tools print them, have these."""

import pickle
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from tests.lab.kernel import MARKS
from tests.lab.shapes import FEW, chain, nat, proxy
from tests.limits.chains import Topology
from tests.sources.busy.looks import Given, usage
from tuplecalc.lab.plan import plan
from tuplecalc.lab.processes import Lab, Peer
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import from_dict
from tuplecalc.sources.busy.growth import between
from tuplecalc.sources.busy.observe import observe
from tuplecalc.sources.tables.connection import Connection, TableName
from tuplecalc.sources.tables.recognise import Stream

pytestmark = MARKS

LIVE = """
import pathlib, pickle, sys
from tuplecalc.sources.tables import live
found = {each.table: [tuple(entry) for entry in each] for each in live.live()}
live._TABLE = pathlib.Path("/none")  # then netlink tells the tracking table
found["netlink"] = [tuple(entry) for entry in live.Live("tracking")]
sys.stdout.buffer.write(pickle.dumps(found))
"""
TOOLS: dict[TableName, tuple[str, ...]] = {
    "sockets": (
        "ss -tuan",
        "ss -Htuanoe",
        "cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6",
    ),
    "tracking": ("conntrack -L -o extended", "conntrack -L -o id", "cat /proc/net/nf_conntrack"),
}
CHAINS: dict[str, Topology] = {
    "SNAT": chain(nat()),
    "SNAT of UDP": {"traffic": {"protocol": "udp"}, **chain(nat(ports="20000-20039"))},
    "TPROXY": chain(proxy(source="client", ports="21000-21049", max_files=400), addresses=2),
    "REDIRECT": chain(proxy(capture="nat", rewrite_ports="20000-20029", listen_ports=65535), addresses=2),
    "SNAT, then REDIRECT with its address": chain(
        nat(), proxy(capture="nat", source="client", ports="21000-21079", rewrite_ports="25000-25099")
    ),
    "own addresses": chain(proxy(addresses=2, ports="20000-20049"), services=3),
    "own addresses, bound": chain(proxy(addresses=2, ports="20000-20049", allocation="bind"), services=3),
    "a balancer that listens": chain(proxy(capture="listen", ports="20000-20029"), services=3),
    "clients": chain(**FEW),
    "few files": chain(proxy(source="client", max_files=120), addresses=2),
}


def inside(peer: Peer, *command: str) -> bytes:
    done = subprocess.run(["nsenter", "-t", str(peer.pid), "-n", *command], capture_output=True, check=True)
    return done.stdout


def fill(lab: Lab, flows: int) -> int:
    """Open as many as are admitted; how many work when all are open."""
    clients = lab.peers[0]
    admit = {"wanted": flows, "more": 0, "waves": 3, "search": True, "rivals": False}
    clients.send("admit", strands=lab.plan.strands, window=64, patience=10.0, seconds=60, admit=admit)
    return sum(clients.answer(120)["working"])


def shown(entries: Sequence[Connection]) -> Counter[Connection]:
    """But what was refused, which goes at once."""
    return Counter(each._replace(remaining=None) for each in entries if each.state != "reset")


def live(peer: Peer) -> dict[Any, list[Connection]]:
    """The tables of a namespace, the tracking table once more by netlink."""
    found = pickle.loads(inside(peer, sys.executable, "-c", LIVE))
    return {table: [Connection(*each) for each in entries] for table, entries in found.items()}


def test_ports_that_run_dry() -> None:
    """20 more flows to two services in four seconds: 25 of 100 ports are taken, and 75 last 30 s."""
    model = capacity(from_dict(CHAINS["SNAT"]))
    looks = []
    with Lab(plan(model.chain)) as lab:
        clients, router, _ = lab.peers
        clients.ask("series", strands=lab.plan.strands, window=1, patience=2.0, seconds=60)
        for more in (30, 20):
            assert clients.ask("open", flows=more)["errors"] == {}
            looks.append(observe(model, [Given(live(router)["tracking"])], ["nat"]))
    first, second = looks
    ports = usage(between(first, second, 4), "nat", "ports")
    assert [(each.taken, each.growth, each.runs_dry_in(100)) for each in ports.busiest] == [(25, 2.5, 30)] * 2


@pytest.mark.parametrize("name", CHAINS)
def test_tables_have_what_was_opened(name: str) -> None:
    """The limit that binds is at 1 in each of its scopes, the others below, and all readers agree."""
    model = capacity(from_dict(CHAINS[name]))
    binding = model.binding
    with Lab(plan(model.chain)) as lab:
        assert fill(lab, model.flows) == model.flows
        for peer in lab.peers[:-1]:
            hop = peer.node.name
            tables = live(peer)
            assert shown(tables.pop("netlink")) == shown(tables["tracking"])
            for table, commands in TOOLS.items():
                for command in commands if tables[table] else ():
                    text = inside(peer, "sh", "-c", command).splitlines(keepends=True)
                    assert shown(list(Stream(command, text))) == shown(tables[table]), (hop, command)
            seen = observe(
                model, [Given(entries, (table,)) for table, entries in tables.items()], [hop], 1000
            )
            assert not seen.uncounted
            assert max(each.share for each in seen.usages) <= 1
            if hop == binding.hop:
                full = usage(seen, hop, binding.name)
                assert {each.taken for each in full.busiest} == {full.size}
                assert full.scopes == binding.scopes.value
            if hop == "clients":
                assert seen.totals[0].open == model.flows
