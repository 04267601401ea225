"""One machine at one moment, as ss, conntrack and the kernel print it (iproute2 6.1, conntrack 1.4.7)."""

import gzip
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuplecalc.errors import InputError
from tuplecalc.sources.tables.connection import Connection, endpoint
from tuplecalc.sources.tables.recognise import PARSERS, Stream, stream

DATA = Path(__file__).parents[2] / "data/sources/tables"

TCP = """
tcp listening 198.18.9.9:80 *:0
tcp listening 198.18.9.9:82 *:0
tcp listening *:8080 *:0
tcp listening [2001:db8::9]:80 *:0
tcp listening *:8081 *:0
tcp open 198.18.0.1:40001 198.18.9.9:80
tcp open 198.18.9.9:80 198.18.1.1:20045
tcp lingering 198.18.0.1:40002 198.18.9.9:80
tcp open 198.18.0.1:40003 198.18.9.9:81
tcp open 127.0.0.1:8080 198.18.0.1:40003
tcp open 198.18.0.1:40004 198.18.9.9:82
tcp open 198.18.9.9:82 198.18.1.1:20093
tcp open [2001:db8::1]:40005 [2001:db8::9]:80
tcp open [2001:db8::9]:80 [2001:db8::f]:20022
tcp open 198.18.0.1:40006 198.18.0.1:8081
tcp open 198.18.0.1:8081 198.18.0.1:40006
tcp closing 198.18.0.1:40007 198.18.9.9:80
tcp closing 198.18.9.9:80 198.18.1.1:20021
"""
UDP = """
udp listening 198.18.0.1:5353 *:0
udp open 198.18.0.1:40009 198.18.0.1:5353
udp listening 198.18.0.1:40010 *:0
"""
TRACKED = """
tcp open 198.18.0.1:40001 198.18.9.9:80 198.18.9.9:80 198.18.1.1:20045
tcp lingering 198.18.0.1:40002 198.18.9.9:80 198.18.9.9:80 198.18.1.1:20017
tcp open 198.18.0.1:40003 198.18.9.9:81 127.0.0.1:8080 198.18.0.1:40003
tcp open 198.18.0.1:40004 198.18.9.9:82 198.18.9.9:82 198.18.1.1:20093
tcp open [2001:db8::1]:40005 [2001:db8::9]:80 [2001:db8::9]:80 [2001:db8::f]:20022
tcp open 198.18.0.1:40006 198.18.0.1:8081 198.18.0.1:8081 198.18.0.1:40006
tcp closing 198.18.0.1:40007 198.18.9.9:80 198.18.9.9:80 198.18.1.1:20021
tcp reset 198.18.0.1:40008 198.18.9.9:80 198.18.9.9:80 198.18.1.1:20095
udp open 198.18.0.1:40009 198.18.0.1:5353 198.18.0.1:5353 198.18.0.1:40009
udp open 198.18.0.1:40010 198.18.9.9:5353 198.18.9.9:5353 198.18.1.1:20094
"""


def said(entry: Connection) -> str:
    ends = [endpoint(entry[place], entry[place + 1]) for place in (3, 5, 7, 9)]  # type: ignore[arg-type]
    if entry.table == "sockets":
        assert ends[2:] == ends[1::-1]
        del ends[2:]
    return " ".join([entry.protocol, entry.state, *ends])


def told(entries: Iterable[Connection], protocols: str = "tcp udp") -> Counter[str]:
    return Counter(said(each) for each in entries if each.protocol in protocols)


@pytest.mark.parametrize(
    ("name", "expected", "passed_over"),
    [
        ("ss-tan", TCP, {"headings": 1}),
        ("ss-uan", UDP, {"headings": 1}),
        ("ss-tuan", TCP + UDP, {"headings": 1}),
        ("ss-oneline", TCP, {"headings": 1}),
        ("ss-details", TCP, {"details of sockets": 17, "empty lines": 1}),
        ("proc-net", TCP + UDP, {"headings": 4}),
        ("conntrack", TRACKED, {"the tool's summary": 1}),
        ("conntrack-extended", TRACKED, {}),
        ("conntrack-id", TRACKED, {}),
        ("nf_conntrack", TRACKED, {}),
    ],
)
def test_a_table(name: str, expected: str, passed_over: dict[str, int]) -> None:
    source = stream(str(DATA / f"{name}.txt"))
    entries = list(source)
    assert told(entries) == Counter(filter(None, expected.splitlines()))
    assert (source.lines.passed_over, source.lines.not_understood) == (passed_over, 0)
    is_tracked = expected == TRACKED
    assert source.tables == {"tracking" if is_tracked else "sockets"}
    assert sum(each.protocol == "other" for each in entries) == (2 if is_tracked else 0)  # ICMP and GRE


def test_counters_of_packets_change_nothing() -> None:
    counted, plain = (stream(str(DATA / f"nf_conntrack{kind}.txt")) for kind in ("-counted", ""))
    ends = [{(each.protocol, each.state, each.source_port) for each in source} for source in (counted, plain)]
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    ("name", "left"),
    [("ss-oneline", 59), ("ss-details", 59), ("proc-net", 59.66), ("nf_conntrack", 119), ("ss-tan", None)],
)
def test_how_long_a_closed_one_has_left(name: str, left: float | None) -> None:
    (found,) = [each.remaining for each in stream(str(DATA / f"{name}.txt")) if each.state == "lingering"]
    assert found == left


@pytest.mark.parametrize("name", ["conntrack", "conntrack-extended", "conntrack-id", "nf_conntrack"])
def test_the_zone_of_an_entry(name: str) -> None:
    zones = {(each.source_port, each.zone) for each in stream(str(DATA / f"{name}.txt")) if each.zone}
    assert zones == {(40004, 7)}


@pytest.mark.parametrize(
    ("timer", "left"),
    [("1min29sec", 89), ("59sec", 59), ("5.123ms", 5.123), ("029ms", 0.029), ("12min", 720)],
)
def test_a_timer_of_ss(timer: str, left: float) -> None:
    line = f"TIME-WAIT 0 0 198.18.0.1:40002 198.18.9.9:80 timer:(timewait,{timer},0) ino:0"
    assert [each.remaining for each in Stream("x", [line.encode()])] == [left]


def test_all_tables_in_one_stream() -> None:
    """As `(ss -tan; conntrack -L; cat /proc/net/nf_conntrack) | …` gives them, with what stands between."""
    names = "ss-tan", "conntrack", "ss-uan", "ss-details"
    texts = [(DATA / f"{name}.txt").read_bytes() for name in names]
    source = Stream("x", b"$ sudo ss\n".join(texts).splitlines(keepends=True))
    assert told(source) == Counter(filter(None, (TCP + TRACKED + UDP + TCP).splitlines()))
    assert source.tables == {"sockets", "tracking"}
    assert source.lines.not_understood == 3
    line = texts[0].count(b"\n") + 1
    assert source.lines.remarks[0] == (f"x:{line}", "$ sudo ss", "this is no line of a table of connections")


@pytest.mark.parametrize(
    ("head", "tail", "state"),
    [
        ("ipv4     2 tcp      6 ", "[OFFLOAD] mark=0 zone=0 use=3", "open"),
        ("udp      17 ", "[HW_OFFLOAD] mark=0 use=3", "open"),
        ("tcp      6 119 SYN_SENT2 ", "mark=0 secctx=a:b:c zone-reply=12 use=1", "opening"),
        ("tcp      6 29 LAST_ACK ", "", "closing"),
    ],
)
def test_entries_that_are_seldom(head: str, tail: str, state: str) -> None:
    there = "src=198.18.0.1 dst=198.18.9.9 sport=40001 dport=80 zone-orig=3 packets=5 bytes=420 [UNREPLIED] "
    back = "src=198.18.9.9 dst=198.18.1.1 sport=80 dport=20045 "
    (found,) = Stream("x", [f"{head}{there}{back}{tail}".strip().encode()])
    assert found.zone == (12 if "zone-reply" in tail else 0)
    assert said(found)[4:] == f"{state} 198.18.0.1:40001 198.18.9.9:80 198.18.9.9:80 198.18.1.1:20045"


UNDECIDED = b"ESTAB 0 0 198.18.0.1:40001 198.18.9.9:80\n"


@pytest.mark.parametrize(
    ("more", "protocol"),
    [
        ([], "tcp"),
        ([b"UNCONN 0 0 198.18.0.1:53 0.0.0.0:*"], "udp"),
        ([b"SYN-SENT 0 1 198.18.0.1:40002 198.18.9.9:80"], "tcp"),
        ([UNDECIDED] * 1000 + [b"UNCONN 0 0 198.18.0.1:53 0.0.0.0:*"], "tcp"),
        ([b"State Recv-Q Send-Q Local Address:Port Peer Address:Port", b"UNCONN 0 0 *:53 *:*"], "tcp"),
    ],
    ids=["nothing else", "UDP's", "TCP's", "UDP's, too late", "UDP's, in the next table"],
)
def test_sockets_without_a_column_for_the_protocol(more: list[bytes], protocol: str) -> None:
    assert next(iter(Stream("x", [UNDECIDED, *more]))).protocol == protocol


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("tcp 6 9 SLEEP src=198.18.0.1 dst=198.18.0.2 sport=1 dport=2 src=198.18.0.2 dst=198.18.0.1 "
         "sport=2 dport=1 use=1", "a state or an address that the tracking table does not have"),
        ("tcp 6 9 CLOSE src=198.18.0.1 dst=198.18.0.2 sport=1 dport=2 [UNREPLIED] src=198.1",
         "an entry that is not whole"),
        ("ESTAB 0 0 198.18.0.1:1 198.18.0.300:2", "a state or an address that sockets do not have"),
        ("ESTAB 0 0 198.18.0.1:ssh 198.18.0.3:2", "ports are names here: print them as numbers, ss -tan"),
        ("   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0",
         "the heading is missing, which tells TCP from UDP"),
        ("Recv-Q Send-Q Local Address:Port Peer Address:Port\n0 0 198.18.0.1:4 198.18.9.9:80",
         "the column State is missing: print all states, as in ss -tan"),
        ("\x7fELF\x02", "this is no line of a table of connections"),
    ],
)  # fmt: skip
def test_a_line_that_is_not_understood(line: str, why: str) -> None:
    """It is counted and listed where other lines are understood; alone it is an error."""
    source = Stream("x", [*line.encode().splitlines(keepends=True), b"\n", UNDECIDED])
    assert len(list(source)) == 1
    (remark,) = source.lines.remarks
    assert (remark.why, remark.said) == (why, line.rpartition("\n")[2])
    with pytest.raises(InputError, match=rf"^x:\d: .*: {why}; give the output of ss -tan, "):
        list(Stream("x", line.encode().splitlines()))


def test_what_ss_was_asked_for_otherwise() -> None:
    """Names of ports, without -n; one state only, which then has no column."""
    named = stream(str(DATA / "ss-names.txt"))
    assert len(list(named)) == 4
    assert {each.why for each in named.lines.remarks} == {
        "ports are names here: print them as numbers, ss -tan"
    }
    assert named.lines.not_understood == 14
    with pytest.raises(
        InputError, match=r"ss-time-wait.txt:2: .*: the column State is missing: print all states"
    ):
        list(stream(str(DATA / "ss-time-wait.txt")))


def test_only_the_first_are_kept_and_all_are_counted() -> None:
    source = Stream("x", [UNDECIDED, *[b"what is this " + b"?" * 300] * 9])
    assert len(list(source)) == 1
    assert source.lines.not_understood == 9
    assert [each.where for each in source.lines.remarks] == [f"x:{number}" for number in range(2, 7)]
    assert all(len(each.said) == 200 for each in source.lines.remarks)


@pytest.mark.parametrize("lines", [[], [b"\n"]])
def test_a_text_without_lines_is_the_tracking_table_of_an_idle_machine(lines: list[bytes]) -> None:
    source = Stream("x", lines)
    assert (list(source), source.tables) == ([], {"tracking"})


def test_a_table_without_entries_is_one() -> None:
    source = Stream("x", [b"State Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"])
    assert (list(source), source.tables) == ([], {"sockets"})


def test_files(tmp_path: Path) -> None:
    plain = (DATA / "conntrack.txt").read_bytes()
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(plain))
    assert told(stream(str(packed))) == Counter(filter(None, TRACKED.splitlines()))
    packed.write_bytes(gzip.compress(plain)[:-20])
    with pytest.raises(InputError, match="packed: Compressed file ended before"):
        list(stream(str(packed)))
    with pytest.raises(InputError, match="none: No such file or directory"):
        list(stream(str(tmp_path / "none")))
    with pytest.raises(InputError, match="Is a directory"):
        list(stream(str(tmp_path)))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    for packed in (gzip.compress, bytes):
        text = io.BufferedReader(io.BytesIO(packed((DATA / "ss-tan.txt").read_bytes())))
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(text))
        source = stream("-")
        assert told(source) == Counter(filter(None, TCP.splitlines()))
        assert source.name == "standard input"


REAL = [line for path in sorted(DATA.glob("*.txt")) for line in path.read_bytes().splitlines(keepends=True)]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    line = bytearray(draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(line)))
        line[place : place + draw(st.integers(0, 12))] = draw(st.binary(max_size=6))
    return bytes(line)


@given(st.lists(st.one_of(mutated(), st.sampled_from(REAL), st.binary(max_size=80)), max_size=12))
def test_anything_is_read_or_is_an_input_error(lines: list[bytes]) -> None:
    """Each line is an entry, passed over, or counted as not understood; there is nothing else."""
    source, entries = Stream("x", lines), 0
    try:
        for entry in source:
            entries += 1
            assert all(0 <= port < 10**5 for port in entry[4:11:2])
    except InputError:
        assert entries == 0
    counted = entries + source.lines.passed_over.total() + source.lines.not_understood
    assert counted == source.lines.number == len(lines)


@given(st.sampled_from(REAL))
def test_one_parser_knows_a_line(line: bytes) -> None:
    text = line.decode().rstrip("\n")
    assert sum(each.recognises(text) for each in PARSERS) <= 1
