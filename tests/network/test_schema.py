"""The schema as an editor uses it: one mistake is one message, and it stands where the mistake is."""

from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.limits.chains import Topology
from tests.network.test_chain import said, topology
from tuplecalc.network.file import from_dict
from tuplecalc.network.schema import DRAFT, json_schema

SCHEMA = json_schema()
VALID = jsonschema.Draft7Validator(SCHEMA)
KINDS, NO_KEY = ["cone", "hourglass"], "Additional properties are not allowed"


def nat(**keys: Any) -> Topology:
    return topology(nat=keys)


def proxy(**keys: Any) -> Topology:
    return topology(proxy=keys)


MISTAKES: list[tuple[Topology, list[Any], str]] = [
    (nat(kind="nat"), ["hops", 0, "kind"], f"'nat' is not one of {KINDS}"),
    (nat(kind=...), ["hops", 0], "'kind' is a required property"),
    (nat(kind=..., preset="aws-nat-gatway"), ["hops", 0, "preset"], "'aws-nat-gatway' is not one of"),
    (nat(preset="haproxy"), ["hops", 0, "preset"], "'haproxy' is not one of"),
    (nat(adresses=4), ["hops", 0], f"{NO_KEY} ('adresses' was unexpected)"),
    (nat(capture="listen"), ["hops", 0], f"{NO_KEY} ('capture' was unexpected)"),
    (nat(addresses=...), ["hops", 0], "'addresses' is a required property"),
    (nat(addresses="4 x"), ["hops", 0, "addresses"], "'4 x' does not match"),
    (nat(addresses=0), ["hops", 0, "addresses"], "0 is less than the minimum of 1"),
    (nat(ports="http"), ["hops", 0, "ports"], "'http' does not match"),
    (nat(ports={"cuont": 4}), ["hops", 0, "ports"], "'cuont' was unexpected"),
    (nat(max_entries="many"), ["hops", 0, "max_entries"], "'many' does not match"),
    (nat(time_wait="soon"), ["hops", 0, "time_wait"], "'soon' does not match"),
    (nat(mapping="symmetric"), ["hops", 0, "mapping"], "'symmetric' is not one of"),
    (nat(virtual={"adresses": 1, "addresses": 1, "ports": 1}), ["hops", 0, "virtual"], "'adresses'"),
    (proxy(capture="redirect"), ["hops", 1, "capture"], "'redirect' is not one of"),
    (proxy(capture=...), ["hops", 1], "'capture' is a required property"),
    (proxy(listen_ports=80), ["hops", 1, "capture"], "'tproxy' is not one of ['nat', 'listen']"),
    (proxy(layer=5), ["hops", 1, "layer"], "5 is not one of [2, 3, 4, 7]"),
    (proxy(layer=4, capture=..., source=..., maxconn=9), ["hops", 1], "'maxconn' was unexpected"),
    (topology(traffic={"rate": "670 apples"}), ["traffic", "rate"], "'670 apples' does not match"),
    (topology(traffic={"first_close": "both"}), ["traffic", "first_close"], "'both' does not match"),
    (topology(clients={"allocation": "x"}), ["clients", "allocation"], "'x' is not one of"),
    (topology(services=3), ["services"], "3 is not of type 'object'"),
    (topology(services=[]), ["services"], "[] "),
    (topology(hops=[3]), ["hops", 0], "3 is not of type 'object'"),
    (topology(trafic={}), [], f"{NO_KEY} ('trafic' was unexpected)"),
]


@pytest.mark.parametrize(("written", "place", "message"), MISTAKES, ids=[str(each[2]) for each in MISTAKES])
def test_one_mistake_is_one_message_at_its_place(written: Topology, place: list[Any], message: str) -> None:
    assert said(written)
    (error,) = VALID.iter_errors(written)
    assert list(error.absolute_path) == place
    assert message in error.message


def test_the_schema_is_one_that_checkers_of_toml_know() -> None:
    """taplo knows drafts 4, 6 and 7; it passes over what later ones brought."""
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == DRAFT
    later = ("prefixItems", "dependentSchemas", "dependentRequired", "unevaluatedProperties", "$dynamicRef")
    assert not [word for word in later if f"'{word}'" in str(SCHEMA)]


@pytest.mark.parametrize(
    "written",
    [
        topology(traffic={"rate": "10k", "hold": "1 min 30 sec", "first_close": "client"}),
        topology(traffic={"rate": "40k/min", "hold": "2 hours", "first_close": "1/3"}),
        topology(traffic={"rate": "670rps", "flows": "10,000"}),
        nat(addresses="10,000", max_entries="262,144", block="64", ports=[80, "8000-8099"]),
        nat(port_search={"sequential": 9}, virtual=None, preset=None, block=[["50", 9]]),
        nat(kind=..., preset="aws-nat-gateway"),
        proxy(preset="haproxy", kind=..., capture="listen", source=...),
        topology(clients=[{"addresses": 3}]),
    ],
)
def test_the_schema_accepts_what_the_program_accepts(written: Topology) -> None:
    from_dict(written)
    VALID.validate(written)
