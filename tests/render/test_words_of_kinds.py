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
    assert " 0: the others alone are too much for a limit" in kinds.up_to(result)
    assert " 0: " not in kinds.up_to(tc.capacity(tc.example("office-and-branch")))


def test_whose_flows_and_rates_a_table_of_kinds_has() -> None:
    """In every format; a chain of one kind needs no word."""
    for output in ("table", "markdown"):
        told = " ".join(invoke("capacity", "office-and-branch", "-o", output).stdout.split())
        assert kinds.OF_THE_MIX in told
        assert kinds.OF_THE_MIX not in " ".join(invoke("capacity", "cone", "-o", output).stdout.split())
    assert kinds.OF_THE_MIX in tc.report(tc.example("office-and-branch"))
    assert kinds.OF_THE_MIX in fragment(tc.capacity(tc.example("office-and-branch")))
