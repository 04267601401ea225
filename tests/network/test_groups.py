"""Groups of services and their shares; durations and shares are read exactly as they are written."""

import math
import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.limits.chains import Topology
from tests.network.test_chain import said, topology
from tuplecalc.errors import ChainError, InputError
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import from_dict, loads
from tuplecalc.network.replace import with_settings
from tuplecalc.network.services import Services, overlap
from tuplecalc.network.traffic import Traffic


def two_groups(first: dict[str, Any], second: dict[str, Any]) -> Topology:
    return topology(
        services=[{"addresses": 1, "ports": 80, **first}, {"addresses": 1, "ports": 80, **second}]
    )


def test_counts_are_addresses_of_their_own() -> None:
    assert sum(group.endpoints for group in from_dict(two_groups({}, {})).services) == 2


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            {"share": "1/2"},
            {},
            "services[1].share: all groups of services have a share, or none; add it",
        ),
        (
            {"share": 0.5},
            {"share": "1/3"},
            "services: the shares sum to 1; here to 5/6 (0.833333); change one of them",
        ),
        (
            {"addresses": "198.18.0.0/24", "ports": [80, 443]},
            {"addresses": "198.18.0.9", "ports": "400-500"},
            "services[1]: an endpoint stands in one group only; services[0] has some of these too; "
            "take the common addresses or ports out of one of them",
        ),
    ],
)
def test_groups_that_do_not_go_together(first: dict[str, Any], second: dict[str, Any], message: str) -> None:
    assert said(two_groups(first, second)) == message


@pytest.mark.parametrize(
    "shares", [("1/3", "2/3"), (0.1, 0.9), ("0.25", Decimal("0.75")), (Fraction(1, 7), "6/7")]
)
def test_shares_are_read_exactly(shares: tuple[object, object]) -> None:
    """In floating point 0.1 + 0.2 + 0.7 is not 1."""
    groups = from_dict(two_groups({"share": shares[0]}, {"share": shares[1]})).services
    assert sum(group.share or 0 for group in groups) == 1


def test_three_tenths_are_exactly_one() -> None:
    groups = [{"addresses": 1, "ports": 80, "share": share} for share in (0.1, 0.2, 0.7)]
    assert from_dict(topology(services=groups)).services[0].share == Fraction(1, 10)


@st.composite
def groups_nearby(draw: st.DrawFn) -> list[Services]:
    def group() -> Services:
        low, port = draw(st.integers(0, 9)), draw(st.integers(1, 9))
        addresses = f"198.18.0.{low}-198.18.0.{low + draw(st.integers(0, 5))}"
        return Services(addresses=addresses, ports=[f"{port}-{port + draw(st.integers(0, 3))}"])

    return [group() for _ in range(draw(st.integers(1, 5)))]


def listed(group: Services) -> list[int | str]:
    spec = group.addresses.spec
    return spec if isinstance(spec, list) else [spec]


def common(first: Services, second: Services) -> bool:
    both = AddressSet([*listed(first), *listed(second)])
    return both.size < first.addresses.size + second.addresses.size and not first.ports.isdisjoint(
        second.ports
    )


@given(groups_nearby())
def test_overlaps_against_every_pair(groups: list[Services]) -> None:
    pairs = {(i, j) for j in range(len(groups)) for i in range(j) if common(groups[i], groups[j])}
    found = overlap(groups)
    assert (found in pairs) if pairs else found is None


def test_a_large_file_is_read_in_one_go() -> None:
    """Each of these took minutes where a step went through all that came before it."""
    begin = time.perf_counter()
    ports = [",".join(map(str, range(first, 65535, 2))) for first in (1, 2)]
    lone = [f"10.{i >> 8}.{i & 255}.1" for i in range(10_000)]
    assert (
        overlap([Services(addresses=lone, ports=ports[0]), Services(addresses="10.0.0.0/8", ports=ports[1])])
        is None
    )
    assert overlap(
        [Services(addresses=lone, ports=ports[0]), Services(addresses="10.39.15.0/24", ports=9)]
    ) == (0, 1)
    shares = [{"addresses": 1, "ports": 80, "share": f"1/{10**17 + i}"} for i in range(2_000)]
    assert (
        said(topology(services=shares))
        == "services: the shares sum to 1; here to about 2e-14; change one of them"
    )
    keys = ",".join(f'"k{i}": 1' for i in range(40_000))
    with pytest.raises(InputError, match='the key "k7" stands twice in one table'):
        loads(f'{{{keys}, "k7": 2}}')
    assert time.perf_counter() - begin < 10


# Values.


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("60s", 60),
        ("2m", 120),
        ("1m30s", 90),
        ("1 m 30 s", 90),
        ("500ms", Fraction(1, 2)),
        ("2h", 7200),
        ("5d", 432000),
        ("1.5h", 5400),
        (0.1, Fraction(1, 10)),
        (7, 7),
        (0, 0),
        ("1d2h3m4s5ms", 93784 + Fraction(5, 1000)),
    ],
)
def test_durations(written: object, seconds: Fraction | int) -> None:
    assert Traffic(hold=written).hold == seconds


@pytest.mark.parametrize(
    "written",
    [
        "2",
        "s",
        "1s ago",
        "1e3s",
        "1.s",
        ".5s",
        "1s,2m",
        "--1s",
        True,
        None,
        [1],
        math.inf,
        math.nan,
        -1,
    ],
)
def test_what_is_no_duration(written: object) -> None:
    with pytest.raises(ChainError, match=r"^hold: .*a duration is "):
        Traffic(hold=written)


@pytest.mark.parametrize(
    ("written", "share"),
    [("client", 1), ("server", 0), (0.9, Fraction(9, 10)), ("1/3", Fraction(1, 3)), (0, 0)],
)
def test_first_close(written: object, share: Fraction | int) -> None:
    assert Traffic(first_close=written).first_close == share


@pytest.mark.parametrize("written", ["\u0663s", "\u0663m30s"])
def test_digits_of_other_scripts_are_no_duration(written: str) -> None:
    with pytest.raises(ChainError):
        Traffic(hold=written)


@pytest.mark.parametrize(
    "written", ["1.123456789012345678s", "0.123456789012345678d", Fraction(1, 3), "1e18"]
)
def test_a_duration_is_written_such_that_it_is_read_again(written: object) -> None:
    traffic = Traffic(hold=Decimal(written) if written == "1e18" else written)
    assert Traffic(**traffic.to_dict()) == traffic


@pytest.mark.parametrize("written", ["999999999999999999d", "0.000000000000000001ms", f"1/{10**40}"])
def test_a_duration_that_no_device_has_is_refused(written: str) -> None:
    with pytest.raises(ChainError, match=r"a duration is between 1e-18 and 1e18 in size"):
        Traffic(hold=written)


# What cannot be changed, and how far.


def wished(part: str, **keys: Any) -> Topology:
    """A chain with a cone, and these keys in one of its tables."""
    table = topology(clients={"addresses": 4}, hops=[{"name": "nat", "kind": "cone", "addresses": 2}])
    (table["hops"][0] if part == "hops" else table[part]).update(keys)
    return table


@pytest.mark.parametrize(
    ("part", "keys", "message"),
    [
        ("hops", {"fixed": ["ports", "prots"]}, 'hops[0].fixed: "prots": unknown key; did you mean `ports`?'),
        (
            "hops",
            {"fixed": "layer"},
            'hops[0].fixed: "layer": this key fits kind = "hourglass"; leave it out, or change `kind`',
        ),
        ("clients", {"fixed": 3}, 'clients.fixed: 3: a name is a text; put it in quotes, as in "nat"'),
        ("services", {"most": {"prots": 3}}, "services.most.prots: 3: unknown key; did you mean `ports`?"),
        (
            "services",
            {"most": {"time_wait": 3}},
            "services.most.time_wait: 3: this key is no count; counts are addresses, ports",
        ),
        (
            "hops",
            {"most": {"addresses": 0}},
            "hops[0].most.addresses: 0: a count is an integer from 1 to 2^128; write a number in this range",
        ),
        (
            "clients",
            {"most": 8},
            "clients.most: 8: this is a table of keys and their largest values; "
            "write it as in most = { addresses = 8 }",
        ),
        (
            "hops",
            {"most": {"addresses": 1, "ports": 99, "max_entries": 1}},
            "hops[0].most.addresses: 1: no key is above its largest value; `addresses` is 2 here; "
            "write 2 or more, or lower `addresses`\n"
            "hops[0].most.ports: 99: no key is above its largest value; `ports` is 64,512 here; "
            "write 64512 or more, or lower `ports`",
        ),
        (
            "hops",
            {"preset": "aws-nat-gateway", "addresses": "192.0.2.0/28"},
            'hops[0].addresses: "192.0.2.0/28": the preset "aws-nat-gateway" allows 8 at most; '
            "write no more, or most = { addresses = 16 } where yours allows them",
        ),
        (
            "hops",
            {"preset": "aws-nat-gateway", "addresses": 9, "most": {"addresses": 7}},
            "hops[0].most.addresses: 7: no key is above its largest value; `addresses` is 9 here; "
            "write 9 or more, or lower `addresses`",
        ),
    ],
)
def test_wishes_that_cannot_be(part: str, keys: dict[str, Any], message: str) -> None:
    assert said(wished(part, **keys)) == message


@pytest.mark.parametrize("part", ["clients", "hops", "services"])
def test_wishes_are_written_back_and_change_no_figure(part: str) -> None:
    wish = {"fixed": ["ports"], "most": {"addresses": 9, "ports": 65000}}
    chain, bare = from_dict(wished(part, **wish)), from_dict(wished(part))
    table: Any = chain.to_dict()[part]
    assert wish.items() <= (table if isinstance(table, dict) else table[0]).items()
    assert from_dict(chain.to_dict()) == chain != bare
    assert capacity(chain).flows == capacity(bare).flows
    path = "hops.nat" if part == "hops" else part
    (found,) = getattr(with_settings(chain, f"{path}.most.addresses=8", f"{path}.fixed="), part)
    assert not found.kept
    assert found.largest == {"addresses": 8, "ports": 65000}


def test_a_key_that_is_fixed_twice_is_fixed() -> None:
    (nat,) = from_dict(wished("hops", fixed=["ports", "block", "ports"])).hops
    assert nat.fixed == ("ports", "block")


def test_a_preset_has_wishes_that_the_file_adds_to_or_overrides() -> None:
    nat = Cone(name="nat", preset="aws-nat-gateway", addresses=2, fixed=["block"], most={"instances": 3})
    assert set(nat.kept) == {"ports", "time_wait", "block"}
    assert nat.largest == {"addresses": 8, "instances": 3}
    raised = nat.changed(time_wait="30s", most={"addresses": 20})
    assert set(raised.kept) == {"ports", "block"}
    assert raised.largest == {"addresses": 20}
    assert raised.changed(addresses=20).addresses.size == 20
