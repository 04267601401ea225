"""The four commands, in a box with a NAT rule and a proxy that is full of real connections."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.kernel import MARKS
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import load
from tuplecalc.network.proxy import Proxy

pytestmark = MARKS

PROGRAM = Path(sys.executable).name[:15]
"""As the kernel calls what runs the proxy: the bundle names the hop so."""
CONNECTIONS = 30
PORTS = 40
RANGE = f"20000-{20000 + PORTS - 1}"
"""The NAT's."""
_BOX = f"""
nft -f - <<'END'
table ip box {{
 chain capture {{
  type nat hook prerouting priority dstnat;
  iifname "in" tcp dport 80 redirect to :3129
 }}
 chain leave {{
  type nat hook postrouting priority srcnat;
  ip saddr 198.18.1.0/24 oifname "out" meta l4proto {{ tcp, udp }} snat to 198.18.2.1:{RANGE}
 }}
}}
END
"""
_LAID = """
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 30000 39999 > /proc/sys/net/ipv4/ip_local_port_range
"""
SERVER = """
import selectors, socket
watch = selectors.DefaultSelector()
for port in (80, 443):
    watch.register(socket.create_server(("198.18.2.9", port), backlog=512), selectors.EVENT_READ)
print("ready", flush=True)
kept = []
while True:
    for key, _ in watch.select():
        kept.append(key.fileobj.accept())
"""
PROXY = """
import socket
listener = socket.create_server(("", 3129), backlog=512)
print("ready", flush=True)
kept = []
while True:
    kept += [listener.accept(), socket.create_connection(("198.18.2.9", 80))]
    print("passed", flush=True)
"""
CLIENT = f"""
import socket, sys, time
kept = [socket.create_connection(("198.18.2.9", port), 5) for port in (80, 443) for _ in range({CONNECTIONS})]
print("open", flush=True)
time.sleep(120)
"""


class Host:
    """A namespace without a name, held by a process."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._holder = self._started(["unshare", "-n", sys.executable, "-c", "print(1, flush=True); input()"])
        self._line(self._holder)

    def run(self, script: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """A script of sh, inside."""
        environment = dict(
            os.environ, PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}", COLUMNS="80"
        )
        return subprocess.run(
            [*self._inside, "sh", "-c", script],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=folder,
            env=environment,
            check=False,
        )

    def start(self, program: str) -> subprocess.Popen[str]:
        """A Python program inside, once it has said its first word."""
        process = self._started([*self._inside, sys.executable, "-c", program])
        self._line(process)
        return process

    @property
    def pid(self) -> int:
        return self._holder.pid

    @property
    def _inside(self) -> list[str]:
        return ["nsenter", "-t", str(self.pid), "-n"]

    def _started(self, command: list[str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def end() -> None:
            process.kill()
            process.communicate()

        self._stack.callback(end)
        return process

    @staticmethod
    def _line(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "it ended"
        return line


@pytest.fixture(scope="module")
def box() -> Iterator[Host]:
    """A router between a client and a server, with all connections open."""
    with contextlib.ExitStack() as stack:
        client, router, server = (Host(stack) for _ in range(3))
        for host, near, far, net in ((client, "in", "eth", 1), (server, "out", "eth", 2)):
            done = router.run(
                f"ip link add {near} type veth peer name {far} netns {host.pid}"
                f" && ip address add 198.18.{net}.1/24 dev {near}"
                f" && ip link set {near} up && ip link set lo up"
            )
            assert done.returncode == 0, done.stderr
            done = host.run(
                f"ip address add 198.18.{net}.9/24 dev eth && ip link set eth up && ip link set lo up"
                f" && ip route add default via 198.18.{net}.1"
            )
            assert done.returncode == 0, done.stderr
        done = router.run(_BOX + _LAID)
        assert done.returncode == 0, done.stderr
        server.start(SERVER)
        router.start(PROXY)
        client.start(CLIENT)
        yield router


def ran(box: Host, command: str, folder: Path) -> str:
    done = box.run(command, folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_four_commands_tell_the_truth(box: Host, tmp_path: Path) -> None:
    assert ran(box, "tuplecalc import --collector | sh > box.tar", tmp_path) == ""
    assert ran(box, "tuplecalc import box.tar -o box.toml", tmp_path) == ""
    by_hop = {hop.name: hop for hop in load(tmp_path / "box.toml").hops}
    nat, proxy = by_hop["nat"], by_hop[PROGRAM]
    assert isinstance(nat, Cone)
    assert isinstance(proxy, Proxy)
    assert (nat.addresses.spec, nat.ports.spec) == ("198.18.2.1", RANGE)
    assert (proxy.capture, proxy.listen_ports.spec, proxy.ports.spec) == ("nat", 3129, "30000-39999")
    assert ran(
        box, "tuplecalc import box.tar 2>/dev/null | tuplecalc capacity - | grep nat", tmp_path
    ) == ran(box, "tuplecalc capacity box.toml | grep nat", tmp_path)
    told = json.loads(ran(box, "tuplecalc capacity box.toml -o json", tmp_path))
    limits = {(hop["name"], each["name"]): each for hop in told["hops"] for each in hop["limits"]}
    assert limits["nat", "ports"]["size"] == PORTS
    said = ran(box, "tuplecalc observe box.toml", tmp_path)
    assert said.startswith(f"Fullest: nat ports 198.18.2.1 → 198.18.2.9:443: {CONNECTIONS} of {PORTS} (75%).")


def test_what_is_open_is_counted_in_each_scope(box: Host, tmp_path: Path) -> None:
    ran(box, "tuplecalc import --collector | sh > box.tar; tuplecalc import box.tar -o box.toml", tmp_path)
    live = json.loads(ran(box, "tuplecalc observe box.toml -o json", tmp_path))
    assert taken(live) == {
        ("nat", "ports"): [CONNECTIONS],
        (PROGRAM, "capture"): [CONNECTIONS],
        (PROGRAM, "upstream"): [CONNECTIONS],
        (PROGRAM, "files"): [2 * CONNECTIONS],
        (PROGRAM, "entries"): [3 * CONNECTIONS],
    }
    of_text = "conntrack -L -o extended > tracking; ss -tan > sockets; tuplecalc observe box.toml -o json"
    of_text = json.loads(ran(box, f"{of_text} --from tracking --from sockets 2>/dev/null", tmp_path))
    assert taken(of_text) == taken(live)
    of_itself = json.loads(ran(box, "tuplecalc observe -o json", tmp_path))
    assert taken(of_itself) == taken(live)
    assert box.run("tuplecalc observe box.toml --fail-above 80%", tmp_path).returncode == 0
    assert box.run("tuplecalc observe box.toml --fail-above 0.7", tmp_path).returncode == 1


def taken(record: dict[str, Any]) -> dict[tuple[str, str], list[int]]:
    return {
        (each["hop"], each["limit"]): [scope["open"] + scope["lingering"] for scope in each["busiest"]]
        for each in record["limits"]
    }
