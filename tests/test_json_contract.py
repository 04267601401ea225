"""What the commands write with ``-o json``: every shape of result under the schema that is shipped for it."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

import tuplecalc as tc
from tests.command import HUGE, invoke, refused, run
from tests.render.observations import observed
from tests.test_cli_observe import BUSY as BUSY_NAT
from tests.test_cli_observe import sockets
from tests.test_cli_presets import OVERRIDDEN
from tests.test_cli_verify import result
from tuplecalc.lab.verification import Verification
from tuplecalc.network.file import EXAMPLES
from tuplecalc.network.presets import preset
from tuplecalc.render.json import SCHEMAS
from tuplecalc.sources.busy.observed import Observed, snapshots

DIRECT = "clients = {addresses = 9, time_wait = 0}\nservices = {addresses = 3, ports = 80}\n"
PROXY = 'hops = [{name = "p", kind = "hourglass", capture = "%s", %s}]\n'
TWO_PROXIES = PROXY % ("listen", 'instances = 2, split = "services"')
NO_FILES = PROXY % ("listen", "max_files = 1")
BUSY = DIRECT.replace("9", '1, ports = "1-3"').replace("time_wait = 0", "time_wait = 1")
BUSY += PROXY % ("tproxy", 'source = "client", ports = "1-2", tracking = "strict"')
LEFT_OUT = OVERRIDDEN.replace("hops = [", 'hops = [{name = "lb", preset = "haproxy", source = "client"},')

BRANCHES = """
traffic.kinds = [{name = "a", share = 0.5, services = "x"}, {name = "b", share = 0.5, services = "y"}]
clients = {addresses = 99, ports = "1-99"}
hops = [
  {name = "nat", kind = "cone", addresses = 2, traffic = "a"},
  {name = "p", kind = "hourglass", capture = "tproxy", source = "client", traffic = "a"},
]
services = [{name = "x", addresses = 1, ports = 80}, {name = "y", addresses = 1, ports = 81, time_wait = 70}]
"""

MIX = """
traffic.rate = 90
traffic.hold = "9s"
traffic.kinds = [
  {name = "login", share = 0.1, hold = "5m", services = "auth"},
  {name = "web", share = 0.5, first_close = "server", clients = "office"},
  {name = "dns", share = 0.4, hold = 0, protocol = "udp", services = "dns"},
]
clients = [
  {name = "office", addresses = 50, max_files = 4000}, {name = "home", addresses = 20, ports = "1024-65535"},
]
services = [
  {name = "auth", addresses = 3, ports = 443}, {name = "web", addresses = 2, ports = [80, 443]},
  {name = "dns", addresses = 1, ports = 53},
]
[[hops]]
name = "nat"
kind = "cone"
addresses = 1
ports = "1024-40000"
traffic = ["login", "web"]
[[hops]]
name = "in"
kind = "hourglass"
capture = "tproxy"
source = "client"
machine = "m"
ports = "30000-50000"
captures = "login"
max_entries = 200000
[[hops]]
name = "out"
kind = "hourglass"
capture = "listen"
machine = "m"
captures = "web"
connections_per_flow = "1/3"
upstream_hold = "50s"
"""
MOST = "hops.nat.most.addresses=8"
FAMILIES = """
traffic.rate = 5
clients = {addresses = ["127.0.0.1", "::1"], ports = "49152-65535"}
services = {addresses = ["127.0.0.1", "::1"], ports = 8080}
"""

CASES: dict[str, tuple[tuple[tuple[str, ...], str | None], ...]] = {
    "capacity": (
        *((("capacity", name), None) for name in EXAMPLES),
        (("capacity", "outage", "--blocking", "1e-3"), None),
        (("capacity", "-"), DIRECT),
        (("capacity", "-", "--rate", "5"), DIRECT),
        (("capacity", "-", "--blocking", "0.01"), DIRECT + "traffic.hold = 1"),
        (("capacity", "-"), DIRECT + TWO_PROXIES),
        (("capacity", "-", "--rate", "5"), DIRECT + NO_FILES),
        (("capacity", "-"), BUSY),
        (("capacity", "-"), HUGE),
        (("capacity", "-"), LEFT_OUT),
        (("capacity", "inverted-cone-tproxy", "--set", "hops.nat.block=64"), None),  # at most
        *((("capacity", "-", *more), MIX) for more in ((), ("--set", "traffic.rate="))),
        (("capacity", "-"), FAMILIES),
        (("capacity", "-"), "traffic.kinds = [{name = 'one', share = 1}]\n" + DIRECT),
        (("capacity", "cone", "outage"), None),  # one line for each
    ),
    "explain": (
        *((("explain", name), None) for name in EXAMPLES),
        *(
            (("explain", "-"), text)
            for text in (DIRECT, DIRECT + TWO_PROXIES, DIRECT + NO_FILES, BUSY, HUGE, MIX, FAMILIES)
        ),
    ),
    "crossovers": (
        (("explain", "outage", "--crossover", "hops.lvs.addresses", "--crossover", "traffic.hold"), None),
        (("explain", "outage", "--crossover", "hops.lvs.addresses=1..9", "--knobs"), None),
        (("explain", "-", "--crossover", "traffic.first_close", "--knobs"), DIRECT),
    ),
    "solve": (
        (("solve", "outage", "--for", "hops.lvs.addresses", "--rate", "700"), None),
        (("solve", "outage", "--for", "hops.lvs.addresses=1..64", "--flows", "500000"), None),
        (("solve", "outage", "--for", "hops.lvs.addresses", "--rate", "700", "--blocking", "1e-3"), None),
        (("solve", "outage", "--for", "hops.lvs.addresses=1..2", "--rate", "70000"), None),  # none helps
        (("solve", "cone", "--for", "hops.nat.addresses", "--set", "clients.flows_each=60"), None),
        (("solve", "outage", "--for", "traffic.hold", "--rate", "700"), None),
        (("solve", "outage", "--for", "traffic.rate", "--most-failing", "1%"), None),
        (("solve", "-", "--for", "traffic.hold", "--flows", "5"), DIRECT),  # any
        (("solve", "cone", "--for", "hops.nat.addresses", "--set", "clients.flows_each=30"), None),
        (("solve", "cone", "--for", "hops.nat.addresses", "--flows", "9", "--set", MOST), None),
        (("solve", "cone", "--for", "clients.flows_each"), None),
    ),
    "mix": (
        (("solve", "-", "--for", "mix", "--rate"), BRANCHES),
        (("solve", "-", "--for", "mix"), BRANCHES.replace("70", "700")),
        (
            ("solve", "-", "--for", "mix"),
            BRANCHES.replace('"nat", kind', '"nat", block = 64, kind'),
        ),  # at most
    ),
    "sweep": (
        (("sweep", "outage", "--vary", "hops.lvs.addresses=1..3", "--vary", "traffic.hold=0s..60s/3"), None),
        (("sweep", "outage", "--vary", "clients.addresses=9..10", "--blocking"), None),
        (("sweep", "cone", "--set", "hops.nat.block=2048", "--vary", "hops.nat.addresses=1..2"), None),
        (("sweep", "-", "--vary", "services.addresses=1..2"), DIRECT),
        (("sweep", "-", "--vary", "services[1].addresses=1..2"), HUGE),
        (("sweep", "-", "--vary", "clients.addresses=1..2"), DIRECT + NO_FILES),
    ),
    "compare": (
        (("compare", "outage", "mixed"), None),  # hops gone and hops added
        (("compare", "outage", "--set", "hops.lvs.addresses=2"), None),
        (("compare", "cone", "-"), DIRECT + NO_FILES),
        (("compare", "-", "outage"), DIRECT + NO_FILES),
        (("compare", "cone", "-"), HUGE),
        (("compare", "outage", "-"), BUSY),
        (("compare", "outage", "-"), MIX),
    ),
    "verify": ((("verify", "cone"), None),),
    "observe": (
        (
            ("observe", "cone", "--set", 'traffic.kinds=[{name="a",share=1}]', "--from", "-"),
            BUSY_NAT + "what?\n",
        ),
        (("observe", "outage", "--hop", "login-proxy", "--from", "-"), sockets(3, 2)),
        (("observe", "cone", "--from", "nothing reads it", "--every", "10s"), None),
    ),
    "presets": (
        (("presets",), None),
        *(
            (("presets", name), None)
            for name in ("tencent-nat-gateway", "aws-nat-gateway", "fortigate-pba", "a10-lsn", "haproxy")
        ),
    ),
}
"""The kind of output → commands and their standard input."""

FREE = {
    "scope",
    "states",
    "passed_over",
    "values",
    "unknown",
    "most",
    "least",
    "multiples",
    "knobs",
    "chain",
    "said",
    "old",
    "new",
}
"""What a chain file, a preset or a kernel says: any key may stand there."""


def in_text(written: str) -> Iterator[dict[str, Any]]:
    """One record over many lines, or one a line."""
    lines = written.splitlines()
    yield from map(json.loads, lines if lines[0].endswith("}") else [written])


@cache
def records(kind: str) -> list[dict[str, Any]]:
    return [
        record
        for arguments, stdin in CASES[kind]
        for record in in_text(invoke(*arguments, "-o", "json", stdin=stdin).stdout)
    ]


@cache
def schema(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(invoke("schema", kind).stdout)
    return found


@cache
def validator(kind: str) -> Any:
    """Stricter than JSON, where 1.0 is an integer."""
    draft = jsonschema.Draft202012Validator
    checker = draft.TYPE_CHECKER.redefine("integer", lambda _, value: is_count(value))
    return jsonschema.validators.extend(draft, type_checker=checker)(schema(kind))


def is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@pytest.fixture(autouse=True)
def _no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    def verify(chain: tc.Chain, **_: object) -> Verification:
        return replace(result(chain, measured=700, held=False), mixing=("lb",), drawing=("nat",))

    def again(*arguments: Any) -> Iterator[Observed]:
        return snapshots(*arguments) if arguments[4] == 1 else iter([observed(growth=0.5)])

    monkeypatch.setattr("tuplecalc.lab.verification.verify", verify)
    monkeypatch.setattr("tuplecalc.cli.observe.snapshots", again)


def test_flows_that_are_wanted_have_a_verdict() -> None:
    wanted = "--set", "traffic.rate=", "--set", "traffic.flows=9999999"
    record = json.loads(invoke("capacity", "cone", *wanted, "-o", "json").stdout)
    validator("capacity").validate(record)
    assert (record["offered"]["verdict"], record["offered"]["rate"]) == ("fails", None)
    assert record["not_counted"][0]["needs"] == 9_999_999


def test_of_several_files_each_line_is_what_the_schema_says() -> None:
    lines = invoke("capacity", "cone", "office-and-branch", "-o", "json").stdout.splitlines()
    for line in lines:
        validator("capacity").validate(json.loads(line))
    assert [json.loads(line)["file"] for line in lines] == ["cone", "office-and-branch"]


def test_every_kind_has_cases() -> None:
    assert set(CASES) == set(SCHEMAS)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_shape_is_valid(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(kind))
    for record in records(kind):
        validator(kind).validate(record)
        assert record["schema_version"] == 1


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_key_of_the_contract_is_exercised(kind: str) -> None:
    """A key that is always null or empty here would be one that nothing has looked at."""
    whole = schema(kind)
    seen = {key for record in records(kind) for key in exercised(whole, whole, record, "")}
    assert set(promised(whole, whole, "")) - seen == set()


def branches(whole: dict[str, Any], part: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a part of a schema may be: itself, or the choices that it gives; each with its name."""
    if reference := part.get("$ref"):
        name = reference.removeprefix("#/$defs/")
        yield from branches(whole, whole["$defs"][name], name)
    elif choices := part.get("anyOf", part.get("oneOf")):
        for choice in choices:
            yield from branches(whole, choice, name)
    else:
        yield name, part


def promised(
    whole: dict[str, Any], part: dict[str, Any], name: str, known: set[str] | None = None
) -> Iterator[str]:
    """All keys of a schema, each by the name of the part that has it."""
    known = set() if known is None else known
    for at, branch in branches(whole, part, name):
        for key, below in branch.get("properties", {}).items():
            if f"{at}.{key}" not in known:
                known.add(f"{at}.{key}")
                yield f"{at}.{key}"
                yield from promised(whole, below, f"{at}.{key}", known)
        if "items" in branch:
            yield from promised(whole, branch["items"], at, known)


def exercised(whole: dict[str, Any], part: dict[str, Any], value: Any, name: str) -> Iterator[str]:
    """The keys that say something in a record; all stand in the order of the schema."""
    for at, branch in branches(whole, part, name):
        keys = branch.get("properties", {})
        if isinstance(value, dict) and value.keys() >= set(branch.get("required", ())):
            assert [key for key in value if key in keys] == [key for key in keys if key in value]
            for key in value.keys() & keys.keys():
                if value[key] not in (None, "", [], {}):
                    yield f"{at}.{key}"
                    yield from exercised(whole, keys[key], value[key], f"{at}.{key}")
        if isinstance(value, list):
            for each in value:
                yield from exercised(whole, branch.get("items", {}), each, at)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_wrong_record_is_refused(kind: str) -> None:
    """A key more, a key less, another type: anywhere."""
    right = min(records(kind), key=lambda record: len(json.dumps(record)))
    wrong = list(spoilt(right, right))
    assert len(wrong) > 20
    for record in wrong:
        assert not validator(kind).is_valid(record), record


def spoilt(whole: Any, part: Any) -> Iterator[Any]:
    """A record with one thing wrong: of lists, in the first item."""
    if isinstance(part, list) and part:
        yield from spoilt(whole, part[0])
    if not isinstance(part, dict):
        return
    part["another"] = 1
    yield deepcopy(whole)
    del part["another"]
    for key, value in list(part.items()):
        if "." in key:
            continue  # the path of an axis
        del part[key]
        yield deepcopy(whole)
        if key not in FREE:
            part[key] = [[value]]
            yield deepcopy(whole)
        part[key] = value
        if key not in FREE or key in ("old", "new"):
            yield from spoilt(whole, value)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_schemas_leave_nothing_open_and_agree_with_each_other(kind: str) -> None:
    def closed(part: Any) -> bool:
        if isinstance(part, dict):
            is_closed = "properties" not in part or part["additionalProperties"] is False
            return is_closed and all(map(closed, part.values()))
        return all(map(closed, part)) if isinstance(part, list) else True

    named = {name: part for other in SCHEMAS for name, part in schema(other).get("$defs", {}).items()}
    for name, part in schema(kind).get("$defs", {}).items():
        assert part == named[name]
    assert closed({**schema(kind), "$defs": list(schema(kind).get("$defs", {}).values())})


def test_what_has_no_schema() -> None:
    rule = f"this has no JSON with a schema; there are {', '.join(SCHEMAS)}"
    assert refused(run("schema", "plot")) == f'"plot": {rule}'
    assert refused(run("schema", "capcity")).endswith('; did you mean "capacity"?')


# From Python.


def test_the_library_gives_what_the_command_writes() -> None:
    outage = tc.example("outage")
    solved = tc.solve(outage, "hops.lvs.addresses", rate=700)
    swept = tc.sweep(outage, ["hops.lvs.addresses=1..3", "traffic.hold=0s..60s/3"])
    crossed = [tc.crossovers(outage, path) for path in ("hops.lvs.addresses", "traffic.hold")]
    found = {
        "capacity": tc.to_dict(tc.capacity(outage)),
        "explain": tc.to_dict(tc.explain(outage)),
        "solve": tc.to_dict(solved),
        "sweep": tc.to_dict(swept),
        "compare": tc.to_dict(tc.compare(outage, tc.example("mixed"))),
        "presets": tc.to_dict(preset("tencent-nat-gateway")),
    }
    written = {kind: records(kind)[0] for kind in found} | {"presets": records("presets")[1]}
    written["capacity"] = next(r for r in records("capacity") if r["title"] == outage.title)
    written["explain"] = next(r for r in records("explain") if r["title"] == outage.title)
    assert json.loads(json.dumps(found)) == written
    assert [tc.to_dict(each) for each in crossed] == records("crossovers")[0]["crossovers"]
    knobs = [tc.to_dict(each) for each in tc.elasticities(outage)]
    assert knobs == [{"schema_version": 1, **each} for each in records("crossovers")[1]["elasticities"]]
    asked = records("capacity")[len(EXAMPLES)]["offered"]
    assert tc.to_dict(tc.offered(outage, 1e-3)) == {"schema_version": 1, **asked}


def test_what_is_no_result() -> None:
    with pytest.raises(tc.InputError) as caught:
        tc.to_dict(tc.example("outage"))
    assert str(caught.value) == "Chain: this is no result; give what capacity, solve, sweep … return"


# What the figures are.


def test_the_figures_of_a_capacity_agree_with_each_other() -> None:
    for data in records("capacity"):
        found = {(hop["name"], limit["name"]): limit for hop in data["hops"] for limit in hop["limits"]}
        assert data["hops"][0]["name"] == data["hops"][0]["kind"] == "clients"
        flows = [limit["flows"] for limit in found.values() if limit["flows"] is not None]
        assert data["hops"][-1]["flows"] == data["flows"] == min(flows)
        assert len(found) == sum(len(hop["limits"]) for hop in data["hops"])  # names are unique
        assert sum(kind["share"] for kind in data["kinds"]) == pytest.approx(1)
        assert data["flows"] - len(data["kinds"]) < sum(kind["flows"] for kind in data["kinds"])
        kinds = {kind["name"] for kind in data["kinds"]} - {""}
        assert kinds == {name for limit in found.values() for name in limit["kinds"]}
        for kind in data["kinds"]:
            if kind["rate_binding"]:
                limit = found[kind["rate_binding"]["hop"], kind["rate_binding"]["limit"]]
                assert kind["name"] in limit["kinds"] or not kinds
                assert limit["rate"] >= data["rate"]
            if kind["rate"] is not None:
                assert kind["rate"] == pytest.approx(data["rate"] * kind["share"])
        assert found[data["binding"]["hop"], data["binding"]["limit"]]["flows"] == data["flows"]
        assert (data["rate_binding"] is None) == (data["rate"] is None)
        if data["rate_binding"]:
            rate = found[data["rate_binding"]["hop"], data["rate_binding"]["limit"]]["rate"]
            assert rate == data["rate"] == data["hops"][-1]["rate"]
        for limit in found.values():
            assert isinstance(limit["rate"], float | None)
            assert isinstance(limit["seconds_per_flow"], float)
        names = [hop["name"] for hop in data["hops"]]
        assert {use["hop"] for use in data["presets"]} <= set(names)
        if offered := data["offered"]:
            assert [hop["name"] for hop in offered["hops"]] == ([] if offered["rate"] is None else names)
            without_rate = {offered[key] is None for key in ("blocking", "expected_failing", "verdict")}
            assert without_rate == {offered["rate"] is None}
            if best := offered["blocking"]:
                assert best["lower"] <= offered["expected_failing"]["lower"]
                assert best["upper"] <= offered["expected_failing"]["upper"]
            by_kind = [(kind["name"], kind["rate"]) for kind in offered["kinds"]]
            rates = [
                (kind["name"], pytest.approx(kind["share"] * (offered["rate"] or 0)))
                for kind in data["kinds"]
            ]
            assert by_kind == ([] if offered["rate"] is None else rates)
        for bracket in brackets(data):
            assert bracket["lower"] <= bracket["upper"]


def brackets(value: Any) -> Iterator[dict[str, float]]:
    if isinstance(value, dict):
        if "lower" in value:
            yield value
        for each in value.values():
            yield from brackets(each)
    if isinstance(value, list):
        for each in value:
            yield from brackets(each)


def test_json_of_a_chain_with_fractions_and_no_rate() -> None:
    topology = """
        clients.addresses = 9
        hops = [{name = "p", kind = "hourglass", capture = "listen", instances = 2, split = "services"}]
        services = {addresses = 3, ports = 80}
        clients.time_wait = 0
    """
    data = json.loads(invoke("capacity", "-", "-o", "json", stdin=topology).stdout)
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
    assert data["rate"] is None
    assert data["rate_binding"] is None
    none = {"lower": 0.0, "upper": 0.0}
    assert data["offered"] == {
        "rate": 5.0,
        "utilisation": None,
        "overloaded": False,
        "verdict": "fits",
        "expected_failing": none,
        "blocking": none,
        "exhausted_after": None,
        "blind": None,
        "max_rate_at_blocking": None,
        "hops": [{"name": "clients", "utilisation": None}],
        "kinds": [
            {"name": "", "rate": 5.0, "failing": none, "expected_failing": none, "exhausted_after": None}
        ],
        "hit_first": None,
    }
    assert data["shape"] == "direct"


def test_json_integers_are_exact_at_any_size() -> None:
    data = json.loads(invoke("capacity", "-", "-o", "json", stdin=HUGE).stdout)
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
    assert offered["blind"]["kills"]
    assert offered["blind"]["burst"] == pytest.approx(0.5625, abs=1e-4)  # 1 - (1 - d + d²/3) at d = 3/4


def test_json_of_the_outage_says_what_fails_and_when() -> None:
    data = json.loads(invoke("capacity", "outage", "--blocking", "1e-3", "-o", "json").stdout)
    offered = data["offered"]
    assert offered["overloaded"]
    assert offered["utilisation"] == 700 / data["rate"]
    assert offered["verdict"] == "fails"
    lower, upper = offered["blocking"].values()
    assert upper < offered["expected_failing"]["lower"]
    assert 1 - data["rate"] / 700 <= lower <= upper < 0.163
    assert 548 < offered["exhausted_after"] < 550
    assert offered["max_rate_at_blocking"]["blocking"] == 1e-3
    assert 580 < offered["max_rate_at_blocking"]["rate"] < data["rate"]
    assert offered["hops"][1] == {"name": "lvs", "utilisation": pytest.approx(700 / 921.6)}


def test_json_without_a_rate_still_answers_what_was_asked() -> None:
    topology = "clients.addresses = 9\nservices = {addresses = 3, ports = 80}\ntraffic.hold = 1"
    data = json.loads(invoke("capacity", "-", "--blocking", "0.01", "-o", "json", stdin=topology).stdout)
    assert data["offered"]["rate"] is None
    assert data["offered"]["max_rate_at_blocking"]["rate"] > 0
