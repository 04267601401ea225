"""Files as users write them: TOML, JSON, what is neither, and values changed on the command line."""

import copy
import io
import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from pydantic import TypeAdapter

from tests.limits.chains import Topology, topologies
from tuplecalc.errors import ChainError, InputError
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import (
    EXAMPLES,
    LARGEST_FILE,
    example,
    example_text,
    from_dict,
    load,
    loads,
    read,
)
from tuplecalc.network.ports import PortSet
from tuplecalc.network.replace import replace, replace_all, set_values, with_settings, written_setting
from tuplecalc.network.services import Services
from tuplecalc.network.values import Share

TOML = """
[clients]
addresses = 4

[[hops]]
name = "nat"
kind = "cone"
addresses = 1
time_wait = 0.1

[[hops]]
name = "my.proxy"
kind = "hourglass"
capture = "tproxy"

[services]
addresses = 2
ports = [80, "440-443"]
"""
SHORT = b"clients.addresses = 1\nservices = {addresses = 1, ports = 80}\n"
TABLES: Topology = {
    "clients": {"addresses": 4},
    "hops": [
        {"name": "nat", "kind": "cone", "addresses": 1, "time_wait": Decimal("0.1")},
        {"name": "my.proxy", "kind": "hourglass", "capture": "tproxy"},
    ],
    "services": {"addresses": 2, "ports": [80, "440-443"]},
}


def written_to(folder: Path, data: bytes) -> Path:
    path = folder / "net.toml"
    path.write_bytes(data)
    return path


# What is read.


def test_toml_json_and_a_mapping_are_the_same() -> None:
    as_json = json.dumps(TABLES, default=float)
    assert loads(TOML) == loads(as_json) == loads(f"\n  {as_json}") == from_dict(TABLES)


def test_decimals_are_read_as_they_are_written() -> None:
    for written in (TOML, json.dumps(TABLES, default=float)):
        assert loads(written).hops[0].linger == Fraction(1, 10)


@given(topologies())
def test_json_of_a_topology_is_the_topology(topology: Topology) -> None:
    assert loads(json.dumps(topology)) == from_dict(topology)


@pytest.mark.parametrize(
    "data",
    [
        SHORT,
        b"\xef\xbb\xbf" + SHORT,
        SHORT.replace(b"\n", b"\r\n"),
        b"# a long comment " + b"-" * 100_000 + b"\n" + SHORT,
        b'{"clients": {"addresses": 1}, "services": [{"addresses": 1, "ports": 80}]}',
    ],
    ids=["plain", "byte order mark", "line ends of Windows", "long", "JSON"],
)
def test_files(tmp_path: Path, data: bytes) -> None:
    chain = load(written_to(tmp_path, data))
    assert chain.services == (Services(addresses=1, ports=80),)
    assert chain.title == "net.toml"


def test_the_title_is_the_file_s_name_unless_it_has_one(tmp_path: Path) -> None:
    assert load(written_to(tmp_path, SHORT)).title == "net.toml"
    assert load(str(written_to(tmp_path, b'title = "Mine"\n' + SHORT))).title == "Mine"
    assert loads(SHORT.decode()).title == ""
    assert read(io.BytesIO(SHORT), "<stdin>", "standard input").title == "standard input"


def test_settings_are_made_before_the_check(tmp_path: Path) -> None:
    path = written_to(tmp_path, SHORT.replace(b"= 80", b"= 0"))
    assert load(path, ["services.ports=81"]).services[0].ports.size == 1


# What is not read.

OBJECT = 'a chain file in JSON is one object, {"clients": …}'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty; `tuplecalc examples outage` prints a chain file to start from"),
        (b" \n\t", "empty; `tuplecalc examples outage` prints a chain file to start from"),
        (b"\x7fELF\0\1", "binary, not text; a chain file is a TOML or JSON file"),
        (SHORT.decode().encode("utf-16"), "not UTF-8 (line 1, byte 0); save it as UTF-8"),
        (SHORT + b"# \xff", "not UTF-8 (line 3, byte 63); save it as UTF-8"),
        (b"x" * (LARGEST_FILE + 1), "larger than 8,000,000 bytes; a chain file is a small TOML or JSON file"),
        (b"a = " + b"[" * 100_000, "nested too deep to be a chain file"),
        (b'{"a": ' + b"[" * 100_000, "nested too deep to be a chain file"),
        (b"a =", "not TOML: invalid value (at end of document)"),
        (b"a = 1\na = 2\n", "not TOML: cannot overwrite a value (at line 2, column 6)"),
        (
            b"[hops]\n[hops]\n",
            "not TOML: cannot declare ('hops',) twice (at line 2, column 6); "
            "write [[hops]], in two brackets, above each of several",
        ),
        (
            b"hold = 20 s\n",
            "not TOML: expected newline or end of document after a statement (at line 1, column 11); "
            'what is more than a number stands in quotes: hold = "20 s"',
        ),
        (b'{"a": 1, "a": 2}', 'not JSON: the key "a" stands twice in one table'),
        (
            "a = “30s”".encode(),
            'not TOML: invalid value (at line 1, column 5); “ is a full-width character: write "',
        ),
        (
            "{“a”: 1}".encode(),
            "not JSON: expecting property name enclosed in double quotes: line 1 column 2 (char 1); “ is a "
            'full-width character: write "',
        ),
        (b'{"a": 1} x', "not JSON: extra data: line 1 column 10 (char 9)"),
        (b"{", "not JSON: expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"[]", f"JSON, but an array; {OBJECT}"),
        (b' [ {"a": 1} ]\n', f"JSON, but an array; {OBJECT}"),
        (b'[\n{"a": 1', "not JSON: expecting ',' delimiter: line 2 column 8 (char 9)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_topology(tmp_path: Path, data: bytes, message: str) -> None:
    path = written_to(tmp_path, data)
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'["a"', "not JSON: expecting ',' delimiter: line 1 column 5 (char 4)"),
        (b"['a', 1]", "not JSON: expecting value: line 1 column 2 (char 1)"),
        (b"[1, 2]", f"JSON, but an array; {OBJECT}"),
        (b'"a"', f"JSON, but a text; {OBJECT}"),
        (b"null", f"JSON, but null; {OBJECT}"),
        (b"true", f"JSON, but true or false; {OBJECT}"),
        (b"1.5", f"JSON, but a number; {OBJECT}"),
        (b"clients", "not JSON: expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_what_is_called_json_is_told_of_json(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "shop.JSON"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: {message}"


def test_toml_in_a_file_that_is_called_json_is_read(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    path.write_bytes(SHORT)
    assert load(path).services == loads(SHORT.decode()).services


@pytest.mark.parametrize("number", ["9" * 5000, "1e" + "9" * 30])
@pytest.mark.parametrize("form", ["clients.addresses = {}", '{{"clients": {{"addresses": {}}}}}'])
def test_a_number_beyond_all_measure_is_an_error_and_no_crash(number: str, form: str) -> None:
    with pytest.raises((InputError, ChainError)) as caught:
        loads(form.format(number))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("written", ["nan", "inf", "-inf", "1e400", "1e-400"])
def test_numbers_that_no_device_has(written: str) -> None:
    with pytest.raises(ChainError, match=r"^traffic\.rate: .*a rate is "):
        loads(f"{SHORT.decode()}traffic.rate = {written}")


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path / "none.toml", f"{tmp_path}/none.toml: cannot be read: no such file or directory"),
        (tmp_path, f"{tmp_path}: cannot be read: is a directory"),
        (tmp_path / "a\0b", f"{tmp_path}/a\\x00b: this is not a path: embedded null byte"),
    ):
        with pytest.raises(InputError) as caught:
            load(path)
        assert str(caught.value) == message


def test_a_file_s_errors_name_the_file(tmp_path: Path) -> None:
    path = written_to(tmp_path, SHORT + b"traffic.hold = 'x'\ntraffic.rate = 0\n")
    with pytest.raises(ChainError) as caught:
        load(path)
    first, *problems = str(caught.value).splitlines()
    assert first == f"{path}: 2 errors"
    assert [line.split(":")[0] for line in problems] == ["  traffic.rate", "  traffic.hold"]


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (3, "a chain file is a mapping of keys, not 3"),
        (None, "a chain file is a mapping of keys, not None"),
        ("x", 'a chain file is a mapping of keys, not "x"'),
        ({3: 4}, "the keys of a chain file are texts, not 3"),
    ],
)
def test_what_is_no_mapping(mapping: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        from_dict(mapping)
    assert str(caught.value) == message


def test_keys_of_an_inner_table_are_texts() -> None:
    with pytest.raises((InputError, ChainError)):
        from_dict({**TABLES, "clients": {"addresses": 1, 3: 4}})


# Examples.


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name: str, tmp_path: Path) -> None:
    path = written_to(tmp_path, example_text(name).encode())
    assert example(name) == load(path)
    assert from_dict(example(name).to_dict()) == example(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("outagee", 'no example is called "outagee"; did you mean "outage"?'),
        ("zzz", f'no example is called "zzz"; there are {", ".join(EXAMPLES)}'),
        ("../cone", 'no example is called "../cone"; did you mean "cone"?'),
    ],
)
def test_no_such_example(name: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        example(name)
    assert str(caught.value) == message


# Values changed on the way: --set.


@pytest.mark.parametrize(
    ("setting", "place", "value"),
    [
        ("hops.nat.addresses=5", ("hops", 0, "addresses"), 5),
        ("hops.0.addresses=5", ("hops", 0, "addresses"), 5),
        ("hops[0].addresses=5", ("hops", 0, "addresses"), 5),
        (" hops . nat . addresses = 5 ", ("hops", 0, "addresses"), 5),
        ('hops."my.proxy".ports=1-9', ("hops", 1, "ports"), "1-9"),
        ("hops.1.ports=80, 443", ("hops", 1, "ports"), "80, 443"),
        ("hops.1.ports=[80, 443]", ("hops", 1, "ports"), [80, 443]),
        ("hops.1.ports={count=9}", ("hops", 1, "ports"), {"count": 9}),
        ("hops.nat.time_wait=30s", ("hops", 0, "time_wait"), "30s"),
        ("hops.nat.name=other", ("hops", 0, "name"), "other"),
        ("hops.nat.max_entries=true", ("hops", 0, "max_entries"), True),
        ("hops.nat.virtual.addresses=2", ("hops", 0, "virtual"), {"addresses": 2}),
        ("traffic.rate=0.1", ("traffic", "rate"), Decimal("0.1")),
        ("title=a = b", ("title",), "a = b"),
        ('title="quoted"', ("title",), "quoted"),
        ("services.ports=[1", ("services", "ports"), "[1"),
        ("new.table.key=1", ("new", "table", "key"), 1),
    ],
)
def test_a_setting(setting: str, place: tuple[str | int, ...], value: object) -> None:
    mapping: Any = copy.deepcopy(TABLES)
    set_values(mapping, [setting])
    for step in place:
        mapping = mapping[step]
    assert mapping == value
    assert type(mapping) is type(value)


def test_a_setting_changes_nothing_else() -> None:
    mapping = copy.deepcopy(TABLES)
    set_values(mapping, ["hops.nat.addresses=5"])
    mapping["hops"][0]["addresses"] = 1
    assert mapping == TABLES


NO_SETTING = "a setting is a path, = and a value; write it as in hops.nat.addresses=4"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("clients", NO_SETTING),
        ("", NO_SETTING),
        ("=3", NO_SETTING),
        ("..=3", NO_SETTING),
        ("clients..x=3", NO_SETTING),
        ("hops[x]=3", NO_SETTING),
        ("hops.nta.addresses=5", 'nothing here is called "nta"; did you mean "nat"?'),
        ("hops.x.addresses=5", 'nothing here is called "x"; write nat or my.proxy or a number from 0 to 1'),
        ("hops.2.addresses=5", 'nothing here is called "2"; write nat or my.proxy or a number from 0 to 1'),
        ("hops.-1.addresses=5", 'nothing here is called "-1"; write nat or my.proxy or a number from 0 to 1'),
        ("hops[7].addresses=5", 'nothing here is called "7"; write nat or my.proxy or a number from 0 to 1'),
        ("clients.addresses.x=5", '"x" does not stand in a table that has keys'),
    ],
)
def test_a_setting_that_cannot_be_made(setting: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        set_values(copy.deepcopy(TABLES), [setting])
    assert str(caught.value) == f'--set "{setting}": {message}'


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("hops.nat.adresses=5", "hops[0].adresses: 5: unknown key; did you mean `addresses`?"),
        ("hops.nat.addresses==5", 'hops[0].addresses: "=5": this is no IP address; '),
        ("clients=x", 'clients: "x": this is a table of keys and values; write [clients] above its keys'),
        ("clients=", "clients: this key is required; add it"),
        ("hops=3", "hops: 3: this is a list of tables; write [[hops]]"),
        ("traffic.hold=x", 'traffic.hold: "x": a duration is seconds'),
    ],
)
def test_a_setting_is_checked_like_the_file(setting: str, message: str) -> None:
    with pytest.raises(ChainError) as caught:
        loads(TOML, settings=[setting])
    assert str(caught.value).startswith(message)


def test_later_settings_win_and_find_what_earlier_ones_made() -> None:
    settings = ["hops.nat.name=cgn", "hops.cgn.addresses=7", "traffic.hold=1s", "traffic.hold=2s"]
    chain = loads(TOML, settings=settings)
    assert chain.hops[0].name == "cgn"
    assert chain.traffic.hold == 2


def test_a_chain_with_other_values() -> None:
    before = loads(TOML)
    after = with_settings(before, "hops.nat.addresses=7", "services.0.ports=443")
    nat = after.hops[0]
    assert isinstance(nat, Cone)
    assert nat.addresses.size == 7
    assert after.services[0].endpoints == 2
    assert before == loads(TOML)
    with pytest.raises(ChainError, match="a range of ports runs upwards"):
        with_settings(before, "hops.nat.ports=9-1")


def test_parts_are_opened_on_the_way() -> None:
    mapping: dict[str, Any] = {
        "clients": Clients(addresses=4),
        "hops": (Cone(name="nat", addresses=1),),
        "services": Services(addresses=1, ports=80),
    }
    for setting in ("clients.ports=1-9", "hops.nat.addresses=5", "services.ports=81"):
        set_values(mapping, [setting])
    chain = from_dict(mapping)
    assert (chain.clients[0].ports.size, chain.clients[0].addresses.size) == (9, 4)
    assert chain.hops == (Cone(name="nat", addresses=5),)
    assert chain.services == (Services(addresses=1, ports=81),)


def test_typed_values_are_held_as_they_are() -> None:
    """A third of a second is no decimal, and 1/3 in any unit is no text of a duration."""
    chain = loads(TOML)
    changes = [("traffic.hold", Fraction(1, 3)), ("hops.nat.addresses", 5), ("clients.ports", ["1-4", 9])]
    changed = replace_all(chain, changes)
    nat = changed.hops[0]
    assert isinstance(nat, Cone)
    assert (changed.traffic.hold, nat.addresses.size, changed.clients[0].ports.size) == (
        Fraction(1, 3),
        5,
        5,
    )
    assert (
        replace(changed, "services.0.addresses", changed.clients[0].addresses).services[0].addresses.size == 4
    )
    assert chain == loads(TOML)


def test_a_key_is_taken_away() -> None:
    chain = loads(TOML, settings=["hops.nat.block=9", "hops.nat.block="])
    assert chain == loads(TOML)
    nat = replace(chain, "hops.nat.time_wait", None).hops[0]
    assert isinstance(nat, Cone)
    assert nat.time_wait == 120
    assert "time_wait" not in nat.model_fields_set
    assert len(with_settings(chain, "hops.nat=").hops) == len(chain.hops) - 1
    with pytest.raises(InputError) as caught:
        with_settings(chain, "hops.nat.time_weit=")
    assert str(caught.value) == (
        '--set "hops.nat.time_weit=": "time_weit" is not written there, and cannot be taken away; '
        'did you mean "time_wait"?'
    )
    with pytest.raises(InputError, match=r'^"hops\.nta\.block": nothing here is called "nta"; did you mean'):
        replace(chain, "hops.nta.block", 3)


def test_a_preset_is_read_again_beside_a_new_value() -> None:
    named = replace(loads(TOML), "hops.nat.preset", "aws-nat-gateway")
    assert "ports" in named.hops[0].preset_keys
    mine = replace(named, "hops.nat.ports", "1-9")
    assert mine.hops[0].own_ports == PortSet("1-9")
    assert replace(mine, "hops.nat.ports", None) == named


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (7, "7"),
        (Fraction(7), "7"),
        (Fraction(1, 8), "0.125"),
        (Fraction(2, 3), "0." + 33 * "6" + "7"),
        ("30s", "30s"),
        (AddressSet(["10.0.0.0/8", 2]), '[2, "10.0.0.0/8"]'),
        (None, ""),
    ],
)
def test_a_change_is_written_as_a_setting(value: object, written: str) -> None:
    assert written_setting("a.b", value) == f"a.b={written}"


@pytest.mark.parametrize(("written", "share"), [("30%", "3/10"), (" 2.5 % ", "1/40"), ("100%", "1")])
def test_a_share_is_also_percent(written: str, share: str) -> None:
    read = TypeAdapter(Share).validate_python
    assert read(written) == read(share)
