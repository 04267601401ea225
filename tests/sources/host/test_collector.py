"""The collector: what it takes along, from which commands, and that nothing of it stays."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.sources.host.drafts import values
from tests.sources.host.gateway import ADDR, MASQUERADE, saved
from tuplecalc.sources.host import bundle
from tuplecalc.sources.texts import Source, Text

SCRIPT = Path(bundle.__file__).parent / "collector.sh"
_TOOLS = (
    "nft",
    "iptables-save",
    "ip6tables-save",
    "iptables-legacy-save",
    "ip6tables-legacy-save",
    "ipvsadm",
    "ip",
    "ss",
)


@pytest.fixture
def stand_ins(tmp_path: Path) -> dict[str, str]:
    """An environment in which a log and a text stand in for each tool: this machine's rules are not read."""
    tools = tmp_path / "tools"
    (tmp_path / "tmp").mkdir()
    tools.mkdir()
    for name in _TOOLS:
        tool = tools / name
        tool.write_text(
            f"""#!/bin/sh
echo "{name} $*" >> {tmp_path}/asked
cat {tmp_path}/{name}.fails 2>/dev/null && exit 1
cat {tmp_path}/{name}
"""
        )
        tool.chmod(0o755)
    return {"PATH": f"{tools}:{os.environ['PATH']}", "TMPDIR": str(tmp_path / "tmp"), "HERE": str(tmp_path)}


def run(script: bytes, environment: dict[str, str], *names: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["sh", "-s", *names], input=script, env=environment, capture_output=True, check=False, timeout=60
    )


def test_what_it_takes_along(stand_ins: dict[str, str]) -> None:
    here = Path(stand_ins["HERE"])
    (here / "iptables-save").write_text(saved(nat=MASQUERADE))
    (here / "ip").write_text(ADDR)
    (here / "nft").write_text("")
    (here / "ip6tables-save.fails").write_text("# Table `nat' is incompatible, use 'nft' tool.\n")
    with subprocess.Popen(["sleep", "60"]) as process:
        done = run(SCRIPT.read_bytes(), stand_ins, "sleep")
        process.terminate()
    assert done.returncode == 0
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        texts = {each.name[2:]: tar.extractfile(each) for each in tar if each.isfile()}
    read = {name: Text(name, file.read().decode()) for name, file in texts.items() if file}
    limits = {name for name in read if name.startswith("limits-")}
    assert read[f"limits-{process.pid}.txt"].text.startswith(f"# sleep {process.pid}\n")
    assert read.keys() - limits == {
        *(
            "iptables-save.txt",
            "ip6tables-save.txt",
            "addr.json",
            "rule.json",
            "rule6.json",
            "route.json",
            "route6.json",
        ),
        *("kernel.txt", "memory.txt", "sysctl.txt", "not-collected.txt"),
    }
    assert {line.split(" = ")[0].split(".")[0] for line in read["sysctl.txt"].text.splitlines()} <= {
        "net",
        "fs",
    }
    assert "ss -tlnp: cat: " in read["not-collected.txt"].text
    assert "ip6tables-save: " in read["not-collected.txt"].text
    assert b"not collected: ss -tlnp: cat: " in done.stderr
    asked = (here / "asked").read_text().splitlines()
    assert {line for line in asked if "legacy" not in line and "ipvsadm" not in line} == {
        *("nft -j list ruleset", "iptables-save ", "ip6tables-save ", "ss -tlnp", "ip -j addr", "ip -j rule"),
        *("ip -j -6 rule", "ip -j -4 route show table all", "ip -j -6 route show table all"),
    }
    assert list((here / "tmp").iterdir()) == [], "the temporary folder is gone"
    (cone,) = bundle.READER.read(Source("box.tar", read)).hops
    assert values(cone)["addresses"] == "203.0.113.5"  # there is no route
    assert cone["preset"].where == "kernel.txt:1"


def test_it_says_that_it_is_not_root(stand_ins: dict[str, str]) -> None:
    user = Path(stand_ins["HERE"]) / "tools" / "id"
    user.write_text("#!/bin/sh\necho 1000\n")
    user.chmod(0o755)
    done = run(SCRIPT.read_bytes(), stand_ins)
    assert done.stderr.startswith(b"not root: rules and limits will be missing\n")


def test_half_a_script_does_nothing(stand_ins: dict[str, str]) -> None:
    script = SCRIPT.read_bytes()
    for part in (script[: len(script) // 2], script[:-12]):
        assert run(part, stand_ins).stdout == b""
    assert not (Path(stand_ins["HERE"]) / "asked").exists()
    subprocess.run(["sh", "-n", SCRIPT], check=True)


def test_a_terminal_gets_no_tar(stand_ins: dict[str, str]) -> None:
    ours, theirs = os.openpty()
    done = subprocess.run(
        ["sh", SCRIPT], env=stand_ins, stdout=theirs, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert done.stderr == b"this prints a tar: send it to a file, as in: sh collector.sh > box.tar\n"
