"""``tuplecalc report``: where it reads, where it writes, what it refuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tuplecalc as tc
from tests.command import DIRECT, PLAIN, invoke, refused, run
from tests.test_imports import after
from tuplecalc.network.file import example_text
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
    expected = tc.report(tc.example("outage"), source=example_text("outage"))
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
    assert "Flows open at once: 1,000 → 3,000 (3×)." in result.stdout
    assert "5/s was 50% of the highest rate, and is 17% now." in result.stdout


@pytest.mark.usefixtures("undrawn")
def test_it_replaces_an_older_report_and_never_what_it_reads(file: Path) -> None:
    output = file.parent / "report.html"
    output.write_text("old", encoding="utf-8")
    assert invoke("report", str(file), "-o", str(output)).stderr == f"wrote {output}\n"
    assert output.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
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
        (["outage", "-o", "report.pdf"], '-o "report.pdf": a report is an .html file; end its name so'),
        (["outge", "-o", "-"], 'no example is called "outge"; did you mean "outage"?'),
        (["", "-o", "-"], "the name of the file is empty; leave it out for the bundled example"),
        ([".", "-o", "-"], ".: cannot be read: is a directory"),
        (["none.toml", "-o", "-"], "none.toml: cannot be read: no such file or directory"),
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
            'no example is called "outge"; did you mean "outage"?',
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
    message = refused(run("report", "outage", "-o", "report.pdf"))
    assert message == '-o "report.pdf": a report is an .html file; end its name so'
    assert not after("report", "--help") & {"sympy", "numpy", "matplotlib", "jinja2"}
