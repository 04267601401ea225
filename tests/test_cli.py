"""The command line: inputs, settings, statuses and messages."""

import csv
import json
import re
import subprocess
import sys
import tomllib
from fractions import Fraction
from pathlib import Path

import pytest

import tuplecalc as tc
from tests.command import (
    DIRECT,
    PLAIN,
    invoke,
    refused,
    run,
)
from tuplecalc.network.file import EXAMPLES, example_text

# The other outputs.


@pytest.mark.parametrize("name", EXAMPLES)
def test_csv_reads_back_as_the_limits(name: str) -> None:
    rows = list(csv.DictReader(invoke("capacity", name, "-o", "csv").stdout.splitlines()))
    result = tc.capacity(tc.example(name))
    assert [(row["hop"], row["limit"]) for row in rows] == [(x.hop, x.name) for x in result.limits]
    for row, limit in zip(rows, result.limits, strict=True):
        assert Fraction(row["size"]) == limit.size.value
        assert Fraction(row["scopes"]) == limit.scopes.value
        assert Fraction(row["keys_per_flow"]) == limit.keys
        assert row.get("kinds", "").split() == [name for name in limit.kinds if name]
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


# Where the chain file comes from.


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
    with pytest.raises(tc.InputError, match=r"outge: there is no such file; did you mean outage\?"):
        invoke("capacity", "outge")


# Several files.

FEW = "clients.addresses = 1\nservices = {addresses = 1, ports = 80}"


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A chain that is fine, one of several kinds, one over its rate."""
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("fine.toml", DIRECT.format(rate=1)),
        ("two kinds.toml", example_text("office-and-branch")),
        ("over.toml", DIRECT.format(rate=20)),
    ):
        Path(name).write_text(text, encoding="utf-8")
    return ["fine.toml", "two kinds.toml", "over.toml"]


def test_of_several_files_each_is_answered_under_its_name(three: list[str]) -> None:
    alone = [invoke("capacity", name).stdout for name in three]
    together = "\n".join(f"==> {name} <==\n{text}" for name, text in zip(three, alone, strict=True))
    assert invoke("capacity", *three).stdout == together


def test_several_files_as_markdown_json_and_csv(three: list[str]) -> None:
    def alone(output: str) -> list[str]:
        return [invoke("capacity", name, "-o", output).stdout for name in three]

    sections = (f"# {name}\n\n{text}" for name, text in zip(three, alone("markdown"), strict=True))
    assert invoke("capacity", *three, "-o", "markdown").stdout == "\n".join(sections)
    records = [json.loads(line) for line in invoke("capacity", *three, "-o", "json").stdout.splitlines()]
    named = zip(three, alone("json"), strict=True)
    assert records == [{"file": name, **json.loads(text)} for name, text in named]
    rows = list(csv.DictReader(invoke("capacity", *three, "-o", "csv").stdout.splitlines()))
    assert rows == [
        {"file": name, "kinds": "", **row}
        for name, text in zip(three, alone("csv"), strict=True)
        for row in csv.DictReader(text.splitlines())
    ]


def test_the_worst_status_is_that_of_all_files_and_each_reason_names_its_file(three: list[str]) -> None:
    gate = ("--fail-above", "80%")
    assert invoke("capacity", *three[:2], *gate).exit_code == 0
    closed = invoke("capacity", *reversed(three), *gate)
    assert closed.exit_code == 1
    assert closed.stderr == "over.toml: --fail-above 80%: 20/s is 200% of the highest rate.\n"
    Path("few.toml").write_text(FEW, encoding="utf-8")
    broken = invoke("capacity", "missing.toml", "few.toml", *three, *gate)
    assert broken.exit_code == 2
    missing, no_rate, over = broken.stderr.splitlines()
    assert missing.startswith("error: missing.toml: ")
    assert no_rate.startswith("error: few.toml: --fail-above needs an offered rate")
    assert [over] == closed.stderr.splitlines()
    assert broken.stdout == invoke("capacity", *three, *gate).stdout
    for output in ("table", "json", "csv", "markdown"):
        nothing = invoke("capacity", "missing.toml", "gone.toml", "-o", output)
        assert (nothing.exit_code, nothing.stdout, nothing.stderr.count("error: ")) == (2, "", 2)


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
            'hops."\\q".addresses=3',
            '--set "hops."\\q".addresses=3": ""\\q"" has an escape that is none; write a backslash twice',
        ),
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
    [
        (7, "0.8", 0),
        (9, "0.8", 1),
        (7, "70%", 0),
        (9, "80 %", 1),
        (3, "0.3", 0),
        (12, "120%", 0),
        ("12.000001", "120 %", 1),
        (11, "1", 1),
    ],
)
def test_fail_above(rate: object, share: str, status: int) -> None:
    result = invoke("capacity", "-", "-o", "json", "--fail-above", share, stdin=DIRECT.format(rate=rate))
    assert result.exit_code == status
    assert json.loads(result.stdout)["rate"] == 10.0  # the answer is there all the same


@pytest.mark.parametrize(("clients", "status"), [(63, 0), (64, 1)])
def test_fail_above_where_clients_get_no_ports(clients: int, status: int) -> None:
    """A cone of 63 blocks: at 1/s no rate is near its highest, and yet one more client gets nothing."""
    topology = f"""
        traffic.rate = 1
        clients.addresses = {clients}
        services = {{addresses = 1, ports = 80}}
        hops = [{{name = "cgn", kind = "cone", addresses = 1, block = 1024}}]"""
    assert invoke("capacity", "-", "--fail-above", "0.8", stdin=topology).exit_code == status


def test_an_overloaded_design_is_an_answer() -> None:
    assert run("capacity", "outage").returncode == 0


@pytest.mark.parametrize("share", ["0", "-1", "nan", "inf", "half"])
def test_a_share_that_is_none_is_bad_input(share: str) -> None:
    process = run("capacity", "outage", "--fail-above", share)
    assert process.returncode == 2
    assert process.stdout == b""
    assert b"--fail-above" in process.stderr
    assert b"Traceback" not in process.stderr


@pytest.mark.parametrize("gate", ["--fail-above", "--most-failing"])
def test_a_gate_without_an_offered_rate_is_bad_input(gate: str) -> None:
    message = refused(run("capacity", "-", gate, "0.8", stdin=FEW.encode()))
    assert message.startswith(f"{gate} needs an offered rate, or flows that are wanted; write `rate`")


@pytest.mark.parametrize(
    ("flows", "gate", "reason"),
    [
        (28_232, ("--most-failing", "0"), ""),
        (
            28_233,
            ("--most-failing", "0"),
            "--most-failing 0%: 28,233 connections wanted at once are 100.004% of",
        ),
        (
            14_200,
            ("--fail-above", "50%"),
            "--fail-above 50%: 14,200 connections wanted at once are 50% of those",
        ),
    ],
)
def test_flows_that_are_wanted_are_gated(flows: int, gate: tuple[str, str], reason: str) -> None:
    found = invoke("capacity", "-", "--set", f"traffic.flows={flows}", "-o", "csv", *gate, stdin=FEW)
    assert found.exit_code == bool(reason)
    assert found.stderr.startswith(reason)
    assert bool(found.stderr) == bool(reason)


def test_a_gate_says_why_it_closes_and_on_what_it_depends() -> None:
    """366,000 entries are needed at 3,000/s for 122 s, and Linux has 262,144."""
    closed = invoke("capacity", "outage", "-o", "json", "--fail-above", "0.8", "--most-failing", "0.1%")
    assert closed.exit_code == 1
    above, failing = closed.stderr.splitlines()
    assert above == "--fail-above 80%: 700/s is 119% of the highest rate."
    assert re.fullmatch(
        r"--most-failing 0.1%: [\d.]+% to [\d.]+% of the connections are expected to fail at 700/s\.", failing
    )
    for rate, said in (
        ("2000", ""),
        ("3000", "--most-failing holds only if nat’s table holds 366,000 entries (Linux: 262,144).\n"),
    ):
        opened = invoke("capacity", "cone", "--rate", rate, "-o", "json", "--most-failing", "0")
        assert (opened.exit_code, opened.stderr) == (0, said)


def test_a_gate_names_first_what_fails_most() -> None:
    """0.232% of all are under 0.3%, and it is transparent that is not."""
    closed = invoke("capacity", "mixed-by-share", "-o", "json", "--most-failing", "0.3%")
    assert closed.exit_code == 1
    assert closed.stderr == (
        "--most-failing 0.3%: 0.348% to 0.349% of transparent are expected to fail at 4,000/s, "
        "and 0.232% of all connections.\n"
    )


@pytest.mark.parametrize("output", ["json", "csv", "table", "markdown"])
def test_most_failing_is_of_what_is_expected(output: str) -> None:
    """At 570/s the outage is at 97 % of its rate, and loses over a third: its devices choose blindly."""
    gates = ("--fail-above", "0.98", "--most-failing")
    status = [
        invoke("capacity", "outage", "--rate", "570", "-o", output, *gates, share).exit_code
        for share in ("0.01", "0.99")
    ]
    assert status == [1, 0]
    if output == "table":
        said = invoke("capacity", "outage", "--rate", "570", *gates, "0.01").stdout
        assert said.startswith("Fails: ")


@pytest.mark.parametrize(("rate", "share", "status"), [("40", "0", 0), ("1500", "0", 1), ("1500", "1%", 0)])
def test_most_failing_may_be_nothing_and_percent(rate: str, share: str, status: int) -> None:
    """0.174 % are expected to fail at 1,500/s; a rate of which nothing fails passes a gate of 0."""
    shape = "inverted-cone-tproxy" if rate == "1500" else "cone"
    assert invoke("capacity", shape, "--rate", rate, "--most-failing", share).exit_code == status


def test_most_failing_closes_at_the_upper_end() -> None:
    found = json.loads(invoke("capacity", "outage", "--rate", "570", "-o", "json").stdout)["offered"]
    upper = found["expected_failing"]["upper"]
    for share, status in ((upper, 0), (upper - 1e-9, 1)):
        result = invoke("capacity", "outage", "--rate", "570", "-o", "csv", "--most-failing", repr(share))
        assert result.exit_code == status


# Bad input.

UTF_16 = "title = 1".encode("utf-16")
BAD_FILES = {
    "empty": (b"", "empty; `tuplecalc examples outage` prints a chain file to start from"),
    "blank": (b" \n\n", "empty; `tuplecalc examples outage` prints a chain file to start from"),
    "large": (b"a" * 10_000_000, "larger than 8,000,000 bytes; a chain file is a small TOML or JSON file"),
    "binary": (b"\x7fELF\0\1\2\xff" * 99, "binary, not text; a chain file is a TOML or JSON file"),
    "utf-16": (UTF_16, "not UTF-8 (line 1, byte 0); save it as UTF-8"),
    "latin-1": (b'\n\ntitle = "M\xfcnchen"', "not UTF-8 (line 3, byte 12); save it as UTF-8"),
    "toml": (b"a = = 1", "not TOML: invalid value (at line 1, column 5)"),
    "json": (b'{"a": }', "not JSON: expecting value: line 1 column 7 (char 6)"),
    "twice": (b'{"a": 1, "a": 2}', 'not JSON: the key "a" stands twice in one table'),
    "deep toml": (b"a = " + b"[" * 100_000, "nested too deep to be a chain file"),
    "deep json": (b'{"a": ' + b"[" * 100_000, "nested too deep to be a chain file"),
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


NO_FILE = "there is no such file; `tuplecalc examples outage` prints a chain file to start from"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.toml", f"missing.toml: {NO_FILE}"),
        (".", ".: this is a folder; write a chain file"),
        ("", "the name of the file is empty; leave it out for the bundled example"),
        ("missing\n.toml", f"missing\\n.toml: {NO_FILE}"),
        ("x" * 5000 + ".toml", "x" * 5000 + ".toml: cannot be read: file name too long"),
    ],
)
def test_a_file_that_cannot_be_opened_is_refused(name: str, message: str, tmp_path: Path) -> None:
    assert refused(run("capacity", name, cwd=tmp_path)) == message


def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "closed.toml"
    path.write_text(example_text("cone"), encoding="utf-8")
    path.chmod(0)
    code = f"import os, sys; sys.argv[1:] = ['capacity', {str(path)!r}]\n"
    code += "from tuplecalc.cli import capacity, main\n"  # all of it, while it may be read
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


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--rate", "-3", '--rate "-3": this is a rate above 0 and up to 1e18; write it as in --rate 700'),
        ("--rate", "nan", '--rate "nan": this is a rate above 0 and up to 1e18; write it as in --rate 700'),
        ("--rate", "1e300", '--rate "1e300": this is a rate above 0 and up to 1e18'),
        ("--rate", "5%", '--rate "5%": this is a rate above 0 and up to 1e18; write it as in --rate 700'),
        ("--blocking", "0%", '--blocking "0%": this is a share above 0 and below 1; write it as in'),
        ("--blocking", "100%", '--blocking "100%": this is a share above 0 and below 1; write it as in'),
        ("--blocking", "%", '--blocking "%": this is a share above 0 and below 1; write it as in'),
        ("--blocking", "1", '--blocking "1": this is a share above 0 and below 1'),
        ("--blocking", "1e-400", '--blocking "1e-400": this is a share above 0 and below 1'),
        (
            "--most-failing",
            "1",
            '--most-failing "1": this is a share of 0 or more and below 1; write it as in',
        ),
        (
            "--fail-above",
            "90",
            '--fail-above "90": a share above 1 has its percent sign; write --fail-above 90%, or 9000%',
        ),
        ("--most-failing", "3/2", '--most-failing "3/2": a share above 1 has its percent sign; write'),
        (
            "--blocking",
            "5",
            '--blocking "5": a share above 1 has its percent sign; write --blocking 5%, or 500%',
        ),
        ("--blocking", "500%", '--blocking "500%": this is a share above 0 and below 1; write it as in'),
        ("--fail-above", "", '--fail-above "": this is a share above 0; write it as in --fail-above 0.8'),
    ],
)
def test_an_option_says_what_was_typed(option: str, value: str, message: str) -> None:
    assert refused(run("capacity", "outage", option, value)).startswith(message)


def test_options_are_read_as_the_file_is() -> None:
    fraction = invoke("capacity", "outage", "--rate", "1400/2", "--blocking", "1/1000").stdout
    assert fraction == invoke("capacity", "outage", "--rate", "7e2", "--blocking", "1e-3").stdout
    assert fraction == invoke("capacity", "outage", "--rate", "700", "--blocking", "0.1%").stdout
    solved = [
        invoke("solve", "outage", "--for", "traffic.hold", "--blocking", share).stdout
        for share in ("0.5%", "1/200")
    ]
    assert solved[0] == solved[1] != ""


KINDS = """
clients = { addresses = 9 }
services = { addresses = 1, ports = 80 }
traffic = { kinds = [{ name = "a", rate = 5 }, { name = "b", rate = 6 }] }
"""


@pytest.mark.parametrize("command", [["capacity", "-"], ["report", "-", "-o", "-"]])
def test_what_is_wrong_with_the_rate_is_said_of_the_option(command: list[str]) -> None:
    rule = "where kinds have rates the total is their sum; leave it out, or give the kinds shares"
    assert refused(run(*command, "--rate", "1e18", stdin=KINDS.encode())) == f'--rate "1e18": {rule}'
    several = refused(run(*command, "--rate", "8", "--set", "clients.addresses=0", stdin=KINDS.encode()))
    assert several.splitlines()[:2] == ["standard input: 2 errors", f'  --rate "8": {rule}']
    assert refused(run(*command, "--set", "traffic.rate=8", stdin=KINDS.encode())).endswith(
        f"traffic.rate: 8: {rule}"
    )


def test_csv_says_that_it_leaves_the_rate_out() -> None:
    process = run("capacity", "outage", "--rate", "700", "-o", "csv")
    assert process.returncode == 0
    assert process.stderr == b"The limits only; -o json has what becomes of the rate.\n"


def test_a_hop_that_is_taken_away_is_named() -> None:
    done = invoke("capacity", "outage", "--set", "hops.lvs=", "--set", "hops.login-proxy.instances=")
    assert done.stderr == "hops.lvs: left out.\n"


def test_it_is_named_once_whatever_its_name_is(tmp_path: Path) -> None:
    page = str(tmp_path / "r.html")
    settings = ["--set", 'hops.lvs.name="l.v s"', "--set", 'hops."l.v s"=']
    done = invoke("report", "outage", *settings, "--no-panel", "-o", page)
    assert done.stderr.splitlines()[:-1] == ['hops."l.v s": left out.']
