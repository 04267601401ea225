"""A cone's rules on ports and clients: how they are written, and what is said where they do not fit."""

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.network.test_chain import said, topology
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import from_dict
from tuplecalc.network.replace import with_settings
from tuplecalc.network.schema import json_schema

WRITE_BLOCK = (
    'a block is a number of ports, "even", or a table of [clients, ports]; '
    'write it as in 512, "even" or [[50, 1024], [100, 512]]'
)
ORDER = (
    "each entry is for more clients than the one before it, and for no more ports; "
    "put the entries in this order"
)

RULES: list[dict[str, Any]] = [
    {"destinations": 8},
    {"block": 512},
    {"block": "even"},
    {"block": [[50, 1024]]},
    {"block": [[50, 1024], [100, 512], [120, 512]]},
    {"block": 512, "overflow": [80, "200-300"], "ports": "1024-65535"},
    {"block": "even", "overflow": "1-1023"},
    {"client_ports": 64},
]


@pytest.mark.parametrize("rules", RULES)
def test_rules_are_written_as_they_were_read(rules: dict[str, Any]) -> None:
    chain = from_dict(topology(nat=rules))
    written = json.loads(json.dumps(chain.to_dict()))
    assert {key: written["hops"][0][key] for key in rules} == rules
    assert from_dict(written) == chain
    assert chain.hops[0].changed(name="other").changed(name="nat") == chain.hops[0]
    jsonschema.validate(written, json_schema())


@pytest.mark.parametrize(
    "block", ["evn", 0, 1.5, True, [], [5, 4], [[1, 2, 3]], [["x", 2]], [[0, 5]], {"1": 2}, "51.2"]
)
def test_the_schema_refuses_what_the_program_refuses(block: object) -> None:
    written = topology(nat={"block": block})
    assert said(written).startswith("hops[0].block")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, json_schema())


def test_settings() -> None:
    chain = from_dict(topology())
    for setting, block in (("even", "even"), ("[[4, 9], [8, 2]]", ((4, 9), (8, 2))), ("7", 7)):
        nat = with_settings(chain, f"hops.nat.block={setting}").hops[0]
        assert isinstance(nat, Cone)
        assert nat.block == block


MESSAGES = [
    ({"block": "evn"}, f'hops[0].block: "evn": {WRITE_BLOCK}'),
    ({"block": []}, f"hops[0].block: []: {WRITE_BLOCK}"),
    (
        {"block": [[50, 1024], 100]},
        "hops[0].block[1]: 100: an entry is a number of clients and the ports of each; "
        "write it as in [50, 1024]",
    ),
    (
        {"block": [[50, "10.24"]]},
        'hops[0].block[0]: "10.24": a count is an integer of 1 or more; write it as in 10000, '
        '"10,000" or "10k"',
    ),
    ({"block": [[50, 9], [50, 8]]}, f"hops[0].block[1]: [50, 8]: {ORDER}"),
    ({"block": [[50, 9], [60, 10]]}, f"hops[0].block[1]: [60, 10]: {ORDER}"),
    (
        {"block": [[5, 2], [9, 2]], "ports": "1-12"},
        "hops[0].block[1]: [9, 2]: all clients of an entry have their ports out of the NAT's 12; "
        "write at most 1 ports, or widen `ports`",
    ),
    (
        {"block": [[50, 1]], "ports": "1-12"},
        "hops[0].block[0]: [50, 1]: all clients of an entry have their ports out of the NAT's 12; "
        "write at most 12 clients, or widen `ports`",
    ),
    (
        {"block": [[2, 9], [3, 8]]},
        "hops[0].block: [[2, 9], [3, 8]]: the table ends at 3 clients; 4 source addresses reach this hop; "
        "add an entry for them, or take fewer",
    ),
    (
        {"destinations": 2, "mapping": "endpoint-independent"},
        'hops[0].destinations: 2: with mapping = "endpoint-independent" a port serves one internal '
        "endpoint for all; leave one of the two out",
    ),
    (
        {"block": 2, "overflow": "1000-1030"},
        'hops[0].overflow: "1000-1030": the overflow stands apart from `ports`; both have 1024-1030; '
        "take these out of one of the two",
    ),
    (
        {"overflow": "1-9"},
        'hops[0].overflow: "1-9": the overflow is for clients whose block is full, a number or "even"; '
        "here there is none; write such a `block`, or add these ports to `ports`",
    ),
    (
        {"overflow": "1-9", "block": [[9, 9]]},
        'hops[0].overflow: "1-9": the overflow is for clients whose block is full, a number or "even"; '
        "here a table; write such a `block`, or add these ports to `ports`",
    ),
]


@pytest.mark.parametrize(("rules", "message"), MESSAGES)
def test_messages(rules: dict[str, Any], message: str) -> None:
    assert said(topology(nat=rules)) == message


def test_a_table_is_for_all_addresses_that_reach_its_hop() -> None:
    """Two machines with two addresses each are four clients, whatever stands before them."""
    proxy = {"name": "p", "kind": "hourglass", "capture": "tproxy", "instances": 2, "addresses": 2}
    cone = {"name": "nat", "kind": "cone", "addresses": 1}
    ends = {"clients": {"addresses": 1000}, "services": {"addresses": 1, "ports": 80}}
    assert from_dict({**ends, "hops": [proxy, {**cone, "block": [[4, 9]]}]})
    with_three = said({**ends, "hops": [proxy, {**cone, "block": [[3, 9]]}]})
    assert "the table ends at 3 clients; 4 source addresses" in with_three


def test_instances_with_one_address_each_leave_a_hash_no_choice() -> None:
    """A hash picks among the addresses of an instance; which instance it is, no hash of the NAT decides."""
    assert not Cone(name="nat", addresses=1, instances=4, spread="hashed").is_hashed
    assert Cone(name="nat", addresses=2, instances=4, spread="hashed").is_hashed
