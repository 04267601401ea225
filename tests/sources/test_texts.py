"""Sources are opened: files, folders, tars and standard input, and what is none of these."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from tuplecalc.errors import InputError
from tuplecalc.sources import texts
from tuplecalc.sources.texts import opened


def tar(files: dict[str, bytes], mode: str = "w") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


FILES = {"./uname": b"6.18\n", "rules/nft.json": b"{}", "core": b"\x7fELF\0\0", "nothing": b" \n"}


def test_a_file_a_folder_a_tar_and_standard_input_are_the_same_texts(tmp_path: Path) -> None:
    folder = tmp_path / "box"
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    packed = tmp_path / "box.tgz"
    packed.write_bytes(tar(FILES, "w:gz"))
    sources = [opened(str(folder)), opened(str(packed)), opened("-", io.BytesIO(tar(FILES)))]
    for source in sources:
        assert {name: text.text for name, text in source.texts.items()} == {
            "uname": "6.18\n",
            "rules/nft.json": "{}",
        }
        assert [remark.said for remark in source.remarks] == ["(binary)"]
    assert [source.texts["uname"].at(1) for source in sources] == [
        f"{folder}/uname:1",
        f"{packed}/uname:1",
        "standard input/uname:1",
    ]
    single = opened(str(folder / "uname"))
    assert single.only is not None
    assert single.only.at(3) == f"{folder}/uname:3"


def test_links_of_a_tar_are_the_files_that_they_lead_to_in_it(tmp_path: Path) -> None:
    """As in a folder; never a file outside it, and never without end."""
    links = {
        "etc/on/one": "../have/one",
        "etc/on/two": "/etc/nginx/etc/have/one",  # packed below /etc/nginx
        "etc/all": "have",
        "etc/chain": "on/one",
        "etc/loop": "loop",
        "etc/out": "../../../../../../../etc/hostname",
        "etc/away": "/usr/share/none",
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, link in links.items():
            member = tarfile.TarInfo(f"./{name}")
            member.type, member.linkname = tarfile.SYMTYPE, link
            archive.addfile(member)
        archive.add(_file(tmp_path, "server {}"), "./etc/have/one")
        hard = tarfile.TarInfo("./etc/hard")
        hard.type, hard.linkname = tarfile.LNKTYPE, "./etc/have/one"
        archive.addfile(hard)
    packed.seek(0)
    source = opened("-", packed)
    there = {"etc/have/one", "etc/on/one", "etc/on/two", "etc/all/one", "etc/chain", "etc/hard"}
    assert {name: text.text for name, text in source.texts.items()} == dict.fromkeys(there, "server {}")
    assert [each.name for each in source.distinct] == ["standard input/etc/all/one"]
    assert {each.where for each in source.remarks} == {
        f"standard input/etc/{name}" for name in ("loop", "out", "away")
    }
    folder = tmp_path / "box"
    folder.mkdir()
    (folder / "gone").symlink_to("nowhere")
    (folder / "rules").write_text("x")
    assert [(each.where, each.said) for each in opened(str(folder)).remarks] == [(f"{folder}/gone", "(link)")]


def _file(folder: Path, text: str) -> Path:
    path = folder / "one"
    path.write_text(text)
    return path


def test_old_comments_and_other_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "haproxy.cfg"
    path.write_bytes("# Käse\r\nglobal\r\n".encode("latin-1"))
    only = opened(str(path)).only
    assert only is not None
    assert only.text == "# Käse\nglobal\n"
    for data in (
        b"\xef\xbb\xbf*nat\n# K\xe4se",
        "\ufeff*nat\n# Käse".encode(),
    ):
        path.write_bytes(data)
        only = opened(str(path)).only
        assert only is not None
        assert only.text == "*nat\n# Käse", "no byte order mark stays before the first word"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty; `tuplecalc import --help` says what can be read"),
        (b"\x7fELF\0", "nothing in it is text; `tuplecalc import --help` says what can be read"),
        (tar({"a": b"b" * 4000})[:2000], "cannot be read: unexpected end of data"),
        (tar({}), "empty; `tuplecalc import --help` says what can be read"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, said: str) -> None:
    with pytest.raises(InputError) as error:
        opened("-", io.BytesIO(data))
    assert str(error.value) == f"standard input: {said}"


def test_no_file_and_too_much_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"none: cannot be read: no such file or directory"):
        opened(str(tmp_path / "none"))
    with pytest.raises(InputError, match=r"^standard input: closed; there is nothing to read"):
        opened("-")
    monkeypatch.setattr(texts, "MOST_FILES", 2)
    with pytest.raises(InputError, match=r"^standard input: more than 256 MB in 2 files"):
        opened("-", io.BytesIO(tar(FILES)))
