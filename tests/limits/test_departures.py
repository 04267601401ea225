"""Where the code departs from the table in the project's model, and the programs say that it is right to.

Each case is a small chain with what the table gives literally, and what the integer program (flows) or the
linear program (rate) gives; the code gives the latter.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest

from tests.limits.chains import Hop, Topology, chain
from tests.limits.compare import answer, calculated, close, objections, true_flows, true_rate

LARGE = "1-9"


def proxy(source: str, ports: str | list[str] = LARGE, **more: Any) -> Hop:
    """A proxy that captures by tproxy, with no table for both legs and no lingering."""
    return {
        "kind": "hourglass",
        "capture": "tproxy",
        "source": source,
        "ports": ports,
        "tracking": "off",
        "time_wait": 0,
        **more,
    }


def dealing(**more: Any) -> Hop:
    """A proxy of two instances that serve their own services: their two addresses are dealt out."""
    return proxy("own", instances=2, split="services", **more)


def cone(ports: str, **more: Any) -> Hop:
    return {"kind": "cone", "addresses": 1, "ports": ports, "time_wait": 0, **more}


def forwarding(addresses: int) -> Hop:
    """A virtual service of so many endpoints."""
    return {"kind": "hourglass", "layer": 3, "virtual": {"addresses": addresses, "ports": [80]}}


@dataclass(frozen=True)
class Departure:
    """``literally`` is what the model's table gives for the limit, flows or rate as ``of`` says."""

    of: str
    limit: str
    topology: Topology
    literally: float
    truly: float | Fraction


# Sources are dealt out by endpoint number (j mod m), and so are the instances (j mod n): a source meets only
# some instances. The table has a·n' where w pairs meet.
TO_TWO: dict[str, Any] = {"instances": 2, "split": "services"}
PAIRS = [
    Departure(  # table: |L|·a·n' = 1·2·2
        "flows",
        "p1 bind",
        chain(dealing(), proxy("client", "1", **TO_TWO, allocation="bind"), services=4),
        4,
        2,
    ),
    Departure(  # table: |R|·a·K·Q·n' = 1·2·1·1·2
        "flows",
        "p1 capture",
        chain(
            dealing(),
            proxy("client", **TO_TWO, capture="nat", tracking="loose", rewrite_ports="1"),
            services=4,
        ),
        4,
        2,
    ),
    Departure(  # table: a·n'·floor((|L ∖ A| + 2·|A|) / 2) = 4·6, so that shared binds: 4·floor(8 / 2)
        "flows",
        "p1 joint",
        chain(
            dealing(ports="1-4"),
            proxy("client", "1-8", **TO_TWO, allocation="bind", tracking="strict"),
            services=4,
        ),
        16,
        12,
    ),
]

# A listening proxy is reached by b of the a sources at each listener; the sources may be dealt out.
LISTENERS = [
    Departure(  # table: |A|·a·K·Q·n' / (H + (1 - c)·T) = 1·2·2·1 / 2
        "rate",
        "p1 listener",
        chain(
            dealing(ports="1"),
            proxy("own", capture="listen", listen_addresses=2, accept_wait=1),
            services=2,
            first_close=0,
        ),
        2,
        1,
    ),
    # Listeners of an instance lead to the services of this instance: a source that reaches every other
    # listener reaches every other service. The table has b = a behind a listener: |L|·b·E' = 1·2·2.
    Departure(
        "flows",
        "p1 upstream",
        chain(
            dealing(),
            proxy("client", "1", **TO_TWO, capture="listen", listen_addresses=1),
            services=2,
        ),
        4,
        2,
    ),
]

# A block belongs to a source, and serves the endpoints that this source can address: E'·b / a of them.
BLOCKS = [
    Departure(  # table: b·min(a, M·floor(|P| / b))·E' = 1·min(2, 2)·2
        "flows", "p1 block", chain(dealing(), cone("1-2", block=1), services=2), 4, 2
    ),
    # Sources without a block send nothing: what each of them brings along holds for the others alone.
    Departure(  # table: the clients' |A|·a·E = 1·2·1, the block 2·min(2, 1)·1
        "flows",
        "clients ports",
        chain(cone("1-2", block=2), clients={"addresses": 2, "ports": "1"}),
        2,
        1,
    ),
    Departure(
        "rate",
        "clients ports",
        chain(cone("1-2", block=2), clients={"addresses": 2, "ports": "1"}),
        2,
        1,
    ),
]

# Rates of shared tables: a key is as busy as the machine at its other end lets it be.
BUSY = [
    # The port outside L is held by the client for 2 s and by the proxy for 1 s: it is busy half of the time.
    Departure(  # table: |A ∪ L|·b·E' / 2 = 3 / 2, or the clients' 3 / 2
        "rate",
        "p0 joint",
        chain(
            proxy("client", "1-2", tracking="strict"),
            clients={"addresses": 1, "ports": "1-3", "time_wait": 1},
        ),
        3 / 2,
        5 / 4,
    ),
    # Where nat keeps both legs in one table, its client-side leg alone holds a key for H + (1 - c)·T_a.
    Departure(  # table: the clients' |A|·a·E / H = 1, all others are wider
        "rate",
        "p0 accepted",
        chain(
            proxy("client", "2-3", capture="nat", tracking="loose", accept_wait=1, tracking_time_wait=0),
            clients={"addresses": 1, "ports": "1"},
            first_close=0,
        ),
        1,
        1 / 2,
    ),
    # The client holds a port for 10 s, the table for 4: one upstream leg of 4 s fits between, a second does
    # not. Were that not so: the clients' 4 / 10.
    Departure(
        "rate",
        "p0 gaps",
        chain(
            proxy("client", ["1", "9"], tracking="strict"),
            clients={"addresses": 1, "ports": "1-4", "time_wait": 6},
            hold=4,
        ),
        4 / 10,
        Fraction(39, 100),
    ),
]

DEPARTURES = [*PAIRS, *LISTENERS, *BLOCKS, *BUSY]


@pytest.mark.parametrize("departure", DEPARTURES, ids=lambda departure: f"{departure.limit} {departure.of}")
def test_the_code_departs_from_the_table_as_the_programs_say(departure: Departure) -> None:
    topology = {**departure.topology, "hops": renamed(departure.topology["hops"])}
    result = calculated(topology)
    claim = answer(result)
    if departure.of == "flows":
        assert claim.flows == true_flows(topology) == departure.truly
    else:
        assert close(claim.rate, true_rate(topology))
        assert close(claim.rate, float(departure.truly))
    assert not close(departure.literally, float(departure.truly))
    limit = next(limit for limit in result.limits if f"{limit.hop} {limit.name}" == departure.limit)
    assert departure.truly == (limit.flows if departure.of == "flows" else limit.rate)


def renamed(hops: list[Hop]) -> list[Hop]:
    return [{**hop, "name": f"p{number}"} for number, hop in enumerate(hops)]


STRICT = {"kind": "hourglass", "capture": "tproxy", "source": "client", "time_wait": 0}


@pytest.mark.parametrize(
    ("topology", "claimed", "truly"),
    [
        pytest.param(
            chain(
                {**STRICT, "ports": "3", "instances": 2},
                clients={"ports": "3-4", "allocation": "bind"},
                services=2,
            ),
            6,
            3,
            id="of two bound ports one is the proxy's only one",
        ),
        pytest.param(
            chain(
                {**STRICT, "ports": "1-2"}, {**STRICT, "ports": "2", "instances": 2}, clients={"ports": "1"}
            ),
            3,
            0,
            id="a row in which a proxy has several instances for one service",
        ),
        pytest.param(
            chain(cone("1-4", client_ports=2, addresses=2), forwarding(2), clients={"addresses": 1}),
            4,
            2,
            id="what a client holds is of one address",
        ),
    ],
)
def test_a_bound_says_that_it_is_one(topology: Topology, claimed: int, truly: int) -> None:
    result = calculated(topology)
    assert (result.flows, true_flows(topology)) == (claimed, truly)
    assert result.flows_at_most
    assert claimed > truly
    assert not objections(topology, result)


# What was a bound once is exact: a leg's other spaces count on each port.


def test_a_virtual_service_before_the_proxy_is_exact() -> None:
    topology = chain(forwarding(1), {**STRICT, "ports": "7-12"}, services=2, clients={"ports": "1-12"})
    result = calculated(topology)
    assert not result.flows_at_most
    assert result.flows == true_flows(topology) == 27  # the two legs' own faces let 36 pass
