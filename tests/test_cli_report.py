"""``tuplecalc report``: where it reads, where it writes, what it refuses."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tuplecalc as tc
from tests.browser import needs_browser
from tests.command import DIRECT, PLAIN, invoke, refused, run
from tests.render.reports import Page
from tests.test_imports import after
from tuplecalc.network.file import example_text
from tuplecalc.render import pdf
from tuplecalc.render import report as module


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report without figures, which take longer than all else."""
    monkeypatch.setattr(module, "drawn", lambda _: ())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "direct.toml"
    path.write_text(DIRECT.format(rate=5) + "# a remark", encoding="utf-8")
    return path


def test_a_whole_report_in_a_process_of_its_own(tmp_path: Path) -> None:
    process = run("report", "outage", "-o", "report.html", cwd=tmp_path)
    assert (process.returncode, process.stdout, process.stderr) == (0, b"", b"wrote report.html\n")
    command = "tuplecalc capacity outage"
    expected = tc.report(tc.example("outage"), source=example_text("outage"), command=command)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == expected


def test_without_an_output_the_option_is_named() -> None:
    rule = "this says where to write, and is missing; write -o report.html, or -o - for standard output"
    assert refused(run("report", "outage")) == f"-o: {rule}"


@pytest.mark.usefixtures("undrawn")
def test_standard_output(file: Path) -> None:
    result = invoke("report", str(file), "-o", "-")
    assert result.stdout.startswith("<!DOCTYPE html>")
    assert "direct.toml</h1>" in result.stdout
    assert "# a remark" in result.stdout
    assert result.stderr == ""


@pytest.mark.usefixtures("undrawn")
def test_standard_input(file: Path) -> None:
    result = invoke("report", "-", "-o", "-", stdin=file.read_text(encoding="utf-8"))
    assert "standard input</h1>" in result.stdout
    assert "# a remark" in result.stdout


@pytest.mark.usefixtures("undrawn")
def test_without_a_file_the_outage_is_taken_and_said_so() -> None:
    result = invoke("report", "-o", "-")
    assert result.stderr == "No file given: this is the bundled example outage.\n"
    assert "The login outage" in result.stdout
    assert "ran out of ports" in result.stdout


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd on this system")
@pytest.mark.usefixtures("undrawn")
def test_a_pipe_is_read_once(file: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, file.read_bytes())
    os.close(writer)
    result = invoke("report", f"/dev/fd/{reader}", "-o", "-")
    os.close(reader)
    assert "# a remark" in result.stdout


@pytest.mark.usefixtures("undrawn")
def test_settings_and_a_rate_are_made_and_said(file: Path) -> None:
    result = invoke("report", str(file), "--set", "clients.addresses=3", "--rate", "12", "-o", "-")
    assert "--set clients.addresses=3" in result.stdout
    assert "--set traffic.rate=12" in result.stdout
    assert " of the connections are expected to fail at 12/s." in result.stdout


@pytest.mark.usefixtures("undrawn")
def test_compared_with_an_older_topology(file: Path) -> None:
    result = invoke("report", str(file), "--set", "clients.addresses=3", "--compare", str(file), "-o", "-")
    read = Page(result.stdout)
    assert ["figure", "direct.toml", "direct.toml with --set", "change"] in read.cells
    assert read.rows("connections open at once") == [["connections open at once", "1,000", "3,000", "3×"]]
    assert read.rows("of the highest rate") == [["of the highest rate", "50%", "17%", ""]]
    older = file.with_name("older.toml")
    older.write_bytes(file.read_bytes())
    read = Page(invoke("report", str(file), "--compare", str(older), "-o", "-").stdout)
    assert ["figure", "older.toml", "direct.toml", "change"] in read.cells
    read = Page(invoke("report", "-", "--compare", "cone", "-o", "-", stdin=file.read_text()).stdout)
    assert ["figure", "cone", "standard input", "change"] in read.cells


@pytest.mark.usefixtures("undrawn")
def test_it_replaces_an_older_report_and_never_what_it_reads(file: Path) -> None:
    output = file.parent / "report.html"
    output.write_text("<!DOCTYPE html>\nold", encoding="utf-8")
    assert invoke("report", str(file), "-o", str(output)).stderr == f"wrote {output}\n"
    assert output.read_text(encoding="utf-8").startswith("<!DOCTYPE html>\n<html")
    page = file.rename(file.with_suffix(".html"))
    rule = "this is the file that is read, and would be lost; choose another path for the output"
    for arguments in ([str(page)], ["outage", "--compare", str(page)]):
        with pytest.raises(tc.InputError) as caught:
            invoke("report", *arguments, "-o", str(page))
        assert str(caught.value) == f"{page}: {rule}"
    assert page.read_text(encoding="utf-8").endswith("# a remark")


def test_a_file_name_that_is_no_unicode(tmp_path: Path) -> None:
    name = b"caf\xe9.toml"
    try:
        (tmp_path / os.fsdecode(name)).write_text(DIRECT.format(rate=1), encoding="utf-8")
    except OSError:
        pytest.skip("file names are Unicode here")
    code = (
        "import sys; from tuplecalc.render import report; report.drawn = lambda _: ()\n"
        "from tuplecalc.cli import main; sys.argv[0] = 'tuplecalc'; main()"
    )
    command = [sys.executable, "-c", code, "report", os.fsdecode(name), "-o", "report.html"]
    subprocess.run(command, cwd=tmp_path, env=PLAIN, check=True)
    assert "caf?.toml</h1>" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["outage", "-o", "report.txt"],
            '-o "report.txt": a report is an .html or a .pdf file; end its name so',
        ),
        (["outge", "-o", "-"], "outge: there is no such file; did you mean outage?"),
        (["", "-o", "-"], "the name of the file is empty; leave it out for the bundled example"),
        ([".", "-o", "-"], ".: this is a folder; write one of its files: pyproject.toml"),
        (["none.toml", "-o", "-"], "none.toml: there is no such file; did you mean cone?"),
        (
            ["-", "--compare", "-", "-o", "-"],
            "--compare -: standard input is the first chain file already; name a file",
        ),
        (
            ["outage", "--rate", "none", "-o", "-"],
            '--rate "none": this is a rate above 0 and up to 1e18; write it as in --rate 700',
        ),
        (
            ["pyproject.toml", "--rate", "0", "-o", "-"],
            '--rate "0": this is a rate above 0 and up to 1e18; write it as in --rate 700',
        ),
        (
            ["outage", "--compare", "outge", "-o", "-"],
            "outge: there is no such file; did you mean outage?",
        ),
    ],
)
def test_what_is_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(tc.TuplecalcError) as caught:
        invoke("report", *arguments)
    assert str(caught.value) == message


@pytest.mark.usefixtures("undrawn")
def test_a_folder_that_is_missing(file: Path) -> None:
    output = file.parent / "no" / "report.html"
    with pytest.raises(tc.InputError) as caught:
        invoke("report", str(file), "-o", str(output))
    rule = "cannot be written: no such file or directory; make its folder first, or choose another path"
    assert str(caught.value) == f"{output}: {rule}"


def test_a_refusal_is_status_2_and_loads_nothing_heavy() -> None:
    message = refused(run("report", "outage", "-o", "report.txt"))
    assert message == '-o "report.txt": a report is an .html or a .pdf file; end its name so'
    assert not after("report", "--help") & {"sympy", "numpy", "matplotlib", "jinja2"}


# PDF.


@needs_browser
def test_a_pdf_is_printed(file: Path) -> None:
    output = file.with_suffix(".PDF")
    output.write_bytes(b"%PDF-old")
    result = invoke("report", str(file), "-o", str(output))
    assert result.stderr == f"wrote {output}\n"
    data = output.read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 20
    assert b"/MediaBox [0 0 594.95" in data  # A4
    assert b"/ToUnicode" in data  # its text is text
    assert list(file.parent.iterdir()) == [file, output] or list(file.parent.iterdir()) == [output, file]


def test_without_a_browser_a_pdf_is_refused_before_the_work(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(module, "drawn", lambda _: pytest.fail("nothing is drawn for nothing"))
    with pytest.raises(tc.InputError) as caught:
        invoke("report", str(file), "-o", str(file.with_suffix(".pdf")))
    assert str(caught.value) == (
        "a PDF is printed by Chromium, Chrome or Edge, and none is here; "
        "install Chromium, or write an .html file and print it from any browser"
    )


@pytest.mark.skipif(os.name != "posix", reason="the stand-ins for a browser are shell scripts")
@pytest.mark.parametrize(
    ("script", "made"),
    [
        ("exit 3", "none (exit status 3)"),
        ("sleep 60", "none within 0.2 s"),
        (
            'for each; do case $each in --print-to-pdf=*) echo x > "${each#*=}";; esac; done',
            "none (exit status 0)",
        ),
    ],
)
@pytest.mark.usefixtures("undrawn")
def test_a_browser_that_prints_nothing(
    script: str, made: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = file.with_name("chromium")
    browser.write_text(f"#!/bin/sh\n{script.replace('sleep', 'exec sleep')}\n", encoding="utf-8")
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", f"{file.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(pdf, "SECONDS", 0.2 if "sleep" in script else 20)
    output = file.with_suffix(".pdf")
    output.write_bytes(b"%PDF-old")
    with pytest.raises(tc.InputError) as caught:
        invoke("report", str(file), "-o", str(output))
    way_out = "install Chromium, or write an .html file and print it from any browser"
    assert str(caught.value) == f"{browser} was to print the PDF and made {made}; {way_out}"
    assert output.read_bytes() == b"%PDF-old"


def test_a_browser_that_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(tc.InputError, match="made none: no such file or directory; install"):
        pdf.printed("<head></head>", str(tmp_path / "chromium"))


def test_only_the_superuser_has_no_sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[list[str]] = []

    def start(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        asked.append(command)
        Path(
            next(each for each in command if each.startswith("--print-to-pdf=")).partition("=")[2]
        ).write_bytes(b"%PDF-")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", start)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for user in (0, 1000):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user, raising=False)
        assert pdf.printed("<head></head>", "chromium") == b"%PDF-"
    assert ["--no-sandbox" in command for command in asked] == [True, False]
    (tmp_path / "snap/chromium/common").mkdir(parents=True)
    pdf.printed("<head></head>", "chromium")
    assert asked[-1][-1].startswith((tmp_path / "snap/chromium/common").as_uri())
