"""The grid against the exact capacity of every point's own chain."""

from collections import defaultdict
from collections.abc import Callable
from itertools import count, product
from math import inf, isclose
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tuplecalc as tc
from tests.limits.chains import Topology, topologies
from tuplecalc.errors import ChainError, InputError
from tuplecalc.limits import kinds
from tuplecalc.limits.expression import Number
from tuplecalc.limits.limit import Limit, by_flows
from tuplecalc.questions import forms, pieces
from tuplecalc.questions import grid as grid_module
from tuplecalc.questions.axis import axis
from tuplecalc.questions.sweep import Sweep, limits_over

NEAR = 1e-12
Point = tuple[int, ...]


def points(grid: Sweep) -> list[Point]:
    return list(product(*(range(len(axis.values)) for axis in grid.axes)))


def chain_at(chain: tc.Chain, grid: Sweep, point: Point) -> tc.Chain:
    values = zip(grid.axes, point, strict=True)
    return tc.with_settings(chain, *(axis.setting(axis.values[at]) for axis, at in values))


def per_second(rate: Number | None) -> float:
    return inf if rate is None else float(rate)


def near(one: float, other: float) -> bool:
    return isclose(one, other, rel_tol=NEAR)


LISTED_IF_LOWER = (kinds.JOINT, kinds.GAPS, kinds.ROW, kinds.IN_TURN)


def check_point(chain: tc.Chain, grid: Sweep, point: Point) -> None:
    """What the grid says of a point is what the exact calculation says: the minimum, and each limit."""
    exact = tc.capacity(chain_at(chain, grid, point))
    assert near(grid.flows[point], exact.flows)
    assert near(grid.rate[point], per_second(exact.rate))
    assert_binds(grid, int(grid.binding[point]), exact.binding, exact.limits, lambda limit: limit.flows)
    limits = [limit for limit in exact.limits if limit.rate is not None]
    assert_binds(grid, int(grid.rate_binding[point]), exact.rate_binding, limits, lambda limit: limit.rate)
    ours = defaultdict(list)
    for place, name in enumerate(grid.names):
        ours[name].append((grid.flows_of[place][point], grid.rates_of[place][point]))
    for limit in exact.limits:
        figures = ours[limit.hop, limit.name]
        if not figures and limit.kind in LISTED_IF_LOWER:
            continue  # it stands in the list of a chain, and does not bind
        assert any(
            near(flows, by_flows(limit)) and near(rate, per_second(limit.rate)) for flows, rate in figures
        )


def assert_binds(
    grid: Sweep,
    place: int,
    binding: Limit | None,
    limits: list[Limit] | tuple[Limit, ...],
    figure: Callable[[Limit], Number | None],
) -> None:
    """The same limit binds; or one that is not the same, but nearer than floats can tell."""
    name = grid.names[place] if place >= 0 else None
    if binding is None or name == (binding.hop, binding.name):
        assert (name is None) == (binding is None)
        return
    least = figure(binding)
    assert any(
        figure(limit) != least and near(float(figure(limit) or 0), float(least or 0))
        for limit in limits
        if (limit.hop, limit.name) == name
    )


def check(chain: tc.Chain, *texts: str) -> Sweep:
    grid = limits_over(chain, *(axis(chain, text) for text in texts))
    for point in points(grid):
        check_point(chain, grid, point)
    return grid


# Chains that a shortcut gets wrong.


def proxy(name: str, **keys: object) -> Topology:
    return {"name": name, "kind": "hourglass", "capture": "tproxy", "source": "client", **keys}


def direct(**keys: object) -> Topology:
    return {"clients": {"addresses": 3, "ports": "1-7"}, "services": {"addresses": 5, "ports": 80}, **keys}


# A row of three legs whose times add up to most where each side closes half of the flows first; behind
# it a cone with fewer blocks than sources.  What the row brings along binds between the ends only.
ROW = direct(
    traffic={"hold": 0.1},
    clients={"addresses": 6, "ports": "1-2", "time_wait": 0},
    hops=[
        proxy("p", ports="1-4", time_wait=8),
        proxy("q", ports="3-4", time_wait=8),
        {"name": "nat", "kind": "cone", "addresses": 1, "ports": "1-3", "block": 1, "time_wait": "2.4s"},
    ],
)
# Two machines deal out the endpoints by their numbers, and so do two or four behind them, but not three.
DEALT = direct(
    traffic={"hold": 1},
    hops=[
        proxy("p", source="own", split="services", instances=2, addresses=2, tracking="off"),
        proxy("q", capture="listen", split="services", ports="1-2", listen_ports={"count": 12}),
    ],
    services={"addresses": 12, "ports": 80},
)
HALF = [{"addresses": n, "ports": 80, "share": share} for n, share in ((3, "0.35"), (1000, "0.65"))]
# A cone and a proxy whose ranges overlap in part: the shorter of two times counts, the former may be 0.
PART = direct(
    traffic={"hold": 0},
    clients={"addresses": 9, "ports": "1-8"},
    hops=[
        {"name": "nat", "kind": "cone", "addresses": 2, "ports": "1-6", "mapping": "endpoint-independent"},
        proxy("p", ports="3-9", time_wait=5),
    ],
)
# Where nothing is held and the service closes first, three legs' weights are 0 / 0, and no limit.
WEIGHTLESS = direct(
    clients={"addresses": 1, "ports": "3", "time_wait": 1},
    hops=[
        proxy(name, ports=["3", "1"], tracking_time_wait=1, accept_wait=1, time_wait=wait)
        for name, wait in (("p", 1), ("q", 3))
    ],
    services={"addresses": 1, "ports": 80},
)
NO_FLOW = direct(traffic={"hold": 0}, hops=[proxy("p", source="client-port")])
# A table that has just as much room as the ports: two sums of the same times, added up in another order.
ALIKE = direct(
    traffic={"hold": 0.1, "first_close": 0},
    clients={"addresses": 3, "ports": "1-7", "time_wait": 0},
    hops=[proxy("p", ports="1-7", accept_wait=0.4, tracking_time_wait=0.2, max_entries=3 * 5 * 7)],
)


def ruled(**rules: Any) -> Topology:
    """A cone with rules on what a port or a client may have, and a proxy behind it."""
    nat = {"name": "nat", "kind": "cone", "addresses": 2, "ports": "1-24", "time_wait": 3, **rules}
    return direct(clients={"addresses": 5, "ports": "1-9"}, hops=[nat, proxy("p", ports="20-40")])


TO_CLIENTS = ("clients.addresses=1..30/10", "hops.nat.addresses=1..5")
CASES: dict[str, tuple[Topology, tuple[str, ...]]] = {
    "few destinations": (ruled(destinations=2), ("hops.nat.destinations=1..5", "services.addresses=1..5")),
    "even blocks": (ruled(block="even"), (*TO_CLIENTS, "hops.nat.time_wait=0s..9s/3")),
    "no port for each": (ruled(block="even"), ("clients.addresses=40..60",)),
    "a table of blocks": (ruled(block=[[4, 6], [8, 3], [30, 1]], ports="1-36"), TO_CLIENTS),
    "overflow": (ruled(block=4, overflow="30-33"), (*TO_CLIENTS, "hops.nat.block=1..9")),
    "even and overflow": (ruled(block="even", overflow="30-33"), TO_CLIENTS),
    "a client's ports": (ruled(client_ports=4), (*TO_CLIENTS, "hops.nat.client_ports=1..9")),
    "a client's ports in blocks": (ruled(client_ports=2, block=3), (*TO_CLIENTS, "hops.nat.block=1..6")),
    "row": (ROW, ("traffic.first_close=0..1/9",)),
    "dealt": (DEALT, ("hops.q.instances=2..4",)),
    "shares": (direct(services=HALF), ("clients.addresses=1..200", "traffic.hold=0s..1s/2")),
    "blocks": (ROW, ("clients.addresses=1..9", "hops.nat.addresses=1..4", "hops.nat.block=1..3")),
    "overlap": (PART, ("traffic.hold=0s..9s/10", "hops.nat.time_wait=0s..9s/4")),
    "no time": (PART, ("hops.nat.time_wait=0s..9s/4", "traffic.first_close=0..1/3")),
    "no flow": (NO_FLOW, ("hops.p.reuse_after=0s..9s/2", "traffic.first_close=0..1/2")),
    "weightless": (WEIGHTLESS, ("traffic.first_close=0..1/2", "traffic.hold=0s..1s/2")),
    "alike": (ALIKE, ("traffic.hold=1ms..7s/100",)),
    "nearly always": (
        direct(traffic={"hold": 0}, hops=[proxy("p", accept_wait=60)]),
        ("traffic.first_close=0.999..1/100",),
    ),
    "nothing": (direct(), ()),
}


@pytest.mark.parametrize("case", CASES)
def test_cases_are_the_exact_capacity(case: str) -> None:
    topology, texts = CASES[case]
    check(tc.from_dict(topology), *texts)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("outage", ("traffic.hold=0s..10m/7", "hops.lvs.addresses=1..3")),
        ("outage", ("hops.login-proxy.instances=1..8", "hops.lvs.time_wait=0s..4m/5")),
        ("outage", ("hops.lvs.virtual.addresses=1..3", "clients.addresses=1..9")),
        ("mixed", ("traffic.first_close=0..1/6", "traffic.hold=0s..10m/7", "hops.proxy.time_wait=0s..4m/3")),
        ("hourglass", ("hops.firewall.max_entries=1..1000000/8", "hops.proxy.max_files=1..2000000/8")),
        ("cone", ("hops.nat.block=1..64512/20", "clients.addresses=1..70000/9", "hops.nat.addresses=1..4")),
        ("inverted-cone-nat", ("hops.proxy.listen_addresses=1..4", "services.addresses=1..9")),
    ],
)
def test_examples_are_the_exact_capacity(name: str, texts: tuple[str, ...]) -> None:
    check(tc.example(name), *texts)


Wrong = Callable[[pytest.MonkeyPatch], None]


def replaced(module: object, name: str, by: object) -> Wrong:
    return lambda monkeypatch: monkeypatch.setattr(module, name, by)


def first_corner(walks: Any, box: Any) -> Any:
    return pieces.Leaf(box, walks.at(tuple(span[0] for span in box)))


def any_corner(walks: Any, box: Any) -> Any:
    found: dict[Any, Any] = {}
    for point in product(*((span[0], span[-1]) for span in box)):
        found |= walks.at(point)
    return pieces.Leaf(box, found)


def floats(leaves: Any, *parts: Any) -> Any:
    return [forms._floats(part, leaves) for part in parts]


def in_floats(form: Any, leaves: Any) -> Any:
    """Flows as plain floats, however broken the scopes are."""
    size, scopes = floats(leaves, form.size, form.scopes)
    return np.asarray(np.floor(scopes * np.floor(size / form.keys)))


def all_busy(form: Any, leaves: Any) -> Any:
    scopes, seconds, size = floats(leaves, form.scopes, form.seconds, form.size)
    return np.asarray(scopes * size / np.where(seconds == 0, 5e-324, seconds))


def no_zero(form: Any, leaves: Any) -> Any:
    scopes, seconds, busy = floats(leaves, form.scopes, form.seconds, form.busy)
    return np.asarray(np.where(np.isfinite(busy), scopes * busy, np.inf) / seconds)


def all_smooth_of(paths_of: Callable[[tc.Chain], set[str]]) -> Callable[[tc.Chain], set[str]]:
    return lambda chain: paths_of(chain) | {f"{hop.path}.instances" for hop in chain.hops}


WRONG: dict[str, tuple[Wrong, str]] = {
    "instances are as good as times": (
        lambda m: m.setattr(pieces, "paths_of", all_smooth_of(pieces.paths_of)),
        "dealt",
    ),
    "the forms of one corner": (replaced(pieces.Walks, "_uniform", first_corner), "row"),
    "the forms of any corner": (replaced(pieces.Walks, "_uniform", any_corner), "a table of blocks"),
    "floor in floats": (replaced(forms.Form, "flows", in_floats), "shares"),
    "all keys are busy": (replaced(forms.Form, "rate", all_busy), "row"),
    "nothing in no time is no number": (replaced(forms.Form, "rate", no_zero), "no flow"),
    "ties to the last bit": (replaced(grid_module, "_NEAR", 0.0), "alike"),
    "1 - c in floats": (replaced(pieces, "_NEXT_TO_ONE", 0), "nearly always"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_reader_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the case that is there for it."""
    wrong, case = WRONG[name]
    wrong(monkeypatch)
    topology, texts = CASES[case]
    with pytest.raises((AssertionError, KeyError)):
        check(tc.from_dict(topology), *texts)


# What the grid says besides.


def test_a_grid_has_a_dimension_for_each_axis() -> None:
    chain = tc.example("outage")
    axes = [
        axis(chain, text)
        for text in ("traffic.hold=0s..1m/3", "hops.lvs.addresses=1..5", "clients.time_wait")
    ]
    grid = limits_over(chain, *axes)
    assert grid.axes == tuple(axes)
    arrays: list[Any] = [grid.rate, grid.flows, grid.binding, *grid.rates_of, *grid.flows_of]
    shapes = {array.shape for array in arrays}
    assert shapes == {(3, 5, 300)}
    assert [values.tolist() for values in grid.coordinates[:2]] == [[0, 30, 60], [1, 2, 3, 4, 5]]
    assert grid.names == tuple((limit.hop, limit.name) for limit in tc.capacity(chain).limits)


def test_a_grid_without_axes_is_the_chain() -> None:
    grid = limits_over(tc.example("outage"))
    assert (int(grid.flows), round(float(grid.rate), 6)) == (193_536, 586.472727)
    assert grid.names[int(grid.binding)] == ("login-proxy", "shared")


def test_nothing_limits_the_rate() -> None:
    chain = tc.from_dict(direct(clients={"addresses": 3, "ports": "1-7", "time_wait": 0}))
    grid = limits_over(chain, axis(chain, "traffic.hold=0s..1s/2"))
    assert grid.rate.tolist() == [inf, 105]
    assert grid.rate_binding.tolist() == [-1, 0]


def test_a_time_axis_keeps_counts_that_no_float_holds_exactly_next_to_them() -> None:
    chain = tc.from_dict(direct(clients={"addresses": 10**30 + 7, "ports": "1-7"}))
    grid = limits_over(chain, axis(chain, "traffic.hold=0s..1s/2"))
    assert grid.flows.tolist() == [float(5 * 7 * (10**30 + 7))] * 2


def test_a_large_map_takes_few_walks(monkeypatch: pytest.MonkeyPatch) -> None:
    """One at the first point, and one at each corner: the points are numpy's."""
    walked, found = count(), pieces.forms_of
    monkeypatch.setattr(pieces, "forms_of", lambda *of: found(*of) if next(walked) >= 0 else None)
    chain = tc.example("outage")
    grid = limits_over(chain, axis(chain, "traffic.hold"), axis(chain, "hops.lvs.addresses=1..300"))
    assert grid.rate.shape == (300, 300)
    assert next(walked) == 4


def test_an_axis_stands_once_and_points_are_not_too_many() -> None:
    chain = tc.example("outage")
    hold = axis(chain, "traffic.hold")
    with pytest.raises(InputError) as caught:
        limits_over(chain, hold, axis(chain, "hops.lvs.addresses"), hold)
    assert str(caught.value) == ('"traffic.hold": this stands twice; leave one out, or vary another number')
    waits = [axis(chain, f"hops.{hop}.time_wait=0s..1m/1000") for hop in ("lvs", "login-proxy")]
    with pytest.raises(InputError) as caught:
        limits_over(chain, hold, *waits)
    assert str(caught.value) == (
        '"traffic.hold": a grid has at most 10,000,000 points, this one has 300,000,000; '
        "write fewer behind the /, as in 0s..10m/25"
    )


# Random chains.

TIMES = ("time_wait", "reuse_after", "tracking_time_wait")
COUNTS = ("addresses", "max_entries", "max_files", "block", "listen_addresses", "instances")


def times_of(hop: dict[str, Any]) -> set[str]:
    """A forwarder has no time_wait, and neither has a proxy that keeps its clients' ports."""
    waits = hop.get("layer", 7) == 7 and hop.get("source") != "client-port"
    return {*TIMES} - (set() if waits else {"time_wait"})


def numbers_of(topology: Topology) -> list[str]:
    """The paths of what can be varied."""
    paths = ["traffic.hold", "traffic.first_close", "clients.addresses"]
    paths += ["services.addresses"] if isinstance(topology["services"], dict) else []
    paths += [f"clients.{key}" for key in TIMES[:2]]
    for hop in topology["hops"]:
        keys = {*times_of(hop), "instances", "max_entries", *(key for key in COUNTS if key in hop)}
        keys |= {"block"} if hop["kind"] == "cone" else set()
        keys |= {"virtual.addresses"} if "virtual" in hop else set()
        paths += [f"hops.{hop['name']}.{key}" for key in sorted(keys)]
    return paths


@st.composite
def knobs(draw: st.DrawFn, topology: Topology, counts: st.SearchStrategy[int]) -> str:
    path = draw(st.sampled_from(numbers_of(topology)))
    key = path.rpartition(".")[2]
    if key == "first_close":
        return f"{path}=0..1/{draw(st.integers(2, 4))}"
    if key == "hold" or key in TIMES:
        low = draw(st.sampled_from([0, 0, 1, 2]))
        return f"{path}={low}s..{low + draw(st.integers(1, 4))}s/{draw(st.integers(2, 6))}"
    if key in ("instances", "block"):
        counts = st.integers(0, 4)
    low = 1 + draw(counts)
    return f"{path}={low}..{low + draw(counts)}/5"


def check_random(topology: Topology, data: st.DataObject, counts: st.SearchStrategy[int]) -> None:
    chain = tc.from_dict(topology)
    knob = knobs(topology, counts)
    texts = data.draw(st.lists(knob, min_size=1, max_size=3, unique_by=lambda t: t.partition("=")[0]))
    try:
        axes = [axis(chain, text) for text in texts]
        grid = limits_over(chain, *axes)
    except (InputError, ChainError) as error:
        if "a block is at most the NAT's" in str(error):
            return
        raise
    for point in points(grid):
        check_point(chain, grid, point)


@settings(max_examples=90, deadline=None)
@given(topologies(), st.data())
def test_every_point_is_the_exact_capacity(topology: Topology, data: st.DataObject) -> None:
    check_random(topology, data, st.integers(0, 4))


large = st.sampled_from([0, 1, 6, 251, 65_535, 131_071, 10**9 + 6, 10**15, 2**63 - 1, 10**30 + 6, 2**126])
shares = st.sampled_from(["1/3", "1/7", "0.1", "0.333333", "12345/67891", "0.123456789012345678"])


@settings(max_examples=90, deadline=None)
@given(topologies(), st.data())
def test_every_point_is_the_exact_capacity_of_large_chains_with_shares(
    topology: Topology, data: st.DataObject
) -> None:
    """Counts beyond what floats hold exactly, and scopes that are no whole numbers."""
    wide = st.sampled_from(["1024-65535", "1-3", "32768-60999", "1024-33279"])
    for part in (topology["clients"], *topology["hops"]):
        for key in {"addresses", "listen_addresses", "max_entries", "max_files"} & part.keys():
            part[key] = 1 + data.draw(large)
        if "block" not in part and "ports" in part:
            part["ports"] = data.draw(wide)
        if "time_wait" in part:
            part["time_wait"] = data.draw(st.sampled_from(["0s", "60s", "120s", "333ms"]))
    if data.draw(st.booleans()):
        share = data.draw(shares)
        rest = str(1 - tc.Services(addresses=1, ports=1, share=share).share)  # type: ignore[operator]
        topology["services"] = [
            {"addresses": topology["services"]["addresses"], "ports": [80], "share": share},
            {"addresses": 1 + data.draw(st.integers(0, 9)), "ports": [80], "share": rest},
        ]
    check_random(topology, data, large)
