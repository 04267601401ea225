"""What a result says."""

from fractions import Fraction
from typing import Any

import pytest

import tuplecalc as tc
from tuplecalc.render import sentences, verdict
from tuplecalc.render.sentences import advised, picks, remarks
from tuplecalc.under_load.chains import Bracket

TIGHT = "Tight means that more than 80% of what is possible is used."
FROM_EMPTY = " Connections wanted at once are counted from empty: "


def said(chain: tc.Chain) -> list[str]:
    """All sentences about a chain, but what it leaves out, which comes last."""
    result = tc.capacity(chain)
    found, left_out = list(sentences.sentences(result)), list(remarks.unsized(result))
    assert found[len(found) - len(left_out) :] == left_out
    return found[: len(found) - len(left_out)]


def of_which(found: Any, lower: float, upper: float, **keys: Any) -> Any:
    """An offered rate of which this share is expected to fail."""
    kinds = tuple(each._replace(expected=Bracket(lower, upper)) for each in found.kinds)
    return found._replace(expected=Bracket(lower, upper), kinds=kinds, **keys)


def test_the_outage() -> None:
    result = tc.capacity(tc.example("outage"))
    load = tc.offered(result)
    (place,) = load.blind
    place = place._replace(
        blocking=Bracket(0.478, 0.648), half=Bracket(503.87, 764.09), burst=Fraction(563, 1000)
    )
    found = of_which(load, 0.476, 0.509, blind=(place,))
    said = [
        "Fails: 47.6% to 50.9% of the connections are expected to fail at 700/s.",
        "Blind picks, more than a lack of ports: lvs and login-proxy pick the same ones unseen.",
        "Best case, if no two hops ever picked the same port: 16.2% fail (an estimate); 700/s is 119% of "
        "the highest rate.",
        "193,536 connections can be open at once, and the highest rate is 586.5/s: login-proxy shared "
        "limits both, because a connection has two sides at the proxy, and each takes a port of the same "
        "table.",
        "login-proxy shared has room for 50% of what lvs can hold. Next in line: lvs ports at 387,072 "
        "connections and 921.6/s.",
        "login-proxy shared is the first to run out, 9 min 9 s after a start from empty (estimate; 4 min "
        "36 s if none is closed before).",
        "Blind pick: lvs and login-proxy pick ports from the same range, and neither sees what the other has "
        "taken. Where both pick the same one, the newer connection takes its place and the older one may "
        "die. Were there a free port for each, 47.8% to 64.8% of the connections at 700/s would fail by this "
        "alone (estimate). It costs 56.3% of a burst that takes all ports at once, as after a restart "
        "(estimate). Counting those that find no free port too, half of all fail once the rate is 503.9/s to "
        "764.1/s.",
        "Assumed at login-proxy: the older one dies in 75% of these cases. The key survival says how many "
        "live on: 0.25 on Linux 6.18 (measured) and since 6.1 (read in its source, not measured), 0 on 5.18 "
        'to 6.0 (read). Where the newer one is refused instead, write collision = "refuses".',
    ]
    assert list(sentences.sentences(result, found))[: len(said)] == said


def blindly(topology: str, *settings: str) -> list[str]:
    """What is said of ports that are picked blindly, without the shares."""
    result = tc.capacity(tc.with_settings(tc.loads(topology), *settings))
    load = tc.offered(result)
    return [
        picks.blind(load).partition(" Were there a free port ")[0],
        *picks.collisions(result, load),
    ]


KINDS = """
traffic = {rate = 500, kinds = [{name = "a", share = 0.5, hold = 20}, {name = "b", share = 0.5, hold = 20}]}
clients.addresses = 1000
services = {addresses = 2, ports = 80}
hops = [
  {name = "nat", kind = "cone", addresses = 1},
  {name = "p", kind = "hourglass", capture = "tproxy", source = "client", captures = "a"},
]
"""
FOLD = """
traffic = {rate = 100, hold = "30s"}
clients.addresses = 1
hops = [{name = "lb", kind = "hourglass", layer = 4, virtual = {addresses = 3, ports = 443}}]
services = {addresses = 4, ports = 443}
"""


def test_the_same_share_is_not_said_twice() -> None:
    said = picks.blind(tc.offered(tc.capacity(tc.example("outage"))))
    assert "Were there a free port for each, as many would fail by this alone (estimate)." in said


def test_who_does_not_see_what_is_said_of_every_way_in_which_legs_meet() -> None:
    kills = (
        "Blind pick: nat and p pick ports from the same range, and neither sees what the other has taken. "
        "Where both pick the same one, the newer connection takes its place and the older one may die."
    )
    said, kept, assumed = blindly(KINDS)
    assert said == kills
    assert kept == (
        "Assumed at nat: it picks evenly from its range. A NAT that keeps a client’s port where it is free, "
        "as Linux does, picks those of p more often, and more fail. If all picks are such: "
        "--set hops.nat.ports=32768-60999"
    )
    assert assumed.startswith("Assumed at p: the older one dies in 75% of these cases. The key survival ")
    _, _, assumed = blindly(KINDS, "hops.p.survival=0")
    assert len(blindly(KINDS, "clients.ports=1024-65535")) == 2  # of as many, as many are the proxy's
    assert assumed.startswith("Assumed at p: the older one dies in 100% of these cases. The key survival ")
    for topology, settings, chooser, hop in (
        (KINDS, ["hops.p.collision=refuses"], "nat picks", "p"),
        (KINDS, ["hops.p.tracking=off"], "nat and p pick", "services"),
        (FOLD, [], "clients pick", "lb"),
    ):
        assert blindly(topology, *settings)[:1] == [
            f"Blind pick: {chooser} a port without seeing which are taken at {hop}. Where it is, the new "
            "connection fails."
        ]
    assert blindly(FOLD, "hops.lb.virtual.addresses=1") == [""]


def test_a_joint_limit_says_how_it_differs_from_shared() -> None:
    """The port ranges of NAT and proxy overlap in part."""
    nat = tc.Cone(name="nat", addresses=1)
    proxy = tc.Proxy(name="p", capture="tproxy", source="client", ports="30000-65535")
    chain = tc.Chain(
        traffic=tc.Traffic(hold=20),
        clients=tc.Clients(addresses=1000),
        hops=[nat, proxy],
        services=tc.Services(addresses=20, ports=80),
    )
    lines = [line for line in said(chain) if line.startswith("p joint: shared counts all ports of the table")]
    assert len(lines) == 1
    assert not [line for line in said(tc.example("outage")) if "joint" in line]


HALF = "Counting those that find no free port too, half of all fail once the rate is"


def test_half_fail_is_said_only_below_the_highest_rate() -> None:
    """Above it there is no room for half of them anyway, and the two figures seem to contradict."""
    for name, is_below in (("outage", True), ("hourglass", False), ("inverted-cone-tproxy", False)):
        load = tc.offered(tc.example(name))
        (place,) = load.blind
        assert place.half is not None
        assert load.highest is not None
        assert (place.half.lower < load.highest) is is_below
        assert (HALF in picks.blind(load)) is is_below


def test_a_hash_of_one_address_spreads_nothing() -> None:
    """Twenty machines of one address each: nothing is said of a hash, and nothing counted."""
    one = tc.with_settings(tc.cone(clients=400, addresses=1, rate=900), "hops.nat.instances=20")
    hashed = tc.with_settings(one, "hops.nat.spread=hashed")
    assert list(sentences.sentences(tc.capacity(hashed))) == list(sentences.sentences(tc.capacity(one)))
    two = tc.with_settings(hashed, "hops.nat.addresses=2")
    assert "a hash puts clients on addresses" in " ".join(sentences.sentences(tc.capacity(two)))


def test_without_a_rate_blind_choice_is_named_all_the_same() -> None:
    chain = tc.with_settings(tc.loads(FOLD), "traffic.rate=")
    assert said(chain)[2].startswith("Blind pick: clients pick a port without seeing which are taken at lb.")
    assert blindly(KINDS, "traffic.rate=") == blindly(KINDS)


@pytest.mark.parametrize(
    ("rate", "expected", "first"),
    [
        (469, (0.0, 0.001), "Fits: none to 0.1% of the connections are expected to fail at 469/s."),
        (470, (0.0, 0.0), f"Tight: none of the connections is expected to fail at 470/s. {TIGHT}"),
        (469, (0.0, 0.0011), "Fails: none to 0.11% of the connections are expected to fail at 469/s."),
    ],
)
def test_the_verdict_is_of_what_is_expected(rate: int, expected: tuple[float, float], first: str) -> None:
    """The highest rate is 586.47/s, of which 80 % are 469.2."""
    found = tc.offered(tc.with_settings(tc.example("outage"), f"traffic.rate={rate}"))
    assert verdict.verdict(of_which(found, *expected)) == first


def test_flows_and_rate_may_bind_at_different_limits() -> None:
    assert said(tc.example("inverted-cone-tproxy"))[3] == (
        "1,290,240 connections can be open at once: proxy shared limits this, because a connection has two "
        "sides at the proxy, and each takes a port of the same table. The highest rate is 21,151/s: nat "
        "ports limits this, because many clients share few addresses, and only the port tells their "
        "connections apart."
    )


def test_a_proxy_may_be_wider_than_the_cone() -> None:
    chain = tc.inverted_cone(ports="1024-2047", tracking="off")
    assert "proxy has room for all that nat can hold" in said(chain)[1]


def test_one_limit_leaves_no_next_and_no_rate_may_be_limited() -> None:
    chain = tc.Chain(
        clients=tc.Clients(addresses=2, time_wait=0), services=tc.Services(addresses=1, ports=80)
    )
    assert said(chain) == [
        "56,464 connections can be open at once: clients ports limits this, because a client needs a port of "
        "its own for each connection to the same service. Nothing limits the rate."
    ]


def test_the_offered_rate_beside_the_highest() -> None:
    assert said(tc.example("cone"))[:2] == [
        "Fits: none of the connections is expected to fail at 1,500/s.",
        "1,500/s is 3.5% of the highest rate.",
    ]
    assert said(tc.inverted_cone(source="client-port", rate=5))[:2] == [
        "Fails: 100% of the connections are expected to fail at 5/s.",
        "No connection gets through.",
    ]
    free = tc.with_settings(tc.cone(rate=5), "clients.time_wait=0", "hops.nat.time_wait=0")
    assert said(free)[1] == "Nothing limits the rate."


def test_at_most_is_explained() -> None:
    chain = tc.with_settings(tc.example("inverted-cone-tproxy"), "hops.nat.block=512")
    *_, first, last = (each for each in said(chain) if "t most" in each)
    assert first.startswith("At most ")
    assert last.startswith("“At most”: the truth may be less, because of nat: what a client holds can all be")


def test_advice_names_both_figures_and_their_change() -> None:
    result = tc.capacity(tc.example("outage"))
    texts = [advised.advice(result, item) for item in tc.advise(result)]
    another = (
        "Another address for lvs: 387,072 connections (2×), 1,173/s (2×); then 700/s is 60% of the highest "
    )
    assert f"{another}rate, and 30.6% to 36.6% are expected to fail" in texts
    assert texts[-2].startswith("To rule out blind picks, separate port ranges for lvs")
    then = "193,536 connections (same), 460.8/s (-21.4%); then 700/s is 152% of the highest rate, and "
    assert then in texts[-2]


def under_load(rate: float, blocking: float | None = None, **keys: Any) -> str:
    chain = tc.cone(clients=1000, services=1, hold=2, **keys)
    result = tc.capacity(tc.with_settings(chain, f"traffic.rate={rate}"))
    return "\n".join(sentences.sentences(result, tc.offered(result, blocking)))


def test_a_hash_that_overloads_one_address_only() -> None:
    text = under_load(25_000, addresses=50, spread="hashed")
    assert text.startswith(
        "Fails: 6.33% of the connections are expected to fail at 25,000/s.\n25,000/s is 95% of"
    )
    assert "nat ports is the first to run out" in text
    assert "“At most”: the truth may be less, because of nat: a hash puts clients on addresses" in text
    assert under_load(25_000, addresses=50).startswith("Tight: ")


def test_a_search_says_what_clusters_are_and_how_often_a_first_packet_is_sent() -> None:
    text = under_load(9_000, addresses=10, port_search="linux", closing="gives-way")
    assert "% where these lie in clusters: many in a row)" in text
    text = under_load(20_000, addresses=1, port_search="linux", closing="gives-way")
    assert "nat looks at some ports only" in text
    assert "with the first packet (SYN)" not in text  # all do


def test_what_linux_starts_favour_is_said_where_it_matters() -> None:
    biased = under_load(300, port_search="linux", ports={"count": 40_000})
    assert "modulo 40,000, which favours some of the ports" in biased
    assert "favours" not in under_load(300, port_search="linux")
    assert "favours" not in under_load(300, port_search="linux", ports={"count": 32_768})


def test_a_search_through_the_whole_range_or_block_needs_no_word() -> None:
    assert "looks at some" not in under_load(1, port_search="linux", ports={"count": 100})
    assert "looks at some" not in under_load(1, port_search="linux", block=64)
    assert "once 98% of a client's block are in use" in under_load(1, port_search="linux", block=300)
    assert "looks at some" not in under_load(1, port_search="linux", block="even", ports={"count": 9})


def test_the_share_that_may_fail_is_said_as_it_was_asked() -> None:
    assert "No more than 1e-15 of the connections fail up to" in under_load(1, 1e-15)
    assert "No more than 99.9999% of the connections fail up to" in under_load(1, 0.999999)


def test_fewer_blocks_than_sources_are_said() -> None:
    """1,536 ports are three blocks of 512."""
    hop = tc.Cone(name="cgn", addresses=1, ports="1024-2559", block=512)
    chain = tc.Chain(
        clients=tc.Clients(addresses=100), hops=[hop], services=tc.Services(addresses=1, ports=80)
    )
    said = list(sentences.sentences(tc.capacity(chain)))
    assert (
        "Only 3 of 100 clients get ports at cgn: all connections and rates here are theirs. What the other "
        "97 open fails, and is counted in the share that fails."
    ) in said
    assert "get ports" not in " ".join(
        sentences.sentences(tc.capacity(tc.with_settings(chain, "hops.cgn.block=even")))
    )
    enough = tc.with_settings(chain, "clients.addresses=3")
    assert not [sentence for sentence in sentences.sentences(tc.capacity(enough)) if "get ports" in sentence]


def test_of_many_proxies_those_that_keep_least_are_said() -> None:
    proxies = [
        tc.Proxy(name=f"p{i}", capture="tproxy", source="client", ports=f"1024-{2000 + 500 * i}")
        for i in range(9)
    ]
    hops = [tc.Cone(name="nat", addresses=1), *proxies]
    chain = tc.Chain(clients=tc.Clients(addresses=9), hops=hops, services=tc.Services(addresses=1, ports=80))
    (said,) = (each for each in sentences.sentences(tc.capacity(chain)) if "has room" in each)
    assert said.count(" has room for ") == 4
    assert "5 more have room for as large a part, or a larger one." in said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ([], []),
        (
            ["traffic.flows=193536"],
            [f"Tight: 193,536 connections wanted at once are 100% of those that can be open. {TIGHT}"],
        ),
        (
            ["traffic.flows=193537"],
            ["Fails: 193,537 connections wanted at once are 100.001% of those that can be open."],
        ),
        (
            ["traffic.flows=1"],
            ["Fits: 1 connection wanted at once is under 0.001% of those that can be open."],
        ),
        (
            ["clients.addresses=100", "clients.flows_each=4000"],
            [
                "Fails: 400,000 connections, so that each client has its flows_each, are 207% of those that "
                "can be open."
            ],
        ),
        (
            ["traffic.flows=5", "hops.login-proxy.ports=", "hops.login-proxy.source=client-port"],
            ["Fails: 5 connections wanted at once cannot be: no connection gets through."],
        ),
    ],
)
def test_flows_that_are_wanted_are_held_against_those_that_can_be(
    settings: list[str], said: list[str]
) -> None:
    """With no rate they have the first word, and gate."""
    found = tc.offered(tc.with_settings(tc.example("outage"), "traffic.rate=", *settings))
    assert [line.partition(FROM_EMPTY)[0] for line in verdict.lines(found)] == said
    assert (found.verdict == "fails") == any(each.startswith("Fails: ") for each in said)


def test_the_worst_of_rate_and_flows_has_the_first_word() -> None:
    found = tc.offered(tc.with_settings(tc.example("cone"), "traffic.rate=9", "traffic.flows=9999999"))
    assert found.of_rate == "fits"
    assert verdict.verdict(found).partition(FROM_EMPTY)[0] == (
        "Fails: 9,999,999 connections wanted at once are 194% of those that can be open; none of the "
        "connections is expected to fail at 9/s."
    )


def test_no_rate_and_no_flows_fit_where_clients_get_no_ports() -> None:
    settings = ["traffic.rate=20000", "clients.flows_each=300", "clients.addresses=12000"]
    chain = tc.with_settings(tc.cone(addresses=56, block=1024, services=1), *settings)
    assert said(chain)[0].partition(FROM_EMPTY)[0] == (
        "Fails: 70.6% of the connections are expected to fail at 20,000/s; 3,600,000 connections, so that "
        "each client has its flows_each, are 99.6% of those that can be open, but only 3,528 of 12,000 "
        "clients get ports."
    )


def test_a_remedy_has_the_condition_of_the_verdict_after_it() -> None:
    result = tc.capacity(tc.example("outage"))
    notrack = next(each for each in tc.advise(result) if each.settings == ("hops.login-proxy.tracking=off",))
    after = tc.offered(tc.example("outage", [*notrack.settings]))
    condition = ", if lvs’s table holds 294,000 entries (Linux: 262,144)"
    assert verdict.condition(after) == condition
    assert advised.advice(result, notrack).endswith(f"none is expected to fail{condition}")
