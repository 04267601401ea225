"""Every combination of capture, source, allocation, tracking, split and mapping, on small chains.

What is not part of the combination (ports, instances, times, tables) is drawn by a generator that is seeded
with the chain's number, so that the set is the same in every run and no two kinds always meet the same ports.
"""

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

from tests.limits.chains import Hop, Topology, chain, endpoints_before, proxy_kinds, with_ports

MAPPINGS = ("endpoint-dependent", "endpoint-independent")
ALLOCATIONS = ("tuple", "bind")
APART, OVERLAPPING, EQUAL = ("1-2", "3-4"), ("1-3", "2-4"), ("1-3", "1-3")
RULES: list[Hop] = [
    {"destinations": 1},
    {"destinations": 2},
    {"destinations": 2, "block": 2},
    {"destinations": 2, "client_ports": 1},
    {"destinations": 1, "block": 1, "overflow": "5-6"},
    {"block": "even"},
    {"block": "even", "overflow": "5"},
    {"block": "even", "overflow": "5-7"},
    {"block": "even", "client_ports": 2},
    {"block": [[1, 3], [2, 2], [6, 1]], "ports": "1-6"},
    {"block": 1, "overflow": "5-6"},
    {"block": 2, "overflow": "6-8"},
    {"block": 2, "overflow": "5-6", "client_ports": 3},
    {"client_ports": 1},
    {"client_ports": 2},
    {"client_ports": 2, "block": 2},
]
PORTS = (OVERLAPPING, APART, EQUAL)
KINDS = len(list(proxy_kinds()))


def cone(random: Random, ports: str, mapping: str, **more: object) -> Hop:
    """A cone of one address."""
    closing: Hop = random.choice(
        [{}, {}, {"closing": "gives-way"}, {"closing": "gives-way", "half_close": 1}]
    )
    hop = {"kind": "cone", "addresses": 1, "ports": ports, "mapping": mapping, **more}
    return {**hop, "time_wait": random.choice([0, 1, 2]), **closing}


def proxy(random: Random, kind: Hop, ports: str, instances: int, *, tables: bool = True) -> Hop:
    """A proxy of this kind; the rest by chance."""
    return with_ports(
        kind,
        ports,
        instances=instances,
        time_wait=random.choice([0, 1, 2]),
        accept_wait=random.choice([0, 0, 1, 2]),
        tracking_time_wait=random.choice([0, 1, 3]),
        addresses=random.choice([1, 1, 2]),
        rewrite_ports=random.choice(["1-6", "1-2", "2-4"]),
        listen_addresses=random.choice([1, 2]),
        listen_ports={"count": random.choice([1, 1, 2])},
        **random.choice([{}, {}, {"reuse_after": 0}, {"reuse_after": 1}]),
        **({"max_files": random.randint(2, 12)} if tables and random.random() < 0.1 else {}),
        **({"max_entries": random.randint(2, 12)} if tables and random.random() < 0.1 else {}),
    )


def closes(random: Random) -> dict[str, Any]:
    """Who closes first, and how long services then wait."""
    return {"first_close": random.choice([1, 0, 0.5, 0.25]), "service_wait": random.choice([0, 0, 1, 2])}


def of_no_proxy() -> Iterator[Topology]:
    """No cone, one or two, with blocks and without."""
    number = 0
    for allocation, services in product(ALLOCATIONS, (1, 3)):
        clients = {"addresses": 2, "ports": "1-3", "allocation": allocation, "time_wait": 1}
        yield chain(services=services, clients=clients, first_close=0.5)
        for cones in (1, 2):
            for mappings, blocks in product(
                product(MAPPINGS, repeat=cones), product((None, 1, 2, 4), repeat=cones)
            ):
                number += 1
                random = Random(number)
                more: list[Hop] = [{} if block is None else {"block": block} for block in blocks]
                ports = ("1-4", "1-4" if blocks[-1] == 4 else random.choice(["1-2", "1-4"]))
                hops = [
                    cone(random, *each[:2], **each[2]) for each in zip(ports, mappings, more, strict=False)
                ]
                yield chain(*hops, services=services, clients=clients, **closes(random))


def of_rules() -> Iterator[Topology]:
    """A cone with rules on what one port or one client may have, alone and with another hop."""
    others = ("alone", "forwarder", "cone behind", "cone before", "proxy behind", "proxy before")
    for number, (rules, other) in enumerate(product(RULES * 4, others)):
        random = Random(number)
        mapping = random.choice(MAPPINGS) if "destinations" not in rules else MAPPINGS[0]
        hop = cone(random, "1-4", mapping) | {"addresses": random.choice([1, 1, 2, 3])} | rules
        services = random.choice([1, 2, 3])
        hops = [hop]
        if other == "forwarder":
            virtual = {"addresses": random.choice([1, 2]), "ports": [80]}
            hops.insert(random.randrange(2), {"kind": "hourglass", "layer": 4, "virtual": virtual})
        elif other.startswith("cone"):
            hops.append(cone(random, random.choice(["1-2", "1-6"]), random.choice(MAPPINGS)))
        elif other.startswith("proxy"):
            instances = random.choice([1, 1, services])
            kind = random.choice(list(proxy_kinds()))
            hops.append(proxy(random, kind, random.choice(["1-3", "3-6", "5-8"]), instances, tables=False))
        clients: Hop = {"addresses": random.choice([1, 2, 3, 4]), "time_wait": random.choice([0, 1])}
        clients |= {"ports": random.choice(["1-2", "1-3", "1-6"])}
        clients |= {"allocation": random.choice(["tuple", "tuple", "bind"])}
        clients |= {"max_files": 1 + number % 4} if number % 5 == 0 else {}
        hops = hops[::-1] if other.endswith("before") else hops
        yield chain(*hops, services=services, clients=clients, **closes(random))


def of_virtual() -> Iterator[Topology]:
    """One to three cones and forwarders, with and without a virtual service."""
    number = 0
    for hops in (1, 2, 3):
        for kinds in product(product(("cone", "forwarder"), (None, 1, 2)), repeat=hops):
            number += 1
            random = Random(number)
            row: list[Hop] = []
            for kind, virtual in kinds:
                hop: Hop = cone(random, random.choice(["1-2", "1-4"]), MAPPINGS[0])
                if kind == "forwarder":
                    hop = {"kind": "hourglass", "layer": random.choice([2, 3, 4])}
                    hop |= random.choice([{}, {"reuse_after": 0}, {"reuse_after": 1}, {"reuse_after": 2}])
                hop |= {"tracking_time_wait": random.choice([0, 1, 3]), "instances": random.choice([1, 1, 2])}
                hop |= {"virtual": {"addresses": virtual, "ports": [80]}} if virtual else {}
                row.append(hop | ({"max_entries": random.randint(2, 9)} if random.random() < 0.1 else {}))
            clients = {"addresses": 2, "ports": random.choice(["1-3", "1-6"]), "time_wait": 1}
            yield chain(*row, services=random.choice([1, 3]), clients=clients, **closes(random))


def of_one_proxy() -> Iterator[Topology]:
    """One proxy; a cone before it, behind it or nowhere; port sets that overlap, stand apart, are equal.

    Of the six pairs of a relation and the clients' allocation, a kind meets three with the cone in one
    place, and the other three with it in the next.
    """
    places = [None, *product(("before", "behind"), MAPPINGS)]
    kinds = product(proxy_kinds(), places, (2, 1), PORTS, ALLOCATIONS)
    for number, (kind, place, instances, (front, back), allocation) in enumerate(kinds):
        chosen = (number % 6 // 2 + number % 2 + number // 12) % 2 == 0
        if not chosen or (kind["split"] == "services" and instances == 1):  # the same as "flows"
            continue
        random = Random(number)
        hops = [proxy(random, kind, back, instances)]
        clients: Hop = {"addresses": random.choice([1, 2]), "ports": front, "allocation": allocation}
        clients["time_wait"] = random.choice([0, 1, 2])
        if place and place[0] == "before":
            hops.insert(0, cone(random, front, place[1]))
            clients["ports"] = random.choice(["1-2", "1-6"])
        elif place:
            hops.append(cone(random, random.choice(["1-2", "1-4"]), place[1]))
        services = instances * random.choice([1, 2])
        yield chain(*hops, services=services, clients=clients, **closes(random))


def of_two_proxies() -> Iterator[Topology]:
    """Every kind of proxy behind every kind; cones before, between, behind or nowhere by chance.

    Of the four ways to split the work of two kinds, the pair meets two, and its neighbours the other two.
    """
    for number, (first, second) in enumerate(product(proxy_kinds(), repeat=2)):
        one, other = divmod(number, KINDS)  # kinds with an odd number are split by services
        if (one + one // 2 + other + other // 2) % 2:
            continue
        random = Random(number)
        sets = [random.choice(["1-2", "3-4", "1-3", "2-4", "2-3", "1-4"]) for _ in range(4)]
        services = random.choice([1, 2, 2])
        count = random.choice([1, services])
        behind = proxy(random, second, sets[2], count, tables=False)
        before = endpoints_before(behind, services)
        divisors = [n for n in (1, 2) if first["split"] == "flows" or before % n == 0]
        hops = [proxy(random, first, sets[1], random.choice(divisors), tables=False), behind]
        if random.random() < 0.5:
            place, mapping = random.randrange(3), random.choice(MAPPINGS)
            hops.insert(place, cone(random, sets[3], mapping))
        clients: Hop = {
            "addresses": random.choice([1, 2]),
            "ports": sets[0],
            "time_wait": random.choice([0, 1]),
        }
        clients["allocation"] = random.choice(["tuple", "tuple", "bind"])
        yield chain(*hops, services=services, clients=clients, **closes(random))


def of_rows() -> Iterator[Topology]:
    """Two proxies whose three legs have to differ from their neighbours; every relation of their ports."""
    sets = ("1-2", "3-4", "1-4", "2-3")
    for number, (first, second, *ports) in enumerate(
        product(("tproxy", "nat"), ("tproxy", "nat"), *[sets] * 3)
    ):
        random = Random(number)
        kinds = [
            {"kind": "hourglass", "capture": c, "source": "client", "split": "flows"} for c in (first, second)
        ]
        hops = [
            proxy(random, kind, own, 1, tables=False) | {"time_wait": random.choice([0, 0, 1])}
            for kind, own in zip(kinds, ports[1:], strict=True)
        ]
        clients: Hop = {"addresses": 1, "ports": ports[0], "time_wait": random.choice([0, 1])}
        yield chain(*hops, services=random.choice([1, 2]), clients=clients, **closes(random))


def of_wide_ports() -> Iterator[Topology]:
    """A proxy with one table, and ports taken for all services: so many that rounding hides nothing."""
    relations = (("1-6", "1-12"), ("1-12", "1-6"), ("1-6", "7-12"), ("1-6", "4-12"))
    machines = ((1, "flows"), (2, "flows"), (2, "services"))
    kinds = product(("tproxy", "nat"), ALLOCATIONS, (*ALLOCATIONS, *MAPPINGS), relations, machines)
    for number, (capture, allocation, before, (front, back), (instances, split)) in enumerate(kinds):
        random = Random(number)
        kind = {"kind": "hourglass", "capture": capture, "source": "client", "split": split}
        behind = proxy(random, kind | {"allocation": allocation}, back, instances, tables=False)
        behind |= {"rewrite_ports": "1-24"} if capture == "nat" else {}
        clients: Hop = {
            "addresses": 1,
            "ports": front,
            "allocation": "tuple",
            "time_wait": random.choice([0, 1]),
        }
        hops = [behind]
        if before in ALLOCATIONS:
            clients["allocation"] = before
        else:
            hops = [cone(random, front, before), behind]
            clients |= {"addresses": 2, "ports": "1-12"}
        yield chain(*hops, services=2 * instances, clients=clients, **closes(random))
