"""``tuplecalc observe``: from tables as text to the sentence, the metrics and the file it fills."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.command import PLAIN, bare, invoke, refused, run, terminal
from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import load
from tuplecalc.sources.busy.observed import snapshots
from tuplecalc.sources.tables.recognise import Stream

HUB = """# A hub in front of which clients fall from the sky
title = "A hub of sessions"
[traffic]
rate = 700  # from the design of 2019
[clients]
addresses = "198.18.0.1"
[services]
addresses = "198.18.9.9"
ports = 443
"""
NAT = """# Two services behind one NAT
title = "Office"
clients.addresses = "10.0.0.0/8"
services = [
  {name = "sessions", addresses = "198.18.9.9", ports = 443},  # long
  {name = "web", addresses = "198.18.9.10", ports = 80},
]
[[hops]]
name = "nat"
kind = "cone"
addresses = "198.18.8.1"
ports = "1024-2047"
max_entries = 4096
"""
TIME = "this is a time above 0 and up to 30 days"


def sockets(opened: int, lingering: int) -> str:
    """What ``ss -tano`` prints of a machine with so many connections to the hub, closed one by one."""
    header = "State      Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"
    states = ["ESTAB"] * opened
    states += [f"TIME-WAIT {60 * number // lingering}" for number in range(lingering)]
    lines = (
        f"{state} 0 0 198.18.0.1:{32768 + number} 198.18.9.9:443 timer:(timewait,{left}sec,0)\n"
        for number, (state, _, left) in enumerate(each.partition(" ") for each in states)
    )
    return header + "".join(lines)


def tracking(*flows: tuple[str, str, int]) -> str:
    """What ``conntrack -L`` prints: so many to each endpoint in each state."""
    lines, port = [], 1024
    for state, to, count in flows:
        host, _, number = to.partition(":")
        for _ in range(count):
            lines.append(
                f"tcp      6 {7 * port % 120} {state} src=10.0.0.1 dst={host} sport={port} dport={number} "
                f"src={host} dst=198.18.8.1 sport={number} dport={port} [ASSURED] mark=0 use=1\n"
            )
            port += 1
    return "".join(lines)


@pytest.fixture
def hub(tmp_path: Path) -> str:
    path = tmp_path / "hub.toml"
    path.write_text(HUB, encoding="utf-8")
    return str(path)


@pytest.fixture
def nat(tmp_path: Path) -> str:
    path = tmp_path / "nat.toml"
    path.write_text(NAT, encoding="utf-8")
    return str(path)


BUSY = tracking(
    ("ESTABLISHED", "198.18.9.9:443", 600),
    ("TIME_WAIT", "198.18.9.9:443", 60),
    ("ESTABLISHED", "198.18.9.10:80", 6),
    ("TIME_WAIT", "198.18.9.10:80", 240),
)


def test_the_hub_of_the_report(hub: str) -> None:
    """28,231 ports to one endpoint, of 28,232: node_exporter's sockstat says 28,231 of nothing."""
    found = invoke("observe", hub, "--from", "-", stdin=sockets(20_000, 8_231))
    assert found.exit_code == 0
    lines = found.stdout.splitlines()
    assert lines[0] == "Fullest: clients ports 198.18.0.1 → 198.18.9.9:443: 28,231 of 28,232 (99.996%)."
    row = next(line for line in lines if line.startswith("  198.18.0.1"))
    assert row.split()[3:] == ["20,000", "8,231", "28,232", "99.996%"]
    assert "Sockets: 28,231; 20,000 open, 8,231 lingering." in lines
    assert "137.1 new connections a second, open for 2 min 26 s each" in " ".join(found.stdout.split())
    assert "Passed over: headings (1)." in lines


@pytest.mark.parametrize(("share", "status"), [("0.64", 1), ("0.64453125", 0), ("65%", 0)])
def test_a_gate_for_a_pipeline(nat: str, share: str, status: int) -> None:
    """660 of 1,024 is 0.64453125, and that is not above itself."""
    assert invoke("observe", nat, "--from", "-", "--fail-above", share, stdin=BUSY).exit_code == status


def test_nothing_open(hub: str) -> None:
    found = invoke("observe", hub, "--from", "-", "--fail-above", "0.8", stdin=sockets(0, 0))
    assert found.exit_code == 0
    assert found.stdout.startswith("Nothing is taken: no connection takes anything of a limit.\n")
    assert "clients ports: none of 28,232 taken" in found.stdout


def test_both_tables_of_a_machine_are_never_added_up(nat: str, tmp_path: Path) -> None:
    (tmp_path / "ss.txt").write_text(sockets(5, 2), encoding="utf-8")
    from_both = ("observe", nat, "--from", str(tmp_path / "ss.txt"), "--from", "-")
    found = invoke(*from_both, "--top", "1", "-o", "json", stdin=BUSY)
    said = json.loads(found.stdout)
    assert said["hops"] == ["nat"]
    assert [(each["table"], each["open"], each["lingering"]) for each in said["tables"]] == [
        ("sockets", 5, 2),
        ("tracking", 606, 300),
    ]
    assert said["tracking_size"] == 4096
    ports, entries = said["limits"]
    assert (ports["limit"], ports["scopes_in_use"], len(ports["busiest"])) == ("ports", 2, 1)
    assert ports["busiest"][0] == {
        "open": 600,
        "lingering": 60,
        "growth": None,
        "scope": {"address": "198.18.8.1", "endpoint": "198.18.9.9:443"},
        "dry_after": None,
    }
    assert (entries["limit"], entries["busiest"][0]["open"], entries["share"]) == ("entries", 606, 906 / 4096)
    assert said["fullest"] == {"hop": "nat", "limit": "ports", "table": "tracking", "share": 660 / 1024}


def test_a_tracking_table_is_watched_where_the_model_has_no_limit_for_it(nat: str) -> None:
    """Where closed entries give way the model knows that 2,048 are the most, and 4,096 never fill."""
    setting = ("--set", "hops.nat.closing=gives-way")
    assert [limit.name for limit in capacity(load(nat, setting[1:])).hops[1].limits] == ["ports"]
    said = json.loads(invoke("observe", nat, *setting, "--from", "-", "-o", "json", stdin=BUSY).stdout)
    entries = said["limits"][-1]
    assert (entries["limit"], entries["size"], entries["share"]) == ("entries", 4096, 906 / 4096)
    counts = iter((10, 40))

    def take() -> list[Stream]:
        table = tracking(("ESTABLISHED", "198.18.9.9:443", 5), ("TIME_WAIT", "198.18.9.10:80", next(counts)))
        return [Stream("ct", table.encode().splitlines(keepends=True))]

    *_, last = snapshots(capacity(load(nat, setting[1:])), ["nat"], take, 0.2, 2, 1)
    growth = last.found.usages[-1].busiest[0].growth
    assert growth is not None
    assert growth * last.seconds == pytest.approx(30, rel=0.05)


TWO_WAYS = """
traffic.kinds = [{name = "a", share = 0.5}, {name = "b", share = 0.5}]
clients.addresses = "10.0.0.0/8"
services = {addresses = "198.18.9.9", ports = 443}
hops = [
  {name = "one", kind = "cone", addresses = "198.18.8.1", machine = "m", traffic = "a"},
  {name = "two", kind = "cone", addresses = "198.18.8.2", machine = "m", traffic = "b"},
]
"""


def test_what_two_hops_tell_of_one_group_of_services_is_of_their_kinds(nat: str) -> None:
    Path(nat).write_text(TWO_WAYS, encoding="utf-8")
    table = tracking(("TIME_WAIT", "198.18.9.9:443", 24), ("ESTABLISHED", "198.18.9.9:443", 5))
    both = table + table.replace("198.18.8.1", "198.18.8.2").replace("10.0.0.1", "10.0.0.2")
    said = json.loads(invoke("observe", nat, "--from", "-", "-o", "json", stdin=both).stdout)
    assert [(each["limit"], each["busiest"][0]["lingering"]) for each in said["limits"]] == [
        ("ports", 24)
    ] * 2
    assert [(each["kinds"], each["open"], each["rate"]) for each in said["services"]] == [
        (["a"], 5, 0.2),
        (["b"], 5, 0.2),
    ]


def test_metrics_have_one_series_for_each_limit_and_scopes_where_asked_for(nat: str) -> None:
    written = invoke("observe", nat, "--from", "-", "-o", "prometheus", stdin=BUSY).stdout
    of = '{hop="nat",limit="ports",table="tracking"}'
    for line in (
        f"tuplecalc_tuples_used{of} 660.0",
        f"tuplecalc_tuples_lingering{of} 60.0",
        f"tuplecalc_tuples_limit{of} 1024.0",
        f"tuplecalc_tuples_used_ratio{of} {660 / 1024}",
        'tuplecalc_table_entries{state="lingering",table="tracking"} 300.0',
        'tuplecalc_table_entries_limit{table="tracking"} 4096.0',
        'tuplecalc_connections_per_second{table="tracking"} 2.5',
    ):
        assert line in written.splitlines()
    assert "scope_" not in written
    written = invoke("observe", nat, "--from", "-", "-o", "prometheus", "--top", "1", stdin=BUSY).stdout
    assert re.findall(r"tuplecalc_scope_tuples_used(\{.*\}) (.*)", written) == [
        (
            '{address="198.18.8.1",endpoint="198.18.9.9:443",hop="nat",limit="ports",table="tracking"}',
            "660.0",
        ),
        ('{address="",endpoint="",hop="nat",limit="entries",table="tracking"}', "906.0"),
    ]


def test_metrics_replace_a_file_at_once(nat: str, tmp_path: Path) -> None:
    path = tmp_path / "tuplecalc.prom"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o640)
    found = invoke("observe", nat, "--from", "-", "-o", "prometheus", "--to", str(path), stdin=BUSY)
    assert found.stdout == ""
    assert path.read_text(encoding="utf-8").startswith("# HELP tuplecalc_tuples_used ")
    assert path.stat().st_mode & 0o777 == 0o640
    assert {each.name for each in tmp_path.iterdir()} == {"nat.toml", "tuplecalc.prom"}


# --fill


def test_the_file_is_filled_with_what_was_measured(hub: str, tmp_path: Path) -> None:
    table = sockets(20_000, 8_231)
    found = invoke("observe", hub, "--from", "-", "--fill", str(tmp_path / "new.toml"), stdin=table)
    assert found.stderr == f"wrote {tmp_path / 'new.toml'}\n"
    assert Path(hub).read_text(encoding="utf-8") == HUB
    written = (tmp_path / "new.toml").read_text(encoding="utf-8")
    assert re.search(r"rate = 137\.1 # measured \d{4}-\d\d-\d\d, was 700; from the design of 2019\n", written)
    assert re.search(r'hold = "145\.9s" # measured \d{4}-\d\d-\d\d\n', written)
    assert written.startswith("# A hub in front of which clients fall from the sky\n")
    chain = load(tmp_path / "new.toml")
    assert float(chain.traffic.hold) == pytest.approx(20_000 / (8_231 / 60), rel=1e-3)
    assert chain.traffic.rate is not None
    assert float(chain.traffic.rate * chain.traffic.hold) == pytest.approx(20_000, rel=1e-3)
    assert capacity(chain).rate == pytest.approx(28_232 / (60 + 145.9))

    invoke("observe", hub, "--from", "-", "--fill", hub, stdin=table)  # it is named
    invoke("observe", hub, "--from", "-", "--fill", hub, stdin=sockets(10, 60))
    written = Path(hub).read_text(encoding="utf-8")
    assert re.search(
        r"rate = 1 # measured \d{4}-\d\d-\d\d, was 137\.1\n", Path(hub).read_text(encoding="utf-8")
    )


def test_each_group_of_services_gets_a_kind(nat: str) -> None:
    found = invoke("observe", nat, "--from", "-", "--fill", nat, stdin=BUSY)
    assert found.stderr == f"wrote {nat}\n"
    written = Path(nat).read_text(encoding="utf-8")
    assert "# Two services behind one NAT" in written
    assert "# long" in written
    sessions, web = load(nat).traffic.kinds
    assert (sessions.services, float(sessions.rate or 0), float(sessions.hold or 0)) == (
        ("sessions",),
        0.5,
        1200,
    )
    assert (web.services, float(web.rate or 0), float(web.hold or 0)) == (("web",), 2.0, 3.0)

    invoke("observe", nat, "--from", "-", "--fill", nat, stdin=BUSY.replace("TIME_WAIT", "ESTABLISHED", 30))
    assert kinds_of(nat) == [("sessions", ("sessions",), 0.25, 2520), ("web", ("web",), 2, 3)]


def kinds_of(path: str) -> list[tuple[object, ...]]:
    return [(kind.name, kind.services, kind.rate, kind.hold) for kind in load(path).traffic.kinds]


@pytest.mark.parametrize(
    ("kinds", "table", "why"),
    [
        (
            "",
            tracking(("TIME_WAIT", "198.18.9.10:80", 240)),
            "kinds of traffic: no connection of sessions was seen to close; look again later",
        ),
        (
            '[[traffic.kinds]]\nname = "a"\nshare = 0.5\n[[traffic.kinds]]\nname = "b"\nshare = 0.5\n',
            BUSY,
            "kinds of traffic: several go to the same services, and are not told apart",
        ),
    ],
)
def test_what_cannot_be_told_apart_is_said(nat: str, kinds: str, table: str, why: str) -> None:
    Path(nat).write_text(NAT + kinds, encoding="utf-8")
    found = invoke("observe", nat, "--from", "-", "--fill", nat, stdin=table)
    assert found.stderr == f"{why}\nwrote {nat}\n"
    assert float(load(nat).traffic.rate or 0) == (2.5 if kinds else 2.0)
    assert len(load(nat).traffic.kinds) == kinds.count("[[")


def test_unknown_services_become_those_that_were_seen(nat: str) -> None:
    text = NAT[: NAT.index("services =")] + NAT[NAT.index("[[hops]]") :]
    text += "[services]\naddresses = 1  # unknown: how many answer\nports = 443\n# the end\n"
    Path(nat).write_text(text, encoding="utf-8")
    invoke("observe", nat, "--from", "-", "--fill", nat, stdin=BUSY)
    assert Path(nat).read_text(encoding="utf-8").count("# the end\n") == 1
    groups = load(nat).to_dict()["services"]
    assert groups == [
        {"name": "port-443", "addresses": "198.18.9.9", "ports": 443, "share": "110/151"},
        {"name": "port-80", "addresses": "198.18.9.10", "ports": 80, "share": "41/151"},
    ]
    many = tracking(*(("TIME_WAIT", f"198.18.10.{host}:443", 5) for host in range(17)))
    Path(nat).write_text(text, encoding="utf-8")
    invoke("observe", nat, "--from", "-", "--fill", nat, stdin=many)
    assert load(nat).to_dict()["services"] == [{"addresses": 17, "ports": 443}]
    skewed = many + tracking(("TIME_WAIT", "198.18.10.0:443", 90))
    Path(nat).write_text(text, encoding="utf-8")
    invoke("observe", nat, "--from", "-", "--fill", nat, stdin=skewed)
    assert load(nat).to_dict()["services"] == [{"addresses": 1, "ports": 443}]
    assert "17 seen, as full as 1 evenly loaded" in Path(nat).read_text(encoding="utf-8")
    independent = ("--set", "hops.nat.mapping=endpoint-independent")
    Path(nat).write_text(text, encoding="utf-8")
    found = invoke("observe", nat, *independent, "--from", "-", "--fill", nat, stdin=BUSY)
    assert "services: no limit here tells endpoints apart, so that they stay unknown\n" in found.stderr
    invoke("observe", nat, "--from", "-", "--fill", nat, stdin=BUSY)
    invoke("observe", nat, "--from", "-", "--fill", nat, stdin=BUSY)
    assert [kind.name for kind in load(nat).traffic.kinds] == ["port-443", "port-80"]


CAPTURED = """
traffic.kinds = [{name = "captured", share = "1/2"}, {name = "passing", share = "1/2"}]
services = {addresses = "198.18.9.9", ports = 443}
[clients]
addresses = "10.0.0.0/8"  # unknown: how many are in use
[[hops]]
name = "proxy"
kind = "hourglass"
capture = "nat"
listen_ports = 3128
source = "own"
addresses = "198.18.8.1"
machine = "m"
traffic = "captured"
[[hops]]
name = "nat"
kind = "cone"
addresses = "198.18.8.1"
machine = "m"
traffic = "passing"
"""
PASSING = tracking(("ESTABLISHED", "198.18.9.9:443", 10), ("TIME_WAIT", "198.18.9.9:443", 240))
CAUGHT = tracking(("ESTABLISHED", "198.18.9.9:443", 40), ("TIME_WAIT", "198.18.9.9:443", 600)).replace(
    "src=198.18.9.9 dst=198.18.8.1 sport=443", "src=10.0.0.254 dst=10.0.0.1 sport=3128"
)


def test_what_a_proxy_answers_and_what_a_cone_translates_are_told_apart(nat: str) -> None:
    """Kinds that go to the same services, as import writes them for one machine."""
    Path(nat).write_text(CAPTURED, encoding="utf-8")
    more = CAUGHT.replace("src=10.0.0.1 ", "src=10.0.0.7 ").replace("dst=10.0.0.1 ", "dst=10.0.0.7 ")
    found = invoke("observe", nat, "--from", "-", "--fill", nat, stdin=PASSING + more)
    assert found.stderr == f"wrote {nat}\n"
    assert re.search(r"  captured  5/s +8 s each\n  passing   2/s +5 s each\n", found.stdout)
    assert kinds_of(nat) == [("captured", None, 5, 8), ("passing", None, 2, 5)]
    assert load(nat).clients[0].addresses.count == 2
    assert ", was 10.0.0.0/8\n" in Path(nat).read_text(encoding="utf-8")


def test_services_of_each_kind_are_found_where_its_flows_leave(nat: str, tmp_path: Path) -> None:
    text = CAPTURED.replace('services = {addresses = "198.18.9.9", ports = 443}\n', "")
    unknown = "[services]\naddresses = 1  # unknown: how many answer\nports = 443\n"
    Path(nat).write_text(text + unknown, encoding="utf-8")
    sent = "State Recv-Q Send-Q Local Address:Port Peer Address:Port\n"
    sent += "".join(f"ESTAB 0 0 198.18.8.1:{40000 + n} 198.18.9.10:80\n" for n in range(250))
    (tmp_path / "ss").write_text(sent, encoding="utf-8")
    invoke("observe", nat, "--from", str(tmp_path / "ss"), "--from", "-", "--fill", nat, stdin=PASSING)
    assert {each.name: each.share for each in load(nat).services} == {"port-80": 0.5, "port-443": 0.5}


OTHERS = (
    CAPTURED.replace('"captured", share = "1/2"', '"captured", share = "1/2", services = "web"')
    .replace('"passing", share = "1/2"', '"passing", share = "1/2", services = "others"')
    .replace('services = {addresses = "198.18.9.9", ports = 443}\n', "")
    .replace("# unknown: how", "# rules:8, unknown: how")
    + """
[[services]]
name = "web"
addresses = 1  # unknown: how many answer
ports = 80  # rules:7
[[services]]
name = "others"
addresses = 1  # unknown: how many answer
ports = 443  # unknown: on which ports
"""
)
HIGH = tracking(("ESTABLISHED", "198.18.9.9:8443", 10), ("TIME_WAIT", "198.18.9.9:8443", 240))


def test_a_group_that_is_unknown_has_what_no_other_has(nat: str) -> None:
    Path(nat).write_text(OTHERS, encoding="utf-8")
    table = HIGH + tracking(("ESTABLISHED", "198.18.9.9:80", 7))  # not captured, and not of the others
    found = invoke("observe", nat, "--from", "-", "-o", "json", stdin=table)
    ports = {each["hop"]: each for each in json.loads(found.stdout)["limits"] if each["limit"] == "ports"}
    assert [each["scope"]["endpoint"] for each in ports["nat"]["busiest"]] == ["198.18.9.9:8443"]
    assert ports["nat"]["left_out"] == 0
    set_since = "--set", "services.others.ports=22"
    known = invoke("observe", nat, *set_since, "--from", "-", "-o", "json", stdin=table)
    ports = {each["hop"]: each for each in json.loads(known.stdout)["limits"] if each["limit"] == "ports"}
    assert (ports["nat"]["busiest"], ports["nat"]["left_out"]) == ([], 250)


def test_each_of_several_unknown_groups_is_filled(nat: str) -> None:
    Path(nat).write_text(OTHERS, encoding="utf-8")
    more = HIGH.replace("8443", "22").replace("ESTABLISHED", "TIME_WAIT")
    found = invoke("observe", nat, "--from", "-", "--fill", nat, stdin=HIGH + more)
    assert "services web: none of their endpoints is seen, so that they stay unknown\n" in found.stderr
    web, others = load(nat).to_dict()["services"]
    assert web == {"name": "web", "addresses": 1, "ports": 80}
    assert others == {"name": "others", "addresses": "198.18.9.9", "ports": [22, 8443]}
    assert load(nat).clients[0].addresses.count == 1
    text = Path(nat).read_text(encoding="utf-8")
    assert re.search(r"addresses = 1 +# measured [-0-9]+, was 10.0.0.0/8; rules:8\n", text)
    assert text.count("unknown: ") == 1


def test_unknown_groups_that_no_file_can_say_stay_so(nat: str) -> None:
    Path(nat).write_text(OTHERS, encoding="utf-8")
    more = HIGH.replace("8443", "22").replace("198.18.9.9", "198.18.9.8")
    found = invoke("observe", nat, "--from", "-", "--fill", nat, stdin=HIGH + more)
    rule = "2 addresses do not all answer on the same 2 ports"
    assert f"services others: {rule}, so that they stay unknown; write a group for each\n" in found.stderr
    assert load(nat).to_dict()["services"][1] == {"name": "others", "addresses": 1, "ports": 443}


def test_a_cone_that_has_both_tells_what_is_not_captured(nat: str) -> None:
    """With its clients' addresses a proxy sends through the cone as well."""
    Path(nat).write_text(
        CAPTURED.replace('"own"\naddresses = "198.18.8.1"', '"client"').replace('traffic = "passing"\n', ""),
        encoding="utf-8",
    )
    both = tracking(("ESTABLISHED", "198.18.9.9:443", 50), ("TIME_WAIT", "198.18.9.9:443", 840))
    invoke("observe", nat, "--from", "-", "--fill", nat, stdin=both + CAUGHT)
    assert kinds_of(nat) == [("captured", None, 5, 8), ("passing", None, 2, 5)]


def test_a_rate_that_may_be_higher_is_not_filled_in(hub: str) -> None:
    """Without timers 60 closed are 1/s at least: traffic may have begun just now."""
    table = re.sub(" timer:.*", "", sockets(9, 60))
    found = invoke("observe", hub, "--from", "-", "--fill", hub, stdin=table)
    said = "rate and hold: at least 1 connections come in a second, and it may be more: 60 closed in 60 s: "
    assert found.stderr.startswith(said)
    assert Path(hub).read_text(encoding="utf-8") == HUB
    shown = " ".join(invoke("observe", hub, "--from", "-", stdin=table).stdout.split())
    assert "Sockets, an estimate: at least 1 new connections a second (60 closed in 60 s: " in shown
    assert (
        "connection_hold_seconds"
        not in invoke("observe", hub, "--from", "-", "-o", "prometheus", stdin=table).stdout
    )


def test_an_idle_machine_is_no_error(nat: str, tmp_path: Path) -> None:
    """conntrack -L prints nothing of it; a file that is missing is none."""
    (tmp_path / "idle").write_text("", encoding="utf-8")
    found = invoke("observe", nat, "--from", str(tmp_path / "idle"), "--fail-above", "0.8")
    assert found.exit_code == 0
    assert "Tracking table: no entries.\n" in found.stdout
    with pytest.raises(InputError, match=r"none: No such file or directory$"):
        invoke("observe", nat, "--from", str(tmp_path / "none"))


def test_json_is_refused_before_it_looks(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(hub).write_text(json.dumps(tomllib.loads(HUB)), encoding="utf-8")
    monkeypatch.setattr("tuplecalc.cli.observe.snapshots", lambda *_: pytest.fail("it looked"))
    with pytest.raises(InputError, match=r"^--fill: the chain file is JSON"):
        invoke("observe", hub, "--from", "-", "--fill", hub, stdin=sockets(9, 9))


@pytest.mark.parametrize(
    ("text", "table", "why"),
    [
        (
            HUB,
            sockets(9, 0),
            "--fill: no connection to the services was seen to close, so there is no rate; look again later",
        ),
        (
            json.dumps(tomllib.loads(HUB)),
            sockets(9, 9),
            "--fill: the chain file is JSON, which has no comments; write it as TOML",
        ),
    ],
)
def test_what_cannot_be_filled(hub: str, text: str, table: str, why: str) -> None:
    Path(hub).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"^{re.escape(why)}$"):
        invoke("observe", hub, "--from", "-", "--fill", hub, "-o", "json", "--to", f"{hub}.json", stdin=table)
    assert Path(hub).read_text(encoding="utf-8") == text
    assert not Path(f"{hub}.json").exists()  # it is refused before anything is shown


# Again and again.


def streams(opened: int) -> list[Stream]:
    return [Stream("ss", sockets(opened, 60).encode().splitlines(keepends=True))]


def test_what_grows_runs_dry(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("tuplecalc.sources.busy.observed.monotonic", lambda: clock[0])
    monkeypatch.setattr(
        "tuplecalc.sources.busy.observed.sleep", lambda time: clock.__setitem__(0, clock[0] + time)
    )
    counts = iter((1000, 1100, 1300))
    seen = list(snapshots(capacity(load(hub)), ["clients"], lambda: streams(next(counts)), 10.0, 3, 1))
    assert [each.snapshots for each in seen] == [1, 2, 3]
    assert seen[0].dry_first is None
    last = seen[-1].dry_first
    assert last is not None
    assert (seen[-1].seconds, last.busy.growth, last.seconds) == (20.0, 15.0, (28_232 - 1360) / 15)


def test_interrupted_it_says_what_it_has_seen(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ss.txt").write_text(sockets(100, 20), encoding="utf-8")
    naps = []

    def sleep(time: float) -> None:
        naps.append(time)
        if len(naps) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("tuplecalc.sources.busy.observed.sleep", sleep)
    arguments = ("observe", hub, "--from", str(tmp_path / "ss.txt"), "--every", "10s", "--for", "5m")
    found = invoke(*arguments, "-o", "json")
    assert (found.exit_code, found.stderr) == (0, "")
    assert json.loads(found.stdout)["snapshots"] == 2
    naps.clear()
    assert "None of these scopes grows." in invoke(*arguments).stdout
    assert naps[0] == 0
    del naps[2:]  # the next nap is the third
    assert invoke(*arguments).exit_code == 130  # nothing was seen


@pytest.mark.parametrize(
    ("arguments", "naps"),
    [
        (("--for", "5s"), [0, 5]),
        (("--for", "25s"), [0, 10, 20]),
        (("--every", "2s"), [0, 2]),
        (("--every", "2s", "--for", "7s"), [0, 2, 4, 6]),
    ],
)
def test_how_often_it_looks(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], naps: list[int]
) -> None:
    (tmp_path / "ss.txt").write_text(sockets(1, 0), encoding="utf-8")
    found: list[float] = []
    monkeypatch.setattr("tuplecalc.sources.busy.observed.monotonic", lambda: 0)
    monkeypatch.setattr("tuplecalc.sources.busy.observed.sleep", found.append)
    invoke("observe", hub, "--from", str(tmp_path / "ss.txt"), *arguments)
    assert found == naps


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--every", "0"),
            '--every "0": this is a time above 0 and up to 30 days; write it as in --every 10s',
        ),
        (
            ("--for", "soon"),
            '--for "soon": this is a time above 0 and up to 30 days; write it as in --for 5m',
        ),
        (("--for", "5s", "--every", "10s"), "--for: shorter than --every; look for longer, or more often"),
        (
            ("--from", "-", "--every", "1s"),
            "--every: standard input can be read once; name files, or leave --from out",
        ),
        (
            ("--from", "-", "--from", "-"),
            "-: standard input is one of FILE and --from already; name files for the others",
        ),
        (("--to", "x.prom"), "--to: a table is for people to read; add -o prometheus or -o json"),
        (("--top", "0"), '--top "0": this is a whole number from 1 to 99,999; write it as in --top 20'),
        (
            ("--fail-above", "0"),
            '--fail-above "0": this is a share above 0; write it as in --fail-above 0.8 or 80%',
        ),
        (
            ("--fail-above", "90"),
            '--fail-above "90": a share above 1 has its percent sign; write --fail-above 90%, or 9000%',
        ),
        (
            ("--hop", "lvs", "--hop", "login-proxy", "--from", "-"),
            "--hop: lvs, login-proxy: these are of several machines; hops of one have the same `machine` in "
            "the file",
        ),
        (
            ("--from", "-"),
            "--hop: which hop is this machine? The chain has lvs, login-proxy; write it as in --hop lvs",
        ),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        invoke("observe", "outage", *arguments)


def test_refusals_of_a_process(hub: str, tmp_path: Path) -> None:
    assert refused(run("observe", hub, "--from", str(tmp_path / "no"))).startswith(f"{tmp_path / 'no'}: ")
    assert refused(run("observe", hub, "--from", "-", stdin=b"what?\n")).startswith(
        'standard input:1: "what?": this is no line of a table of connections; give the output of ss -tan'
    )


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        ("prometheus_client", ("-o", "prometheus"), "-o prometheus needs prometheus-client"),
        ("tomlkit", ("--fill", "new.toml"), "--fill needs tomlkit"),
    ],
)
def test_a_missing_library(
    hub: str, module: str, arguments: tuple[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    way_out = "which is not installed; pip install 'tuplecalc[live]'"
    with pytest.raises(InputError, match=f"^{re.escape(f'{message}, {way_out}')}$"):
        invoke("observe", hub, "--from", "-", *arguments, stdin=sockets(9, 9))


# Terminals and pipes.


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_it_fits_a_terminal(nat: str, tmp_path: Path, columns: int) -> None:
    """Where a scope is wider than its column, it has a line of its own."""
    long = "2001:db8:1111:2222:3333:4444:5555"
    ends = NAT.replace("198.18.8.1", f"{long}:1").replace("10.0.0.0/8", "2001:db8::/64")
    Path(nat).write_text(ends.replace("198.18.9.", f"{long}:"), encoding="utf-8")
    entry = f"src={long}:1 dst={long}:9 sport=%d dport=443 src={long}:9 dst={long}:1 sport=443 dport=%d use=1"
    table = "".join(f"tcp 6 9 ESTABLISHED {entry % (port, port)}\n" for port in range(1024, 2024))
    (tmp_path / "ct.txt").write_text(f"{table}what is {'this' * 40}\n", encoding="utf-8")
    text = terminal("observe", nat, "--from", str(tmp_path / "ct.txt"), COLUMNS=str(columns))
    assert "\x1b[1;31mFullest: nat ports" in text
    lines = [line for line in bare(text).splitlines() if str(tmp_path) not in line]
    assert max(map(len, lines)) <= columns
    assert not [line for line in lines if line != line.rstrip()]
    scope = f"{long}:1 → [{long}:9]:443"
    assert f"{scope}: 1,000 of 1,024 (98%)." in " ".join(bare(text).split())
    assert any(scope in line and line.endswith("98%") for line in lines) is (columns == 200)


def test_on_a_terminal_progress_is_shown_and_goes_away(hub: str, tmp_path: Path) -> None:
    (tmp_path / "ss.txt").write_text(sockets(10, 2), encoding="utf-8")
    arguments = (hub, "--from", str(tmp_path / "ss.txt"), "--every", "0.1s", "--for", "0.2s")
    assert "snapshots" in terminal("observe", *arguments)
    piped = run("observe", *arguments)
    assert (piped.returncode, piped.stderr) == (0, b"")
    assert b"3 snapshots in 2" in piped.stdout
    assert b"\x1b" not in piped.stdout


def test_a_closed_pipe_is_quiet(hub: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "tuplecalc", "observe", hub, "--from", "-"]
    table = sockets(10, 2).encode()
    done = subprocess.run(command, input=table, stdout=writer, stderr=subprocess.PIPE, env=PLAIN, check=False)
    os.close(writer)
    assert done.stderr == b""


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_takes_the_metrics(nat: str) -> None:
    written = run("observe", nat, "--from", "-", "-o", "prometheus", "--top", "3", stdin=BUSY.encode()).stdout
    done = subprocess.run(["promtool", "check", "metrics"], input=written, capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")
