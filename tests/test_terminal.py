"""What a terminal, a pipe and a shell make of the command line."""

import fcntl
import json
import os
import re
import struct
import subprocess
import sys
import termios
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from rich.cells import cell_len

import tuplecalc as tc
from tests.command import DIRECT, HUGE, PLAIN, bare, invoke, refused, run, terminal
from tests.test_cli_verify import result as recorded
from tuplecalc.limits import capacity as counting
from tuplecalc.network.file import EXAMPLES, example_text
from tuplecalc.network.replace import set_values


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


@pytest.fixture
def everything(tmp_path: Path) -> str:
    """Five kinds, ten hops, long names, and names in characters that take two columns."""
    services = ["登录服务", "web", "resolvers-of-the-data-centre"]
    kinds = {
        "登录服务与账户验证请求": 0,
        "streaming-of-video-to-mobile-phones": 1,
        "play": 1,
        "dns": 2,
        "한국어": 1,
    }
    hops = ["家庭路由器", "carrier-grade-nat-of-the-provider", "nat", "云原生负载均衡器服务集群甲", "lvs"]
    hops += ["nat-of-the-egress-gateway", "ファイアウォール", "envoy-of-the-checkout", "프록시-서버", "last"]
    text = 'title = "五つの種類と十のホップ: a long chain of long names"\ntraffic.rate = 700\n'
    for name, service in kinds.items():
        text += f"[[traffic.kinds]]\nname = '{name}'\nshare = 0.2\nhold = '9s'\n"
        text += f"services = '{services[service]}'\n"
    text += "[clients]\naddresses = 1000\n"
    for number, name in enumerate(hops):
        kind = "hourglass'\ncapture = 'listen" if number in (3, 7, 8) else "cone"
        text += f"[[hops]]\nname = '{name}'\nkind = '{kind}'\naddresses = {99 - 9 * number}\n"
    for name in services:
        text += f"[[services]]\nname = '{name}'\naddresses = 2\nports = 443\n"
    path = tmp_path / "everything.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def lines_at(monkeypatch: pytest.MonkeyPatch, width: int, *arguments: str) -> list[str]:
    """What a command writes at a width; what is one word, or for the shell, is one line however long."""
    monkeypatch.setenv("COLUMNS", str(width))
    lines = invoke(*arguments).stdout.splitlines()
    for line in lines:
        is_one = len(line.split()) == 1 or line.strip().startswith("--set")
        assert is_one or cell_len(line) <= width, f"{cell_len(line)} of {width} columns: {line}"
    return lines


SHOWN = [
    "capacity FILE",
    "explain FILE",
    "explain FILE --knobs",
    "explain FILE --crossover hops.lvs.addresses",
    "solve FILE --for hops.lvs.addresses --rate 70000",
    "sweep FILE --vary hops.lvs.addresses=1..3 --vary hops.carrier-grade-nat-of-the-provider.addresses=1..2",
    "compare FILE --set hops.lvs.addresses=2",
    "compare outage FILE",
    "solve FILE --for mix",
    "presets",
    "presets haproxy",
    "examples",
    "verify cone",
    "observe FILE --hop lvs --from TABLE",
]


@pytest.mark.parametrize("command", SHOWN)
def test_no_line_is_wider_than_the_terminal(
    command: str, everything: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuplecalc.lab.verification.verify", lambda chain, **_: recorded(chain))
    monkeypatch.setattr(counting, "limits_on_the_way", cache(counting.limits_on_the_way))
    table = tmp_path / "ss.txt"
    table.write_text(
        "tcp ESTAB 0 0 198.18.0.1:40000 198.18.9.9:443\nwhat is this line about, that nobody understands\n"
    )
    words = {"FILE": everything, "TABLE": str(table)}
    arguments = [words.get(word, word) for word in command.split()]
    for width in (60, 80, 120, 200):
        lines_at(monkeypatch, width, *arguments)
    for width in (40, 20):  # there an answer is enough
        monkeypatch.setenv("COLUMNS", str(width))
        assert invoke(*arguments).stdout


HELP = """
from tuplecalc.cli import COMMANDS, app
for words in ([], *([command] for command in COMMANDS)):
    try:
        app([*words, "--help"], prog_name="tuplecalc")
    except SystemExit:
        pass
"""


@pytest.mark.parametrize("width", [60, 80, 200])
def test_help_fits_and_cuts_no_word(width: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HELP],
        capture_output=True,
        text=True,
        check=True,
        env={**PLAIN, "COLUMNS": str(width)},
    )
    assert done.stderr == ""
    assert done.stdout.count("Usage: ") == 15
    assert max(map(cell_len, done.stdout.splitlines())) <= min(width, 100)
    assert not re.search(r"[a-z]…|[a-z]\.\.\.", done.stdout)
    assert " hops.lvs.addresses=1..64," in done.stdout


FIGURE = re.compile(r"(?<![\w.])\d[\d,.]*(?:e\d+)?%?(?![\w.])")


def test_columns_are_left_out_where_there_is_little_room(
    everything: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {
        width: [line for line in lines_at(monkeypatch, width, "capacity", "outage") if "rate /s" in line]
        for width in (60, 80, 200)
    }
    assert [line.split() for line in tables[60]] == [
        ["hop", "kind", "reachable", "flows", "rate", "/s", "used"],
        ["hop", "limit", "flows", "rate", "/s"],
    ]
    assert tables[80][0].split() == ["hop", "kind", "tuple", "space", *tables[60][0].split()[2:]]
    assert tables[200][1].endswith("what it is")
    lines = lines_at(monkeypatch, 60, "capacity", "outage")
    assert "A wider terminal shows also: tuple space." in lines
    assert next(line for line in lines if line.startswith("login-proxy")).split()[2:] == [
        "193,536",
        "586.5",
        "119%",
    ]
    wide, narrow = (" ".join(lines_at(monkeypatch, width, "capacity", everything)) for width in (200, 60))
    assert not set(FIGURE.findall(narrow)) - set(FIGURE.findall(wide))


def test_what_is_piped_depends_on_no_terminal() -> None:
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
    command = [sys.executable, "-m", "tuplecalc", "capacity", "outage"]
    done = subprocess.run(command, stdin=slave, stdout=subprocess.PIPE, stderr=slave, env=PLAIN, check=True)
    os.close(slave)
    os.close(master)
    assert done.stdout == run("capacity", "outage").stdout


def test_piped_a_table_is_as_wide_as_it_needs_to_be() -> None:
    text = run("capacity", "-", stdin=HUGE.encode()).stdout.decode()
    row = next(line for line in text.splitlines() if "◀ limits" in line)
    assert row.endswith("1.000e21 / 2 × 7   3.500e21   1.167e21   ◀ limits")
    assert "another-very-long-name-of-a-proxy-in-      accepted " in text


def test_many_hops_are_cut_in_the_table_but_not_in_csv() -> None:
    topology = "clients.addresses = 9\nservices = {addresses = 1, ports = 80}\n"
    topology += "\n".join(f"[[hops]]\nname = 'h{i}'\nkind = 'cone'\naddresses = 4" for i in range(200))
    topology += "\n[[hops]]\nname = 'last'\nkind = 'cone'\naddresses = 1"
    table = invoke("capacity", "-", stdin=topology).stdout
    assert len(table.splitlines()) < 150
    assert "… 142 more" in table
    assert re.search("last +ports +64,512 × 1 .* ◀ limits", table)  # what binds is never cut
    assert len(invoke("capacity", "-", "-o", "csv", stdin=topology).stdout.splitlines()) == 203


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
        assert path.read_text(encoding="utf-8") == f"#:schema ./chain.schema.json\n{example_text(name)}"
        assert f"wrote {path}\n" in result.stderr


def test_one_example_is_written_to_a_file_or_into_a_folder(tmp_path: Path) -> None:
    invoke("examples", "cone", "--write", str(tmp_path / "mine.toml"))
    invoke("examples", "cone", "--write", str(tmp_path))
    for name in ("mine.toml", "cone.toml"):
        written = (tmp_path / name).read_text(encoding="utf-8")
        assert written == f"#:schema ./chain.schema.json\n{example_text('cone')}"
    assert json.loads((tmp_path / "chain.schema.json").read_text(encoding="utf-8")) == schema()


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
    jsonschema.Draft7Validator.check_schema(schema())
    jsonschema.validate(tomllib.loads(example_text(name)), schema(), jsonschema.Draft7Validator)


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
    jsonschema.validate(topology, schema(), jsonschema.Draft7Validator)
    set_values(topology, [setting])
    with pytest.raises(tc.ChainError):
        tc.from_dict(topology)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(topology, schema(), jsonschema.Draft7Validator)


# What a shell may do to the output.


def shell(command: str) -> subprocess.CompletedProcess[str]:
    words = f"{sys.executable} -m tuplecalc"
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
    for command in ("capacity", "explain"):
        done = shell(f"PYTHONIOENCODING=ascii tuplecalc {command} cone -o json --set title=é")
        assert json.loads(done.stdout)["title"] == "é"


def test_a_name_of_any_length_is_looked_up() -> None:
    done = shell(f"tuplecalc capacity {'a' * 300}")
    assert done.returncode == 2
    assert done.stderr.endswith("a: cannot be read: file name too long\n")


def test_a_folder_does_not_hide_an_example(tmp_path: Path) -> None:
    (tmp_path / "outage").mkdir()
    done = shell(f"cd {tmp_path} && tuplecalc capacity outage -o csv")
    assert done.returncode == 0


def test_where_no_flow_fits_nothing_fits() -> None:
    chain = DIRECT.format(rate=5) + "[[hops]]\nname='px'\nkind='hourglass'\ncapture='listen'\nmax_files=1\n"
    done = subprocess.run(
        [sys.executable, "-m", "tuplecalc", "capacity", "-", "--fail-above", "0.9"],
        input=chain,
        capture_output=True,
        text=True,
        check=False,
        env=PLAIN,
    )
    assert done.returncode == 1
    assert (
        "Fails: 100% of the connections are expected to fail at 5/s.\nNo connection gets through."
        in done.stdout
    )


def test_the_version() -> None:
    assert shell("tuplecalc --version").stdout == f"tuplecalc {tc.__version__}\n"
