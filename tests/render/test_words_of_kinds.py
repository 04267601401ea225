"""What stands below the tables of several kinds of traffic."""

import tuplecalc as tc
from tests.command import invoke
from tuplecalc.render import kinds
from tuplecalc.render.html import fragment

STARVED = """
traffic.rate = 1000
traffic.kinds = [
  {name = "small", share = 0.1, hold = 20, clients = "small"},
  {name = "big", share = 0.9, hold = 20, clients = "big"},
]
clients = [{name = "big", addresses = 100_000}, {name = "small", addresses = 1, ports = 40_000}]
services = {addresses = 2, ports = 80}
hops = [{name = "nat", kind = "cone", addresses = 1}]
"""


def test_why_up_to_is_0_where_hardly_anything_fails() -> None:
    """What the small client opens fails at its one port, and so leaves the NAT to the others."""
    result = tc.capacity(tc.loads(STARVED))
    assert [each.name for each in result.kinds if each.headroom == 0] == ["big"]
    assert kinds.up_to(result).endswith("connections that find no room leave it to the rest.")
    why = "the traffic of the other kinds alone already takes more than clients ports small has."
    assert f"Of big it is 0: {why}" in kinds.up_to(result)
    assert " is 0: " not in kinds.up_to(tc.capacity(tc.example("office-and-branch")))


def test_whose_flows_and_rates_a_table_of_kinds_has() -> None:
    """In every format; a chain of one kind needs no word."""
    for output in ("table", "markdown"):
        told = " ".join(invoke("capacity", "office-and-branch", "-o", output).stdout.split())
        assert kinds.OF_THE_MIX in told
        assert kinds.OF_THE_MIX not in " ".join(invoke("capacity", "cone", "-o", output).stdout.split())
    assert kinds.OF_THE_MIX in tc.report(tc.example("office-and-branch"))
    assert kinds.OF_THE_MIX in fragment(tc.capacity(tc.example("office-and-branch")))


BESIDE = """
traffic = {rate = 200, hold = 60, kinds = [{name = "a", share = 0.5}, {name = "b", share = 0.5}]}
clients = {addresses = 400}
services = {addresses = 1, ports = 80}
hops = [
  {name = "nat", kind = "cone", addresses = 1, ports = "1-36000", traffic = "a", time_wait = 60},
  {name = "fw", kind = "hourglass", layer = 3, max_entries = 60_000, tracking_time_wait = 60},
]
"""


def test_by_kind_names_what_up_to_ends_at() -> None:
    """The NAT lets 300/s of a pass, the firewall 500/s of both: as mixed it is the firewall that limits a.

    Beside 100/s of b it is the NAT, at 300/s, as the firewall has room for 400/s then.
    """
    result = tc.capacity(tc.loads(BESIDE))
    a, b = result.kinds
    assert (a.headroom, b.headroom) == (300, 400)
    assert a.rate_binding is not None
    assert a.headroom_binding is not None
    assert (a.rate_binding.hop, a.headroom_binding.hop) == ("fw", "nat")
    (said,) = kinds.binding(result)
    assert said == (
        "By kind: fw entries limits the flows of a and b and the rate of b beside the others as offered; "
        "nat ports limits the rate of a beside the others as offered."
    )
    assert not [*kinds.binding(tc.capacity(tc.loads(BESIDE.replace("rate = 200, ", ""))))]


def test_json_names_what_headroom_ends_at() -> None:
    data = tc.to_dict(tc.capacity(tc.loads(BESIDE)))
    found = [(kind["rate_binding"]["hop"], kind["headroom_binding"]["hop"]) for kind in data["kinds"]]
    assert found == [("fw", "nat"), ("fw", "fw")]
