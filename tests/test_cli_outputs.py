"""Where commands write files: all of it or nothing."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import tuplecalc as tc
from tests.command import invoke
from tuplecalc.cli.outputs import keep_others, target, write
from tuplecalc.errors import InputError

OLD, NEW = b"what was there before", b"what is there now"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is there already, alone in its folder."""
    path = tmp_path / "report.html"
    path.write_bytes(OLD)
    return path


def names(folder: Path) -> list[str]:
    """What is in a folder, hidden files as well."""
    return [each.name for each in folder.iterdir()]


def refused(path: Path | str, message: str) -> None:
    """It is refused with this message after the path, and leaves nothing behind."""
    with pytest.raises(InputError) as caught:
        write(str(path), NEW)
    assert str(caught.value) == f"{path}: {message}"


def test_a_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(str(tmp_path / "new"), NEW)
    finally:
        os.umask(before)
    assert (tmp_path / "new").read_bytes() == NEW
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["new"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_a_file_is_replaced_and_keeps_its_mode(path: Path, mode: int) -> None:
    path.chmod(mode)
    with path.open("rb") as reader:
        write(str(path), NEW)
        assert reader.read() == OLD  # whoever reads the old one reads all of it
    assert path.read_bytes() == NEW
    assert path.stat().st_mode & 0o777 == mode
    assert names(path.parent) == [path.name]


def test_behind_a_link_the_file_itself_changes(path: Path) -> None:
    link = path.parent / "link"
    link.symlink_to(path.name)
    write(str(link), NEW)
    assert link.is_symlink()
    assert path.read_bytes() == NEW


def test_a_link_to_nothing_makes_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    write(str(tmp_path / "link"), NEW)
    assert (tmp_path / "target").read_bytes() == NEW


@pytest.mark.parametrize("call", ["fsync", "chmod"])
def test_a_full_disk_leaves_the_old_file(path: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full) if call == "fsync" else monkeypatch.setattr(Path, call, full)
    refused(path, "cannot be written: no space left on device; free some space, or choose another path")
    assert path.read_bytes() == OLD
    assert names(path.parent) == [path.name]


def test_a_write_that_really_fails_half_way(path: Path) -> None:
    code = f"from tuplecalc.cli.outputs import write; write({str(path)!r}, b'x' * 100_000)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
        capture_output=True,
        check=False,
    )
    message = f"InputError: {path}: cannot be written: file too large; choose another path\n"
    assert run.stderr.decode().endswith(message)
    assert path.read_bytes() == OLD
    assert names(path.parent) == [path.name]


def test_an_interrupt_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(str(path), NEW)
    assert path.read_bytes() == OLD
    assert names(path.parent) == [path.name]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    rule = "this is a folder; write the name of a file in it"
    refused(tmp_path, rule)
    refused(f"{tmp_path}/new/", rule)
    assert names(tmp_path) == []


def test_other_paths_that_cannot_be(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(path / "below", "cannot be written: not a directory; choose another path")
    refused(path.parent / ("x" * 300), "cannot be written: file name too long; choose another path")
    loop = path.parent / "loop"
    loop.symlink_to(loop)
    refused(loop, "cannot be written: too many levels of symbolic links; choose another path")
    monkeypatch.setattr(os, "access", lambda *_: False)  # the superuser may write whatever there is
    refused(path, "cannot be written: permission denied; choose another path")
    assert path.read_bytes() == OLD
    with pytest.raises(InputError, match=r"^a\\x00b: this is not a path: embedded null byte$"):
        write("a\0b", NEW)
    with pytest.raises(InputError, match=r"^the name of the output file is empty; write one, or - for"):
        write("", NEW)


def test_what_is_no_file_is_written_to_and_not_replaced() -> None:
    write(os.devnull, NEW)
    assert not Path(os.devnull).is_file()
    if Path("/dev/full").exists():
        refused(
            "/dev/full", "cannot be written: no space left on device; free some space, or choose another path"
        )


def test_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    print("before")
    write("-", NEW)
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == b"before\n" + NEW


def test_what_is_read_is_never_written_over(path: Path) -> None:
    other = path.parent / "other"
    (path.parent / "link").symlink_to(path)
    assert target(str(other), "it.html", [str(path), None]) == str(other)
    assert target("-", "it.html", [str(path), "-"]) == "-"
    for same in (path, path.parent / "link", path.parent / ".." / path.parent.name / path.name):
        with pytest.raises(InputError) as caught:
            target(str(same), "it.html", [None, "outage", str(path)])
        rule = "this is the file that is read, and would be lost; choose another path for the output"
        assert str(caught.value) == f"{same}: {rule}"


def test_where_to_write_is_asked_for_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(tc.InputError) as caught:
        target(None, "shape.svg", [])
    assert str(caught.value) == (
        "-o: this says where to write, and is missing; write -o shape.svg, or -o - for standard output"
    )
    path = tmp_path / "none" / "shape.svg"
    with pytest.raises(tc.InputError) as caught:
        target(str(path), "shape.svg", [])
    rule = "cannot be written: no such file or directory; make its folder first, or choose another path"
    assert str(caught.value) == f"{path}: {rule}"


@pytest.mark.parametrize(
    "data", [OLD, b"# report.html", b"<html-ish/>", b"<p>", b"<?xml version='1.0'?><feed>"]
)
@pytest.mark.parametrize("kind", ["html", "svg", "png", "pdf"])
def test_a_file_of_another_kind_is_kept(path: Path, kind: str, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        keep_others(str(path), kind)
    name = {"html": "an HTML page", "svg": "an SVG", "png": "a PNG", "pdf": "a PDF"}[kind]
    rule = f"this file is there already, is not {name}, and would be lost"
    assert str(caught.value) == f"{path}: {rule}; write another name, or remove it first"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("html", b"<!DOCTYPE html>\n<html lang='en'>"),
        ("html", b"\xef\xbb\xbf\n<!-- saved from a browser -->\n<HTML>"),
        ("svg", b"<svg xmlns='http://www.w3.org/2000/svg'>"),
        ("svg", b"<?xml version='1.0'?>\n<!-- made by hand -->\n<svg>"),
        ("png", b"\x89PNG\r\n\x1a\n..."),
        ("pdf", b"%PDF-1.7"),
        ("html", b""),  # as mktemp makes one
    ],
)
def test_a_file_of_its_kind_may_be_replaced(path: Path, kind: str, data: bytes) -> None:
    path.write_bytes(data)
    keep_others(str(path), kind)


def test_what_is_no_file_is_not_asked() -> None:
    for place in ("-", os.devnull, os.curdir, "not there", "a\0b", ""):
        keep_others(place, "html")


@pytest.mark.parametrize("command", ["report cone", "plot shape cone"])
def test_a_command_replaces_its_own_file_only(tmp_path: Path, command: str) -> None:
    path = tmp_path / ("it.html" if command == "report cone" else "it.svg")
    path.write_bytes(OLD)
    with pytest.raises(InputError, match=r"would be lost; write another name, or remove it first$"):
        invoke(*command.split(), "-o", str(path))
    assert path.read_bytes() == OLD
    path.unlink()
    for _ in range(2):
        assert invoke(*command.split(), "-o", str(path)).exit_code == 0
    assert path.read_bytes() != OLD
