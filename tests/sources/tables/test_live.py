"""Where this machine's tables cannot be read, a sentence says why and what to do instead."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tuplecalc.errors import InputError
from tuplecalc.sources.tables import live
from tuplecalc.sources.tables.live import Live

INSTEAD = "give the text of ss -tan and conntrack -L -o extended with --from"
ENTRY = "ipv4     2 udp      17 29 src=198.18.0.1 dst=198.18.0.2 sport=9 dport=53 [UNREPLIED] src=198.18.0.2 "


def test_another_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(InputError, match=f"^only Linux tells its tables, and this is darwin; {INSTEAD}$"):
        live.live()


def test_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("os.geteuid", lambda: 1000, raising=False)
    rule = "only root may read the tracking table; run it as in sudo tuplecalc observe"
    with pytest.raises(InputError, match=f"^{rule}, or {INSTEAD}$"):
        live.live()


def test_a_kernel_that_does_not_track(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("os.geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(live, "_TRACKS", tmp_path / "none")
    assert [each.table for each in live.live()] == ["sockets"]


def test_what_netlink_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    library = pytest.importorskip("pyroute2")

    def refused() -> Iterator[None]:
        raise library.NetlinkError(1, "Operation not permitted")
        yield

    monkeypatch.setattr(live, "_sockets", refused)
    said = f"^the sockets of this machine: Operation not permitted; {INSTEAD}$"
    with pytest.raises(InputError, match=said):
        list(Live("sockets"))


@pytest.mark.parametrize("rest", ["dst=198.18.0.1 sport=53 dpo", "\nan entry of another kind"])
def test_a_line_of_the_kernel_that_is_not_understood(
    rest: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = tmp_path / "table"
    table.write_text(f"{ENTRY}dst=198.18.0.1 sport=53 dport=9 use=2\n{ENTRY}{rest}\n", encoding="ascii")
    monkeypatch.setattr(live, "_TABLE", table)
    with pytest.raises(
        InputError,
        match=rf"table:[23]: .*: (not understood: no entry .*|an entry that is not whole); {INSTEAD}$",
    ):
        list(Live("tracking"))


def test_an_empty_table_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "table").touch()
    monkeypatch.setattr(live, "_TABLE", tmp_path / "table")
    assert (list(Live("tracking")), Live("tracking").tables) == ([], ("tracking",))
