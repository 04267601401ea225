"""Commands, options and files as somebody writes them who has not read the help: word for word."""

import json
from pathlib import Path

import pytest

import tuplecalc as tc
from tests.command import PLAIN, invoke, refused, run
from tuplecalc.network.file import example_text
from tuplecalc.network.schema import json_schema

THERE_ARE = "capacity, import, explain, solve, sweep, compare, plot, report, verify, observe, rules, presets"


OTHERS = {
    "haproxy.cfg": (
        "defaults\n mode http\nfrontend f\n bind :80\n default_backend b\nbackend b\n server s 10.0.0.1:80\n"
    ),
    "nginx.conf": "stream {\n server { listen 80; proxy_pass 10.0.0.1:80; }\n}\n",
    "plan.json": '{"format_version": "1.2", "terraform_version": "1.9", "planned_values": {}}',
    "odd.txt": "an odd text\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one chain file, and one below it."""
    monkeypatch.chdir(tmp_path)
    Path("sub").mkdir()
    for name in ("edge2.toml", "sub/a.toml"):
        Path(name).write_text(example_text("cone"), encoding="utf-8")
    for name, text in OTHERS.items():
        Path(name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("cap", 'no command is called "cap"; did you mean tuplecalc capacity?'),
        ("capacty", 'no command is called "capacty"; did you mean tuplecalc capacity?'),
        ("Capacity", 'no command is called "Capacity"; did you mean tuplecalc capacity?'),
        ("calc", 'no command is called "calc"; did you mean tuplecalc capacity?'),
        ("diff", 'no command is called "diff"; did you mean tuplecalc compare?'),
        ("help", 'no command is called "help"; did you mean tuplecalc --help?'),
        ("version", 'no command is called "version"; did you mean tuplecalc --version?'),
        ("xyzzy", f'no command is called "xyzzy"; there are {THERE_ARE}, examples, schema'),
        ("edge2.toml", '"edge2.toml" is a file, no command; write tuplecalc capacity edge2.toml'),
        ("edge2", '"edge2" is a file, no command; write tuplecalc capacity edge2'),
        ("outage", '"outage" is a bundled example, no command; write tuplecalc capacity outage'),
        ("edge.tml", "edge.tml: there is no such file; did you mean edge2.toml?"),
        # options
        ("capacity --ouput json", "tuplecalc capacity has no option --ouput; did you mean --output?"),
        ("capacity --json", "tuplecalc capacity has no option --json; write -o json"),
        ("capacity --format json", "tuplecalc capacity has no option --format; write -o"),
        ("capacity -r 7", "tuplecalc capacity has no option -r; write --rate"),
        (
            "capacity --file edge2.toml",
            "tuplecalc capacity has no option --file; the file stands alone, as in "
            "tuplecalc capacity file.toml",
        ),
        ("explain -V", "tuplecalc explain has no option -V; write tuplecalc --version"),
        ("explain -q", "tuplecalc explain has no option -q; `tuplecalc explain --help` shows what there is"),
        ("capacity -o jsn", '-o: "jsn" is not one of "table", "json", "csv", "markdown"; did you mean json?'),
        ("explain -o html", '-o: "html" is not one of "text", "latex", "markdown", "json"'),
        (
            "capacity --rate",
            'tuplecalc: option "--rate" requires an argument; `tuplecalc --help` shows what there is',
        ),
        ("compare", "tuplecalc compare: A is missing: A chain file, as for the other commands."),
        # files
        ("capacity edge.tml", "edge.tml: there is no such file; did you mean edge2.toml?"),
        ("capacity edge", "edge: there is no such file; did you mean edge2.toml?"),
        ("capacity outge", "outge: there is no such file; did you mean outage?"),
        ("capacity sub", "sub: this is a folder; write one of its files: sub/a.toml"),
        ("capacity sub/z.toml", "sub/z.toml: there is no such file; chain files here are sub/a.toml"),
        (
            "capacity haproxy.cfg",
            "haproxy.cfg: this is no chain file, but looks like one of haproxy.cfg; "
            "`tuplecalc import haproxy.cfg -o chain.toml` makes a chain file of it",
        ),
        (
            "report nginx.conf -o -",
            "nginx.conf: this is no chain file, but looks like one of nginx; "
            "`tuplecalc import nginx.conf -o chain.toml` makes a chain file of it",
        ),
        (
            "capacity plan.json",
            "plan.json: this is no chain file, but looks like one of Terraform; "
            "`tuplecalc import plan.json -o chain.toml` makes a chain file of it",
        ),
        (
            "capacity odd.txt",
            "odd.txt: not TOML: expected '=' after a key in a key/value pair (at line 1, column 4)",
        ),
    ],
)
def test_what_is_said(line: str, message: str, folder: Path) -> None:
    assert folder == Path.cwd()
    with pytest.raises(tc.TuplecalcError) as caught:
        invoke(*line.split())
    assert str(caught.value) == message


def test_it_is_said_on_one_line_and_with_status_two() -> None:
    assert refused(run("capacity", "--ouput", "json")) == (
        "tuplecalc capacity has no option --ouput; did you mean --output?"
    )


@pytest.mark.parametrize("command", ["capacity {} -o csv", "explain {} -o json", "report {} --no-panel -o -"])
def test_a_file_is_found_without_its_ending(command: str, folder: Path) -> None:
    whole, short = (invoke(*command.format(name).split()) for name in ("edge2.toml", "edge2"))
    assert short.stdout == whole.stdout
    assert folder.joinpath("edge2.toml").exists()
    if "report" not in command:
        assert short.stderr == "edge2: this is edge2.toml.\n"


@pytest.mark.parametrize(("written", "plain"), [("10k", "10000"), ("670rps", "670"), ("60k/min", "1000")])
def test_a_rate_has_its_unit_on_the_command_line(written: str, plain: str) -> None:
    said = [invoke("capacity", "cone", "--rate", each, "-o", "json").stdout for each in (written, plain)]
    assert said[0] == said[1]


def test_flows_are_counted_in_thousands() -> None:
    said = [
        invoke("solve", "cone", "--for", "hops.nat.addresses", "--flows", each).stdout
        for each in ("2,000k", "2M", "2000000")
    ]
    assert said[0] == said[1] == said[2]


def test_help_has_no_names_of_types() -> None:
    for line in ("--help", "capacity --help", "explain --help", "sweep --help", "import --help"):
        said = invoke(*line.split()).stdout
        assert "<" not in said.replace("<-", "")


def test_the_module_is_the_command() -> None:
    assert run("--version").stdout == f"tuplecalc {tc.__version__}\n".encode()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ca", ["capacity"]),
        ("capacity ed", ["edge2.toml"]),
        ("capacity out", ["outage"]),
        ("explain su", ["sub/"]),
        ("explain sub/", ["sub/a.toml"]),
        ("capacity --out", ["--output"]),
        ("capacity -o j", ["json"]),
        ("examples inv", ["inverted-cone-nat", "inverted-cone-tproxy"]),
        ("presets squid", ["squid", "squid-tproxy"]),
    ],
)
def test_a_shell_completes(line: str, words: list[str], folder: Path) -> None:
    written = f"tuplecalc {line}"
    asked = {"COMP_WORDS": written, "COMP_CWORD": str(written.count(" "))}
    asked["_TUPLECALC_COMPLETE"] = "complete_bash"
    done = run(env={**PLAIN, **asked}, cwd=folder)
    assert done.stdout.decode().split() == words


def test_a_shell_is_shown_how() -> None:
    assert (
        "complete -o default -F _tuplecalc_completion tuplecalc"
        in run("--show-completion", "bash").stdout.decode()
    )


def test_what_is_written_names_its_schema(folder: Path) -> None:
    """A path beside the file: an editor finds it offline, and it is that of this version."""
    invoke("examples", "cone", "-o", "mine.toml")
    assert folder.joinpath("mine.toml").read_text("utf-8").startswith("#:schema ./chain.schema.json\n# ")
    assert json.loads(folder.joinpath("chain.schema.json").read_text("utf-8")) == json_schema()
    assert invoke("capacity", "mine", "-o", "csv").stdout == invoke("capacity", "cone", "-o", "csv").stdout
    invoke("import", "haproxy.cfg", "-o", "made.toml")
    assert folder.joinpath("made.toml").read_text("utf-8").startswith("#:schema ./chain.schema.json\n")


_KINDS = '"shape", "limits", "rate", "map", "region", "blocking", "exhaustion"'


@pytest.mark.parametrize(
    ("word", "way_out"),
    [("bloking", "did you mean blocking?"), ("3", "KIND comes before the file")],
)
def test_a_figure_of_no_kind_names_the_argument(word: str, way_out: str) -> None:
    assert refused(run("plot", word)) == f'KIND: "{word}" is not one of {_KINDS}; {way_out}'


def test_a_terminal_of_no_columns_gets_a_page() -> None:
    for arguments in (["capacity", "outage"], ["--help"]):
        assert run(*arguments, env={**PLAIN, "COLUMNS": "0"}).stdout == run(*arguments).stdout != b""


@pytest.mark.parametrize(
    ("share", "note"),
    [("0.1", "--most-failing 0.1 is 10%."), ("0.001", ""), ("10%", "")],
)
def test_a_gate_written_as_a_number_says_its_percent(share: str, note: str) -> None:
    said = run("capacity", "cone", "--rate", "1", "--most-failing", share).stderr.decode()
    assert said.strip() == note


def test_a_word_that_is_an_example_and_an_entry_is_suggested_once() -> None:
    assert refused(run("explain", "hourglas")) == "hourglas: there is no such file; did you mean hourglass?"


def test_import_keeps_a_file_that_was_changed_and_says_what_it_wrote(folder: Path) -> None:
    first = invoke("import", "haproxy.cfg", "-o", "made.toml")
    assert first.stderr.splitlines()[0] == "wrote made.toml and chain.schema.json"
    assert invoke("import", "haproxy.cfg", "-o", "made.toml").exit_code == 0  # the same again loses nothing
    made = folder / "made.toml"
    mended = made.read_text() + "# mine\n"
    made.write_text(mended)
    assert refused(run("import", "haproxy.cfg", "-o", "made.toml")) == (
        "made.toml: this file is there, and is not what would be written: it may have been changed by hand; "
        "write -o another.toml, or --force to replace it"
    )
    assert made.read_text() == mended
    assert invoke("import", "haproxy.cfg", "-o", "made.toml", "--force").exit_code == 0
    assert made.read_text() == mended.removesuffix("# mine\n")


def test_import_says_where_there_is_no_hop(folder: Path) -> None:
    (folder / "filt").write_text("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j ACCEPT\nCOMMIT\n")
    assert "no NAT, proxy or balancer was found in filt\n" in invoke("import", "filt").stderr


def test_a_kind_of_figure_is_named_by_what_it_is() -> None:
    said = refused(run("plot", "shpe"))
    assert said.startswith('KIND: "shpe" is not one of ')
    assert said.endswith("did you mean shape?")


def test_a_name_with_dots_leads_to_the_hops_number() -> None:
    said = refused(run("solve", "cone", "--set", 'hops.0.name="a.b"', "--for", "hops.a.b.addresses"))
    assert said.endswith("no number of a chain stands there; did you mean hops.0.addresses?")
