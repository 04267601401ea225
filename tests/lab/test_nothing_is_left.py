"""The lab keeps to its namespaces, and takes them away however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lab.kernel import MARKS
from tests.lab.shapes import chain, nat, proxy
from tuplecalc.errors import InputError
from tuplecalc.lab.machine import MODULE
from tuplecalc.lab.plan import plan
from tuplecalc.lab.processes import Lab
from tuplecalc.lab.verification import verify
from tuplecalc.network.file import from_dict

pytestmark = MARKS

_KNOBS = (
    "ipv4/ip_forward",
    "ipv4/ip_local_port_range",
    "ipv4/tcp_syn_retries",
    "ipv4/tcp_tw_reuse_delay",
    "ipv4/conf/all/rp_filter",
    "core/somaxconn",
    "netfilter/nf_conntrack_max",
    "netfilter/nf_conntrack_tcp_timeout_close",
)


def _tool(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _host() -> dict[str, str]:
    """The host's rules, routes, links and settings."""
    knobs = {knob: Path("/proc/sys/net", knob) for knob in _KNOBS}
    found = {knob: path.read_text("ascii") for knob, path in knobs.items() if path.exists()}
    found["links"] = _tool("ip", "-o", "link").replace("\\", "\n")
    for words in ("ip route show table all", "ip rule", "ip -o address", "nft list ruleset", "ip netns list"):
        found[words] = _tool(*words.split())
    return found


def _processes(pid: int) -> list[int]:
    """The processes of the labs of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if MODULE in words and any(word.startswith(f"tclab-{pid}-") for word in words):
            found.append(int(entry.name))
    return found


def _wait(pid: int, *, some: bool, seconds: float = 30) -> list[int]:
    until = time.monotonic() + seconds
    while bool(found := _processes(pid)) is not some and time.monotonic() < until:
        time.sleep(0.05)
    return found


def test_the_host_is_as_it_was() -> None:
    before = _host()
    verify(from_dict(chain(nat(), proxy(capture="nat", ports="21000-21099"), services=1)))
    assert _host() == before
    assert _wait(os.getpid(), some=False, seconds=5) == []


def test_each_namespace_is_another() -> None:
    topology = from_dict(chain(nat(), services=1))
    with Lab(plan(topology)) as lab:
        spaces = {Path(f"/proc/{peer.pid}/ns/net").readlink() for peer in lab.peers}
    assert len(spaces) == 3
    assert Path("/proc/self/ns/net").readlink() not in spaces


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_verification_that_is_killed(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tuplecalc", "verify", "cone"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet) as process:
        assert len(_wait(process.pid, some=True)) >= 1
        time.sleep(0.5)
        process.send_signal(number)
        process.wait(30)
        assert _wait(process.pid, some=False) == []


def test_a_lab_that_fails_half_way() -> None:
    found = plan(from_dict(chain(nat(), services=1)))
    found.nodes[1].nft = "no rules"
    with pytest.raises(InputError, match=r"^the namespace of nat: nft: "), Lab(found):
        pass
    assert _wait(os.getpid(), some=False, seconds=5) == []


def test_a_child_that_dies() -> None:
    with Lab(plan(from_dict(chain(nat(), services=1)))) as lab:
        os.kill(lab.peers[1].pid, signal.SIGKILL)
        with pytest.raises(InputError, match=r"^the namespace of nat: its process has ended; run it again$"):
            lab.peers[1].ask("report")


def test_an_agent_does_nothing_on_the_host() -> None:
    """Asked for anything else before it has left the host's namespace, it refuses."""
    lab = Lab(plan(from_dict(chain(services=1))))
    try:
        lab._start(leave=False)
        with pytest.raises(InputError, match="has not left the host's network namespace"):
            lab.peers[0].ask("ip", lines=["link show"])
    finally:
        lab.close()
