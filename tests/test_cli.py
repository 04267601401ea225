"""The command line: what stands on which stream, and the exit status."""

import csv
import json
import os
import re
import subprocess
import sys
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from typer.testing import CliRunner, Result

import tuplecalc as tc
from tuplecalc.cli import app
from tuplecalc.model.file import EXAMPLES, example_text
from tuplecalc.model.settings import set_value

PLAIN = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
DIRECT = "traffic.rate = {rate}\ntraffic.hold = '40s'\nclients = {{addresses = 1, ports = '1024-2023'}}\n"
DIRECT += "services = {{addresses = 1, ports = 80}}\n"  # 1,000 ports, each for 40 s + 60 s: 10 a second
HUGE = """
title = "A title that goes on and on, far beyond what a terminal of eighty columns holds in one line"
traffic = { rate = 5, hold = "3s" }
clients.addresses = 340282366920938463463374607431768211456
[[hops]]
name = "a-very-long-name-of-a-translator-in-the-basement"
kind = "cone"
addresses = 100000000000000000000000000000000000000
instances = 7
max_entries = 123456789012345678901234567890
[[hops]]
name = "another-very-long-name-of-a-proxy-in-the-basement"
kind = "hourglass"
capture = "tproxy"
source = "client"
instances = 7
split = "services"
max_files = 999999999999999999999
[[services]]
addresses = "2001:db8::/64"
ports = 80
share = "1/3"
[[services]]
addresses = "2001:dba::/63"
ports = [443, 80]
share = "2/3"
"""


def invoke(*arguments: str, stdin: str | None = None) -> Result:
    """A command in this process; its errors are raised."""
    return CliRunner().invoke(app, list(arguments), input=stdin, catch_exceptions=False)


def run(*arguments: str, stdin: bytes = b"", **keys: Any) -> subprocess.CompletedProcess[bytes]:
    """A command in a process of its own, piped."""
    command = [sys.executable, "-m", "tuplecalc.cli", *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, check=False, **{"env": PLAIN, "timeout": 60, **keys}
    )


def terminal(*arguments: str, **environment: str) -> str:
    """What a command writes to a terminal of 80 columns."""
    master, slave = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tuplecalc.cli", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env={**PLAIN, "COLUMNS": "80", "TERM": "xterm-256color", **environment},
    ) as process:
        os.close(slave)
        written = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not part:
                break
            written += part
    os.close(master)
    assert process.returncode == 0
    return written.decode().replace("\r\n", "\n")


def bare(text: str) -> str:
    """Without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def refused(process: subprocess.CompletedProcess[bytes]) -> str:
    """The message of a run that was refused as it should be: status 2, nothing but one message."""
    message = process.stderr.decode()
    assert process.returncode == 2
    assert process.stdout == b""
    assert "Traceback" not in message
    assert message.count("error: ") == 1
    return message.removeprefix("error: ").rstrip("\n")


# The JSON contract.

LIMIT_KEYS = ["name", "size", "scopes", "keys_per_flow", "seconds_per_flow", "flows", "rate", "formula"]
HOP_KEYS = ["name", "kind", "flows", "rate", "tuple_space", "tuples_per_flow", "limits"]
KEYS = ["schema_version", "title", "shape", "constraint", "flows", "rate", "binding", "rate_binding"]
KEYS += ["hops", "collapse", "at_most", "offered"]


def is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_rate(value: object) -> bool:
    return value is None or isinstance(value, float)


def is_exact(value: object) -> bool:
    return is_count(value) or (isinstance(value, str) and re.fullmatch(r"\d+/\d+", value) is not None)


def check_contract(data: dict[str, Any]) -> None:
    assert list(data) == KEYS
    assert data["schema_version"] == 1
    assert isinstance(data["title"], str)
    assert data["shape"] in ("direct", "hourglass", "cone", "inverted cone")
    assert data["constraint"] in (None, "address", "port", "address and port")
    assert is_count(data["flows"])
    assert is_rate(data["rate"])
    assert (data["rate_binding"] is None) == (data["rate"] is None)
    assert list(data["at_most"]) == ["flows", "rate"]
    found = {}
    for hop in data["hops"]:
        assert list(hop) == HOP_KEYS
        assert hop["kind"] in ("clients", "cone", "hourglass")
        assert is_count(hop["flows"])
        assert is_rate(hop["rate"])
        assert is_count(hop["tuple_space"])
        assert hop["tuples_per_flow"] in (1, 2)
        for limit in hop["limits"]:
            assert list(limit) in (LIMIT_KEYS, [*LIMIT_KEYS, "busy"])
            assert is_exact(limit["size"])
            assert is_exact(limit["scopes"])
            assert is_count(limit["keys_per_flow"])
            assert isinstance(limit["seconds_per_flow"], float)
            assert is_count(limit["flows"])
            assert is_rate(limit["rate"])
            assert isinstance(limit["formula"], str)
            found[hop["name"], limit["name"]] = limit
    assert data["hops"][0]["name"] == data["hops"][0]["kind"] == "clients"
    assert data["hops"][-1]["flows"] == data["flows"] == min(limit["flows"] for limit in found.values())
    assert found[data["binding"]["hop"], data["binding"]["limit"]]["flows"] == data["flows"]
    if data["rate_binding"]:
        assert found[data["rate_binding"]["hop"], data["rate_binding"]["limit"]]["rate"] == data["rate"]
    for collapse in data["collapse"]:
        assert list(collapse) == ["cone", "hop", "limit", "kept"]
    if data["offered"] is not None:
        assert list(data["offered"]) == ["rate", "utilisation", "overloaded"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_json_of_an_example(name: str) -> None:
    check_contract(json.loads(invoke("capacity", name, "-o", "json").stdout))


def test_json_of_a_chain_with_fractions_and_no_rate() -> None:
    topology = """
        clients.addresses = 9
        hops = [{name = "p", kind = "hourglass", capture = "listen", instances = 2, split = "services"}]
        services = {addresses = 3, ports = 80}
        clients.time_wait = 0
    """
    data = json.loads(invoke("capacity", "-", "-o", "json", stdin=topology).stdout)
    check_contract(data)
    assert data["hops"][1]["limits"][0]["scopes"] == "27/2"
    assert data["hops"][0]["rate"] is None
    assert data["offered"] is None
    assert data["shape"] == "hourglass"
    assert data["constraint"] is None


def test_json_where_nothing_limits_the_rate() -> None:
    topology = (
        "clients = {addresses = 9, time_wait = 0}\nservices = {addresses = 3, ports = 80}\ntraffic.rate = 5"
    )
    data = json.loads(invoke("capacity", "-", "-o", "json", stdin=topology).stdout)
    check_contract(data)
    assert data["rate"] is None
    assert data["rate_binding"] is None
    assert data["offered"] == {"rate": 5.0, "utilisation": None, "overloaded": False}
    assert data["shape"] == "direct"


def test_json_integers_are_exact_at_any_size() -> None:
    data = json.loads(invoke("capacity", "-", "-o", "json", stdin=HUGE).stdout)
    check_contract(data)
    assert data["hops"][0]["tuple_space"] == 2**128 * 28232 * (2**64 + 2 * 2**65)


def test_json_of_the_worked_example() -> None:
    data = json.loads(invoke("capacity", "inverted-cone-tproxy", "-o", "json").stdout)
    assert data["flows"] == 1290240
    assert data["rate"] == 21151.475409836065
    assert data["binding"] == {"hop": "proxy", "limit": "shared"}
    assert data["rate_binding"] == {"hop": "nat", "limit": "ports"}
    assert data["constraint"] == "port"
    assert data["offered"] == {"rate": 1500.0, "utilisation": 1500 / data["rate"], "overloaded": False}


# The other outputs.


@pytest.mark.parametrize("name", EXAMPLES)
def test_csv_reads_back_as_the_limits(name: str) -> None:
    rows = list(csv.DictReader(invoke("capacity", name, "-o", "csv").stdout.splitlines()))
    result = tc.capacity(tc.example(name))
    assert [(row["hop"], row["limit"]) for row in rows] == [(x.hop, x.name) for x in result.limits]
    for row, limit in zip(rows, result.limits, strict=True):
        assert Fraction(row["size"]) == limit.size.value
        assert Fraction(row["scopes"]) == limit.scopes.value
        assert int(row["keys_per_flow"]) == limit.keys
        assert int(row["flows"]) == limit.flows
        assert limit.rate is not None
        assert float(row["rate"]) == float(limit.rate)
        assert (row["binds"] in ("flows", "both")) == (limit is result.binding)
        assert (row["binds"] in ("rate", "both")) == (limit is result.rate_binding)


def test_markdown_reads_back_as_the_limits() -> None:
    text = invoke("capacity", "outage", "-o", "markdown").stdout
    cells = [re.split(r" (?<!\\)\| ", line.strip("| ")) for line in text.splitlines() if line.startswith("|")]
    result = tc.capacity(tc.example("outage"))
    limits = [[cell.strip("*").replace("\\", "") for cell in row] for row in cells if len(row) == 5][-5:]
    assert [(row[0], row[1], row[2]) for row in limits] == [(x.hop, x.name, x.formula) for x in result.limits]
    assert [int(row[3].replace(",", "")) for row in limits] == [limit.flows for limit in result.limits]
    assert text.startswith("## The login outage")
    assert "**193,536**" in text


# Where the topology comes from.


def test_without_a_file_the_outage_is_taken_and_said_so() -> None:
    result = invoke("capacity", "-o", "json")
    assert json.loads(result.stdout) == json.loads(invoke("capacity", "outage", "-o", "json").stdout)
    assert result.stderr == "No file given: this is the bundled example outage.\n"


def test_dash_reads_standard_input() -> None:
    read = invoke("capacity", "-", "-o", "json", stdin=example_text("cone"))
    assert read.stdout == invoke("capacity", "cone", "-o", "json").stdout


def test_a_title_is_the_file_name_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "branch.toml"
    path.write_text(DIRECT.format(rate=1), encoding="utf-8")
    assert json.loads(invoke("capacity", str(path), "-o", "json").stdout)["title"] == "branch.toml"


def test_json_topologies_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "cone.json"
    path.write_text(json.dumps(tomllib.loads(example_text("cone"))), encoding="utf-8")
    assert invoke("capacity", str(path), "-o", "csv").stdout == invoke("capacity", "cone", "-o", "csv").stdout


def test_a_file_comes_before_an_example_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cone").write_text(example_text("outage"), encoding="utf-8")
    assert json.loads(invoke("capacity", "cone", "-o", "json").stdout)["flows"] == 193_536


def test_a_misspelt_example_is_recognised() -> None:
    with pytest.raises(tc.InputError, match='no example is called "outge"; did you mean "outage"\\?'):
        invoke("capacity", "outge")


# --set.


@pytest.mark.parametrize("hop", ["lvs", "0", '"lvs"'])
def test_set_finds_a_hop_by_name_or_number(hop: str) -> None:
    data = json.loads(invoke("capacity", "outage", "-o", "json", "--set", f"hops.{hop}.addresses=2").stdout)
    assert data["flows"] == 2 * 193_536


def test_set_is_repeatable() -> None:
    settings = ["--set", "hops.lvs.ports=1024-33279", "--set", "hops.login-proxy.ports=33280-65535"]
    data = json.loads(invoke("capacity", "outage", "-o", "json", *settings).stdout)
    assert data["flows"] == 193_536
    assert data["rate"] == 460.8


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("foo", '--set "foo": a setting is a path, = and a value; write it as in hops.nat.addresses=4'),
        (
            "hops.lvz.addresses=3",
            '--set "hops.lvz.addresses=3": nothing here is called "lvz"; did you mean "lvs"?',
        ),
        (
            "hops.lvs.adresses=3",
            "example outage: hops[0].adresses: 3: unknown key; did you mean `addresses`?",
        ),
    ],
)
def test_a_wrong_setting_is_refused(setting: str, message: str) -> None:
    with pytest.raises(tc.TuplecalcError) as caught:
        invoke("capacity", "outage", "--set", setting)
    assert str(caught.value) == message


# --fail-above.


@pytest.mark.parametrize(
    ("rate", "share", "status"),
    [(7, "0.8", 0), (9, "0.8", 1), (7, "0.7", 0), (3, "0.3", 0), (12, "1.2", 0), ("12.000001", "1.2", 1)],
)
def test_fail_above(rate: object, share: str, status: int) -> None:
    result = invoke("capacity", "-", "-o", "json", "--fail-above", share, stdin=DIRECT.format(rate=rate))
    assert result.exit_code == status
    assert json.loads(result.stdout)["rate"] == 10.0  # the answer is there all the same


def test_an_overloaded_design_is_an_answer() -> None:
    assert run("capacity", "outage").returncode == 0


@pytest.mark.parametrize("share", ["0", "-1", "nan", "inf", "half"])
def test_a_share_that_is_none_is_bad_input(share: str) -> None:
    process = run("capacity", "outage", "--fail-above", share)
    assert process.returncode == 2
    assert process.stdout == b""
    assert b"--fail-above" in process.stderr
    assert b"Traceback" not in process.stderr


def test_fail_above_without_an_offered_rate_is_bad_input() -> None:
    topology = b"clients.addresses = 1\nservices = {addresses = 1, ports = 80}"
    message = refused(run("capacity", "-", "--fail-above", "0.8", stdin=topology))
    assert message.startswith("--fail-above needs an offered rate; write `rate` under [traffic]")


# Bad input.

UTF_16 = "title = 1".encode("utf-16")
BAD_FILES = {
    "empty": (b"", "empty; `tuplecalc examples outage` prints a topology to start from"),
    "blank": (b" \n\n", "empty; `tuplecalc examples outage` prints a topology to start from"),
    "large": (b"a" * 10_000_000, "larger than 8,000,000 bytes; a topology is a small TOML or JSON file"),
    "binary": (b"\x7fELF\0\1\2\xff" * 99, "binary, not text; a topology is a TOML or JSON file"),
    "utf-16": (UTF_16, "not UTF-8 (line 1, byte 0); save it as UTF-8"),
    "latin-1": (b'\n\ntitle = "M\xfcnchen"', "not UTF-8 (line 3, byte 12); save it as UTF-8"),
    "toml": (b"a = = 1", "not TOML: invalid value (at line 1, column 5)"),
    "json": (b'{"a": }', "not JSON: expecting value: line 1 column 7 (char 6)"),
    "twice": (b'{"a": 1, "a": 2}', 'not JSON: the key "a" stands twice in one table'),
    "deep toml": (b"a = " + b"[" * 100_000, "nested too deep to be a topology"),
    "deep json": (b'{"a": ' + b"[" * 100_000, "nested too deep to be a topology"),
    "list": (b"[1, 2]", "not TOML"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_refused_in_one_message(case: str, tmp_path: Path) -> None:
    content, message = BAD_FILES[case]
    (tmp_path / "bad.toml").write_bytes(content)
    assert refused(run("capacity", "bad.toml", cwd=tmp_path)).startswith(f"bad.toml: {message}")


@pytest.mark.parametrize("case", ["empty", "binary", "utf-16", "toml"])
def test_bad_standard_input_is_refused_in_one_message(case: str) -> None:
    content, message = BAD_FILES[case]
    assert refused(run("capacity", "-", stdin=content)) == f"standard input: {message}"


def test_closed_standard_input_is_refused() -> None:
    code = "import sys; sys.stdin = None; sys.argv[1:] = ['capacity', '-']\n"
    code += "from tuplecalc.cli import main; main()"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, env=PLAIN)
    assert refused(process) == "standard input: closed; there is nothing to read"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.toml", "missing.toml: cannot be read: no such file or directory"),
        (".", ".: cannot be read: is a directory"),
        ("", "the name of the file is empty; leave it out for the bundled example"),
        ("missing\n.toml", "missing\\n.toml: cannot be read: no such file or directory"),
        ("x" * 5000 + ".toml", "x" * 5000 + ".toml: cannot be read: file name too long"),
    ],
)
def test_a_file_that_cannot_be_opened_is_refused(name: str, message: str, tmp_path: Path) -> None:
    assert refused(run("capacity", name, cwd=tmp_path)) == message


def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "closed.toml"
    path.write_text(example_text("cone"), encoding="utf-8")
    path.chmod(0)
    code = f"import os, sys; sys.argv[1:] = ['capacity', {str(path)!r}]\nfrom tuplecalc.cli import main\n"
    code += "if not os.geteuid():\n    os.seteuid(65534)\n"  # root may read everything
    code += "main()"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, env=PLAIN)
    assert refused(process) == f"{path}: cannot be read: permission denied"


def test_all_errors_of_a_file_are_shown_at_once() -> None:
    topology = b"clients = {addresses = 0, ports = '9-1'}\nservices = {addresses = 1, ports = 0}\nhopps = []"
    message = refused(run("capacity", "-", stdin=topology))
    assert message.startswith("standard input: 4 errors\n")
    for place in ("clients.addresses", "clients.ports", "services.ports", "hopps"):
        assert f"\n  {place}: " in message


@pytest.mark.parametrize(
    "arguments", [["capacity", "--outpt"], ["capacity", "-o", "xml"], ["bogus"], ["capacity", "a", "b"]]
)
def test_wrong_usage_is_bad_input(arguments: list[str]) -> None:
    process = run(*arguments)
    assert process.returncode == 2
    assert process.stdout == b""
    assert b"Traceback" not in process.stderr


# Terminals and pipes.


@pytest.mark.parametrize("arguments", [["capacity", "cone"], ["capacity", "cone", "-o", "json"], ["schema"]])
def test_a_closed_pipe_is_quiet(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [sys.executable, "-m", "tuplecalc.cli", *arguments],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=PLAIN,
        check=False,
    )
    os.close(writer)
    assert process.stderr == b""


@pytest.mark.parametrize("output", ["table", "json", "csv", "markdown"])
def test_piped_there_are_neither_colours_nor_blanks_at_the_end(output: str) -> None:
    process = run("capacity", "mixed", "-o", output)
    text = process.stdout.decode()
    assert process.stderr == b""
    assert "\x1b" not in text
    assert not [line for line in text.splitlines() if line != line.rstrip()]
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_a_terminal_gets_colours_unless_it_wants_none() -> None:
    coloured, plain = terminal("capacity", "outage"), terminal("capacity", "outage", NO_COLOR="1")
    assert "\x1b[1;33m" in coloured
    assert "\x1b[1;33m" not in plain
    assert "\x1b[3" not in plain
    assert bare(coloured) == bare(plain)
    assert "\x1b" not in terminal("capacity", "outage", "-o", "json")


def fits(text: str) -> None:
    """Lines of at most 80 columns; a setting is one line however long, so that it can be copied."""
    lines = [line for line in bare(text).splitlines() if not line.startswith("    --set ")]
    assert len(lines) > 10
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line != line.rstrip()]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_table_fits_eighty_columns(name: str) -> None:
    text = terminal("capacity", name)
    fits(text)
    assert "…" not in text


def test_long_names_and_huge_numbers_fit_eighty_columns(tmp_path: Path) -> None:
    path = tmp_path / "huge.toml"
    path.write_text(HUGE, encoding="utf-8")
    text = terminal("capacity", str(path))
    fits(text)
    assert not re.search(r"[0-9e.]…", text)  # names are cut, numbers are not


def test_piped_a_table_is_as_wide_as_it_needs_to_be() -> None:
    text = run("capacity", "-", stdin=HUGE.encode()).stdout.decode()
    row = next(line for line in text.splitlines() if "◀ binds" in line)
    assert row.endswith("⌊1.000e21 / 2⌋ × 7   3.500e21   1.167e21   ◀ binds")
    assert "another-very-long-name-of-a-proxy-in-th…   accepted " in text


def test_many_hops_are_cut_in_the_table_but_not_in_csv() -> None:
    topology = "clients.addresses = 9\nservices = {addresses = 1, ports = 80}\n"
    topology += "\n".join(f"[[hops]]\nname = 'h{i}'\nkind = 'cone'\naddresses = 4" for i in range(200))
    topology += "\n[[hops]]\nname = 'last'\nkind = 'cone'\naddresses = 1"
    table = invoke("capacity", "-", stdin=topology).stdout
    assert len(table.splitlines()) < 150
    assert "… 142 more" in table
    assert re.search("last +ports +64,512 × 1 .* ◀ binds", table)  # what binds is never cut
    assert len(invoke("capacity", "-", "-o", "csv", stdin=topology).stdout.splitlines()) == 203


def test_a_terminal_without_these_characters_still_gets_its_answer() -> None:
    process = run("capacity", "outage", env={**PLAIN, "PYTHONIOENCODING": "ascii"})
    assert process.returncode == 0
    assert b"193,536 flows open at once" in process.stdout


# examples and schema.


def test_examples_are_listed_with_their_titles() -> None:
    lines = invoke("examples").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(EXAMPLES)
    for line, name in zip(lines, EXAMPLES, strict=True):
        assert line.endswith(tc.example(name).title)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_printed_as_it_is(name: str) -> None:
    assert invoke("examples", name).stdout == example_text(name)


def test_examples_are_written_out(tmp_path: Path) -> None:
    result = invoke("examples", "--write", str(tmp_path / "all"))
    assert result.stdout == ""
    for name in EXAMPLES:
        path = tmp_path / "all" / f"{name}.toml"
        assert path.read_text(encoding="utf-8") == example_text(name)
        assert f"wrote {path}\n" in result.stderr


def test_one_example_is_written_to_a_file_or_into_a_folder(tmp_path: Path) -> None:
    invoke("examples", "cone", "--write", str(tmp_path / "mine.toml"))
    invoke("examples", "cone", "--write", str(tmp_path))
    for name in ("mine.toml", "cone.toml"):
        assert (tmp_path / name).read_text(encoding="utf-8") == example_text("cone")


def test_nothing_is_written_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "cone.toml"
    path.write_text("mine", encoding="utf-8")
    for target in (path, tmp_path):
        with pytest.raises(tc.InputError, match="there is a file already; choose another path"):
            invoke("examples", "cone", "--write", str(target))
    assert path.read_text(encoding="utf-8") == "mine"


def test_an_unknown_example_is_refused() -> None:
    assert refused(run("examples", "con")) == 'no example is called "con"; did you mean "cone"?'


def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(invoke("schema").stdout)
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_schema_accepts_every_example(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(tomllib.loads(example_text(name)), schema(), jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "setting",
    [
        "hops.nat.adresses=4",
        "hops.nat.ports=0",
        "hops.nat.ports=65536",
        "hops.nat.ports=[]",
        "hops.nat.ports={ count = 0 }",
        "hops.nat.kind=funnel",
        "hops.nat.mapping=symmetric",
        "hops.nat.instances=0",
        "hops.nat.layer=7",
        "traffic.hold=soon",
        "traffic.hold=-1",
        "traffic.rate=0",
        "traffic.first_close=both",
        "clients.allocation=maybe",
        "services.share=0",
        "title=1",
    ],
)
def test_the_schema_refuses_what_the_program_refuses(setting: str) -> None:
    topology = tomllib.loads(example_text("cone"))
    jsonschema.validate(topology, schema(), jsonschema.Draft202012Validator)
    set_value(topology, setting)
    with pytest.raises(tc.TopologyError):
        tc.from_dict(topology)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(topology, schema(), jsonschema.Draft202012Validator)


# What a shell may do to the output.


def shell(command: str) -> subprocess.CompletedProcess[str]:
    words = f"{sys.executable} -m tuplecalc.cli"
    line = command.replace("tuplecalc", words)
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, env=PLAIN)


@pytest.mark.parametrize("output", ["table", "json", "csv", "markdown"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_no_answer(output: str) -> None:
    done = shell(f"tuplecalc capacity cone -o {output} > /dev/full")
    assert (done.returncode, done.stderr) == (2, "error: cannot write the result: no space left on device\n")


@pytest.mark.parametrize("command", ["capacity cone -o csv", "explain cone", "schema"])
def test_a_closed_output_is_no_answer(command: str) -> None:
    done = shell(f"tuplecalc {command} >&-")
    assert done.returncode == 2
    assert done.stderr == "error: standard output: closed; there is nowhere to write to\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_error_stream_keeps_the_status() -> None:
    assert shell("tuplecalc capacity nosuch 2> /dev/full").returncode == 2
    assert shell("tuplecalc capacity --bogus 2> /dev/full").returncode == 2


def test_json_has_escapes_where_the_encoding_lacks_characters() -> None:
    done = shell("PYTHONIOENCODING=ascii tuplecalc capacity cone -o json --set title=é")
    assert json.loads(done.stdout)["title"] == "é"


def test_a_name_of_any_length_is_looked_up() -> None:
    done = shell(f"tuplecalc capacity {'a' * 300}")
    assert done.returncode == 2
    assert done.stderr.startswith('error: no example is called "aaa')


def test_a_folder_does_not_hide_an_example(tmp_path: Path) -> None:
    (tmp_path / "outage").mkdir()
    done = shell(f"cd {tmp_path} && tuplecalc capacity outage -o csv")
    assert done.returncode == 0


def test_where_no_flow_fits_nothing_fits() -> None:
    chain = DIRECT.format(rate=5) + "[[hops]]\nname='px'\nkind='hourglass'\ncapture='listen'\nmax_files=1\n"
    done = subprocess.run(
        [sys.executable, "-m", "tuplecalc.cli", "capacity", "-", "--fail-above", "0.9"],
        input=chain,
        capture_output=True,
        text=True,
        check=False,
        env=PLAIN,
    )
    assert done.returncode == 1
    assert "5/s offered: no flow gets through." in done.stdout


def test_the_version() -> None:
    assert shell("tuplecalc --version").stdout == f"{tc.__version__}\n"
