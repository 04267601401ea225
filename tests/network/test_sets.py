"""What both sets are: frozen values, fields of a model, fast."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import time
from collections.abc import Callable
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from tests.network.sets import (
    port_sets,
    written,
)
from tuplecalc.errors import ChainError
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.ports import PortSet
from tuplecalc.network.schema import json_schema

VALUES: list[PortSet | AddressSet] = [
    PortSet(80) - PortSet(80),
    PortSet([80, "8000-8099"]),
    AddressSet(4),
    AddressSet([4, "198.18.0.0/16", "2001:db8::/64"]),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_are_frozen_hashable_and_copied_whole(value: Any) -> None:
    for same in (
        copy.copy(value),
        copy.deepcopy(value),
        pickle.loads(pickle.dumps(value)),
        type(value)(value),
    ):
        assert same == value
        assert hash(same) == hash(value)
    assert value != value.spec
    field = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field, 5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        delattr(value, field)


def test_ports_are_no_addresses() -> None:
    ports: object = PortSet(4)
    assert ports != AddressSet(4)


class Hop(BaseModel):
    addresses: AddressSet
    ports: PortSet = PortSet("1024-65535")


def test_a_model_takes_raw_values_and_instances() -> None:
    hop = Hop.model_validate({"addresses": ["198.18.0.0/31", 2], "ports": {"count": 2}})
    assert hop == Hop(addresses=AddressSet([2, "198.18.0.0/31"]), ports=PortSet("1024-1025"))
    assert hop.model_dump() == {"addresses": [2, "198.18.0.0/31"], "ports": "1024-1025"}
    assert Hop.model_validate_json(hop.model_dump_json()) == hop
    assert Hop.model_validate(hop.model_dump(), strict=True) == hop
    assert Hop.model_validate_json(f'{{"addresses": {2**128}}}').addresses.size == 2**128


def test_a_model_passes_the_problems_on() -> None:
    with pytest.raises(ValidationError) as caught:
        Hop.model_validate({"addresses": [1, 0, "-4"], "ports": {"count": 0}})
    passed_on = [(error["loc"], error["type"], error["ctx"]["error"]) for error in caught.value.errors()]
    assert [(loc, kind) for loc, kind, _ in passed_on] == [
        (("addresses",), "value_error"),
        (("ports",), "value_error"),
    ]
    assert [problem.place for _, _, error in passed_on for problem in error.problems] == [
        "[1]",
        "[2]",
        "count",
    ]


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_schema_describes_itself(mode: Any) -> None:
    schema = Hop.model_json_schema(mode=mode)
    jsonschema.Draft7Validator.check_schema(schema)
    for field, make in (("ports", PortSet), ("addresses", AddressSet)):
        described = schema["properties"][field]
        assert described["description"]
        for example in described["examples"]:
            assert make(example).size
            jsonschema.validate(example, described)


def test_defaults_stand_in_the_schema_as_a_file_has_them() -> None:
    proxy = json_schema()["$defs"]["Proxy"]["properties"]
    assert [proxy[key]["default"] for key in ("ports", "listen_ports", "addresses")] == [
        "32768-60999",
        1024,
        1,
    ]


VALID = {
    field: jsonschema.Draft7Validator(schema)
    for field, schema in Hop.model_json_schema()["properties"].items()
}


def accepted(make: Callable[[object], object], value: object) -> bool:
    try:
        make(value)
    except ChainError:
        return False
    return True


PIECES = st.integers(0, 70_000).map(str) | st.sampled_from(
    ["198.18.0.1", "198.18.0.9", "2001:db8::", "8", ""]
)
TEXTS = st.lists(st.tuples(st.sampled_from([", ", ",", "-", " - ", "/", "\n"]), PIECES), max_size=2)
NEAR = (
    st.none()
    | st.booleans()
    | st.integers(-2, 70_000)
    | st.builds(lambda first, more: first + "".join(map("".join, more)), PIECES, TEXTS)
)


@given(
    NEAR | st.lists(NEAR, max_size=3) | st.dictionaries(st.just("count"), st.integers(-2, 70_000), min_size=1)
)
def test_the_schema_accepts_what_the_program_accepts(value: object) -> None:
    for make, field in ((PortSet, "ports"), (AddressSet, "addresses")):
        if accepted(make, value):
            VALID[field].validate(value)


@given(written, port_sets.filter(bool))
def test_the_schema_accepts_what_is_written(explicit: tuple[list[str], object], ports: PortSet) -> None:
    for given_addresses in (explicit[0], ", ".join(explicit[0]), AddressSet(explicit[0]).spec):
        VALID["addresses"].validate(given_addresses)
    for given_ports in (ports.spec, str(ports)):
        VALID["ports"].validate(given_ports)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ports", "http"),
        ("ports", "8000:8099"),
        ("ports", 0),
        ("ports", []),
        ("ports", {"cuont": 5}),
        ("ports", [[80]]),
        ("ports", True),
        ("addresses", "4 x"),
        ("addresses", "localhost"),
        ("addresses", 0),
        ("addresses", []),
        ("addresses", True),
        ("addresses", None),
    ],
)
def test_the_schema_refuses_the_usual_mistakes(field: str, value: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALID[field].validate(value)


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def test_ten_thousand_ranges_are_no_burden() -> None:
    every_sixth = [f"{port}-{port + 2}" for port in range(1, 60000, 6)]
    blocks = [f"10.{i >> 8}.{i & 255}.0/25" for i in range(10000)] + [
        f"2001:db8:{i:x}::/64" for i in range(10000)
    ]
    ports, addresses = PortSet(every_sixth), AddressSet(blocks)
    others = PortSet("1-65535") - ports
    assert len(ports.ranges) == len(others.ranges) == 10000
    assert seconds(lambda: PortSet(every_sixth)) < 0.5
    assert seconds(lambda: AddressSet(blocks)) < 0.5
    assert seconds(lambda: [ports | others, ports & others, ports - others, ports.highest(9999)]) < 0.5
    assert seconds(lambda: [addresses.size, AddressSet("::/0").size]) < 0.5
