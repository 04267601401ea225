"""Where no lab can be built, a sentence says why; what an earlier one left is named."""

import os
from pathlib import Path

import pytest

from tuplecalc.errors import InputError
from tuplecalc.lab import machine


def _fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("os.geteuid", lambda: 0, raising=False)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/sbin/{name}")


def test_another_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(
        InputError, match=r"^verify builds the chain out of Linux's own parts, and this is darwin; "
    ):
        machine.check()


def test_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    _fit(monkeypatch)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    reason = "^verify makes network namespaces, which only root may; run it as in sudo tuplecalc verify$"
    with pytest.raises(InputError, match=reason):
        machine.check()


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ({"nft"}, "verify needs `nft`, and finds none; on Debian: apt-get install nftables"),
        ({"ip"}, "verify needs `ip`, and finds none; on Debian: apt-get install iproute2"),
        (
            {"ip", "nft"},
            "verify needs `ip` and `nft`, and finds none; on Debian: apt-get install iproute2 nftables",
        ),
    ],
    ids=["nft", "ip", "both"],
)
def test_no_tools(monkeypatch: pytest.MonkeyPatch, missing: set[str], sentence: str) -> None:
    _fit(monkeypatch)
    monkeypatch.setattr("shutil.which", lambda name: None if name in missing else name)
    assert machine.unfit() == sentence


def _process(proc: Path, pid: int, *words: str) -> None:
    (proc / str(pid)).mkdir()
    (proc / str(pid) / "cmdline").write_bytes("\0".join(words).encode() + b"\0")


def test_a_stale_lab_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _process(tmp_path, 1, "init")
    _process(tmp_path, 70, "python", "-m", machine.MODULE, "tclab-69-1", "69", "5")  # its maker is gone
    _process(tmp_path, 71, "python", "-m", machine.MODULE, "tclab-69-1", "69", "5")
    _process(tmp_path, 80, "tuplecalc")
    _process(tmp_path, 81, "python", "-m", machine.MODULE, "tclab-80-1", "80", "5")  # at work
    _process(tmp_path, 90, "grep", machine.MODULE)
    (tmp_path / "99").mkdir()  # ended meanwhile
    found = machine.stale(tmp_path)
    assert {name: sorted(ids) for name, ids in found.items()} == {"tclab-69-1": [70, 71]}
    monkeypatch.setattr(machine, "stale", lambda: {"tclab-69-1": [70, 71]})
    with pytest.raises(InputError) as caught:
        machine.refuse_stale()
    assert str(caught.value) == (
        "tclab-69-1 (processes 70 71): a lab of an earlier run is still there, and its maker is not; "
        "end it with kill -9 70 71, its namespaces go with it"
    )


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc")
def test_this_process_is_no_lab() -> None:
    assert os.getpid() not in [pid for ids in machine.stale().values() for pid in ids]
