"""The JSON contract of `capacity`, key by key."""

import json
import re
from typing import Any

import pytest

from tests.command import HUGE, invoke
from tuplecalc.network.file import EXAMPLES

LIMIT_KEYS = ["name", "size", "scopes", "keys_per_flow", "seconds_per_flow", "flows", "rate", "formula"]
HOP_KEYS = ["name", "kind", "flows", "rate", "tuple_space", "tuples_per_flow", "limits"]
KEYS = ["schema_version", "title", "shape", "constraint", "flows", "rate", "binding", "rate_binding"]
KEYS += ["hops", "collapse", "at_most", "offered", "presets"]


def is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_rate(value: object) -> bool:
    return value is None or isinstance(value, float)


def is_exact(value: object) -> bool:
    return is_count(value) or (isinstance(value, str) and re.fullmatch(r"\d+/\d+", value) is not None)


def is_bracket(value: object) -> bool:
    if value is None:
        return True
    assert isinstance(value, dict)
    return list(value) == ["lower", "upper"] and value["lower"] <= value["upper"]


def check_offered(offered: dict[str, Any], hops: list[str]) -> None:
    keys = ["rate", "utilisation", "overloaded", "blocking", "exhausted_after", "blind"]
    assert list(offered) == [*keys, "max_rate_at_blocking", "hops"]
    assert isinstance(offered["overloaded"], bool)
    for key in ("rate", "utilisation", "exhausted_after"):
        assert is_rate(offered[key])
    assert is_bracket(offered["blocking"])
    assert (offered["blocking"] is None) == (offered["rate"] is None)
    if offered["blind"] is not None:
        assert list(offered["blind"]) == ["chooser", "hop", "burst", "blocking", "half_rate"]
        assert 0 < offered["blind"]["burst"] < 1
        assert is_bracket(offered["blind"]["blocking"])
        assert is_bracket(offered["blind"]["half_rate"])
    if offered["max_rate_at_blocking"] is not None:
        assert list(offered["max_rate_at_blocking"]) == ["blocking", "rate"]
    assert [hop["name"] for hop in offered["hops"]] == ([] if offered["rate"] is None else hops)
    for hop in offered["hops"]:
        assert list(hop) == ["name", "utilisation"]
        assert is_rate(hop["utilisation"])


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
    for use in data["presets"]:
        assert list(use) == ["hop", "name", "title", "values", "source", "date", "unknown"]
        assert isinstance(use["values"], dict)
        assert isinstance(use["unknown"], dict)
        assert use["hop"] in [hop["name"] for hop in data["hops"]]
        assert all(isinstance(source, str) for source in use["source"])
    if data["offered"] is not None:
        check_offered(data["offered"], [hop["name"] for hop in data["hops"]])


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
    assert data["offered"] == {
        "rate": 5.0,
        "utilisation": None,
        "overloaded": False,
        "blocking": {"lower": 0.0, "upper": 0.0},
        "exhausted_after": None,
        "blind": None,
        "max_rate_at_blocking": None,
        "hops": [{"name": "clients", "utilisation": None}],
    }
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
    offered = data["offered"]
    assert (offered["rate"], offered["utilisation"]) == (1500.0, 1500 / data["rate"])
    assert not offered["overloaded"]
    assert offered["blind"]["chooser"] == "nat"
    assert offered["blind"]["burst"] == 0.5


def test_json_of_the_outage_says_what_fails_and_when() -> None:
    data = json.loads(invoke("capacity", "outage", "--blocking", "1e-3", "-o", "json").stdout)
    check_contract(data)
    offered = data["offered"]
    assert offered["overloaded"]
    assert offered["utilisation"] == 700 / data["rate"]
    lower, upper = offered["blocking"].values()
    assert 1 - data["rate"] / 700 <= lower <= upper < 0.163
    assert 548 < offered["exhausted_after"] < 550
    assert offered["max_rate_at_blocking"]["blocking"] == 1e-3
    assert 580 < offered["max_rate_at_blocking"]["rate"] < data["rate"]
    assert offered["hops"][1] == {"name": "lvs", "utilisation": pytest.approx(700 / 921.6)}


def test_json_without_a_rate_still_answers_what_was_asked() -> None:
    topology = "clients.addresses = 9\nservices = {addresses = 3, ports = 80}\ntraffic.hold = 1"
    data = json.loads(invoke("capacity", "-", "--blocking", "0.01", "-o", "json", stdin=topology).stdout)
    check_contract(data)
    assert data["offered"]["rate"] is None
    assert data["offered"]["max_rate_at_blocking"]["rate"] > 0
