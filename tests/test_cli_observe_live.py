"""``tuplecalc observe`` on a machine with a NAT: live by its own rules, and from its tools' text."""

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.command import PLAIN
from tests.lab.kernel import MARKS

TOOLS = [tool for tool in ("nft", "conntrack", "ss", "ip", "unshare") if shutil.which(tool) is None]
pytestmark = [*MARKS, pytest.mark.skipif(bool(TOOLS), reason=f"not installed: {', '.join(TOOLS)}")]

MACHINE = """
import json, socket, subprocess, sys

def sh(line):
    return subprocess.run(line, shell=True, check=True, capture_output=True, text=True).stdout

def observe(*arguments):
    command = [sys.executable, "-m", "tuplecalc", "observe", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout, done.stderr, done.returncode

sh("ip link set lo up; ip address add 198.18.8.1/32 dev lo; ip address add 198.18.9.9/32 dev lo")
sh("nft add table ip t; nft 'add chain ip t post { type nat hook postrouting priority 100; }'")
sh("nft add rule ip t post ip daddr 198.18.9.9 tcp dport 443 snat to 198.18.8.1:2000-2049")
listener = socket.create_server(("198.18.9.9", 443), backlog=99)
ends = []
for number in range(45):
    ends += [socket.create_connection(("198.18.9.9", 443)), listener.accept()[0]]
for end in ends[:20]:  # ten of them, the clients first
    end.close()
for number in range(10):
    ends += [socket.create_connection(("198.18.9.9", 443)), listener.accept()[0]]
sh("ss -tan > ss.txt; conntrack -L -o extended > ct.txt")
print(json.dumps([
    observe("-o", "json", "--fill", "own.toml"),
    observe("own.toml", "--from", "ss.txt", "--from", "ct.txt", "-o", "json"),
    observe("own.toml", "--fail-above", "0.8"),
    observe("own.toml", "--set", "hops.nat.max_entries=", "--every", "0.2s", "-o", "prometheus"),
]))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What four commands say on one machine, each with its errors and its status."""
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", MACHINE],
        cwd=tmp_path_factory.mktemp("machine"),
        capture_output=True,
        text=True,
        check=False,
        env=PLAIN,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said: list[Any] = json.loads(done.stdout)
    return said


def test_its_own_rules_say_what_is_left(found: list[Any]) -> None:
    """The NAT has 50 ports for one endpoint; of 55 connections ten have closed, and give way."""
    said, errors, status = found[0]
    assert (status, errors.splitlines()[-1]) == (0, "wrote own.toml")
    assert errors.startswith("rate and hold: at least ")
    ports, entries = json.loads(said)["limits"]
    assert (entries["limit"], entries["busiest"][0]["open"]) == ("entries", 45)
    assert (ports["hop"], ports["table"], ports["size"], ports["scopes_in_use"]) == ("nat", "tracking", 50, 1)
    assert 5 <= ports["giving_way"] <= 10
    assert ports["busiest"] == [
        {
            "open": 45,
            "lingering": 0,
            "growth": None,
            "scope": {"address": "198.18.8.1", "endpoint": "198.18.9.9:443"},
            "dry_after": None,
        }
    ]


def test_the_text_of_its_tools_says_the_same(found: list[Any]) -> None:
    live, text = (json.loads(said) for said, *_ in found[:2])
    assert text["limits"] == live["limits"]
    assert text["tables"] == live["tables"]
    assert text["not_understood"] == 0


def test_it_closes_a_gate(found: list[Any]) -> None:
    said, errors, status = found[2]
    assert said.startswith("Fullest: nat ports 198.18.8.1 → 198.18.9.9:443: 45 of 50 (90%).\n")
    assert (errors, status) == ("", 1)


def test_it_is_looked_at_twice(found: list[Any]) -> None:
    said, errors, status = found[3]
    assert 'tuplecalc_tuples_used_ratio{hop="nat",limit="ports",table="tracking"} 0.9\n' in said
    assert "\ntuplecalc_table_entries_limit" in said  # the kernel's own
    assert (errors, status) == ("", 0)
