"""An address is of one machine, where its flows go on to the same place."""

from typing import Any

import pytest

from tests.network.test_chain import said
from tuplecalc.network.file import from_dict

ONE = "203.0.113.1"
A, B = {"traffic": "a"}, {"traffic": "b"}
PROXY = {"kind": "hourglass", "capture": "listen"}


def network(
    first: dict[str, Any], second: dict[str, Any], *more: dict[str, Any], **keys: Any
) -> dict[str, Any]:
    """Two kinds of traffic, and hops with the same address where they say no other."""
    kinds = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}]
    hops = [
        {"name": f"n{n}", "kind": "cone", "addresses": ONE} | hop for n, hop in enumerate((first, second))
    ]
    services = {"addresses": 2, "ports": 443}
    plain = {"clients": {"addresses": "10.0.0.0/16"}, "services": services}
    return plain | {"traffic": {"kinds": kinds}, "hops": [*hops, *more]} | keys


def refused(place: str, address: str, other: str) -> str:
    rule = f"an address is of one machine; {other} sends under it to the same place"
    way_out = "write it once, or counts where each has addresses of its own"
    return f'{place}.addresses: "{address}": {rule}; {way_out}'


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (network(A, B), refused("hops[1]", ONE, "hops[0]")),
        (network(A, B | {"addresses": "203.0.113.0/24"}), refused("hops[1]", ONE, "hops[0]")),
        (network(A | {"machine": "m"}, B | {"machine": "m"}), refused("hops[1]", ONE, "hops[0]")),
        (network(A | PROXY, B | PROXY), refused("hops[1]", ONE, "hops[0]")),
        (network(A, B, {"name": "last", "kind": "cone", "addresses": 9}), refused("hops[1]", ONE, "hops[0]")),
        (network(A | {"addresses": 1}, A, clients={"addresses": ONE}), refused("clients", ONE, "hops[1]")),
        (
            network(
                {},
                {"addresses": 1},
                clients=[
                    {"name": "x", "addresses": "10.0.0.0/16"},
                    {"name": "y", "addresses": "10.0.255.9-10.1.0.9"},
                ],
            ),
            refused("clients[1]", "10.0.255.9", "clients[0]"),
        ),
    ],
)
def test_one_address_of_two_is_refused(wrong: dict[str, Any], message: str) -> None:
    assert said(wrong) == message


@pytest.mark.parametrize(
    "right",
    [
        network(A | {"addresses": 1}, B | {"addresses": 1}),
        network(A, B | {"addresses": "203.0.113.2"}),
        network(A | PROXY | {"machine": "m"}, B | PROXY | {"machine": "m"}),
        network(A | PROXY | {"machine": "m"}, B | {"machine": "m"}),
        network({}, {}),  # in a row: behind the one another network begins
        network(A, B, {"name": "last", "kind": "cone", "addresses": 9, "traffic": "a"}),
        network(
            A, B | {"addresses": 1}, clients={"addresses": ONE}, services={"addresses": ONE, "ports": 443}
        ),
    ],
)
def test_an_address_may_stand_again_where_answers_tell_them_apart(right: dict[str, Any]) -> None:
    from_dict(right)
