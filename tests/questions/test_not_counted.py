"""Tables and files that nobody gave a size."""

import pytest

import tuplecalc as tc
from tests.command import invoke
from tuplecalc.questions.not_counted import NotCounted, not_counted
from tuplecalc.render.sentences.remarks import unsized
from tuplecalc.render.verdict import condition

BRANCH = "inverted-cone-tproxy"


def hop(**keys: object) -> dict[str, object]:
    return {"name": "p", "kind": "hourglass", "capture": "listen"} | keys


def chain(*hops: dict[str, object]) -> tc.Chain:
    return tc.from_dict(
        {"clients": {"addresses": 9}, "hops": [*hops], "services": {"addresses": 1, "ports": 80}}
    )


def keys_of(*hops: dict[str, object]) -> list[tuple[str, str]]:
    return [(each.hop, each.key) for each in not_counted(chain(*hops))]


def test_what_is_said_leads_on() -> None:
    """The table of an ordinary Linux turns 21,151/s into 2,149/s."""
    assert round(tc.capacity(tc.example(BRANCH)).rate or 0) == 21_151
    nat, proxy, files = not_counted(tc.example(BRANCH))
    assert nat == NotCounted("nat", "max_entries", 262_144, "hops.nat.max_entries=262144", 183_000)
    assert f"To count them: --set {nat.setting} --set {proxy.setting} --set {files.setting}" in " ".join(
        invoke("capacity", BRANCH).stdout.split()
    )
    for each, left in ((nat, [proxy, files]), (proxy, [nat, files]), (files, [nat, proxy])):
        assert each.setting
        assert list(not_counted(tc.with_settings(tc.example(BRANCH), each.setting))) == left
    counted = invoke("capacity", BRANCH, "--set", nat.setting or "").stdout
    assert "2,149" in counted
    assert "Not counted, as no size is given: tracking table of proxy (Linux: 262,144)" in counted


def test_which_hops_have_a_table_and_files() -> None:
    both = [("p", "max_entries"), ("p", "max_files")]
    assert keys_of(hop()) == both
    assert keys_of(hop(tracking="off")) == both[1:]
    assert keys_of(hop(max_entries=9, max_files=9)) == []
    forwarder = {"name": "fw", "kind": "hourglass", "layer": 3}
    assert keys_of(forwarder) == [("fw", "max_entries")]
    assert keys_of() == []


def test_a_machine_is_named_once_and_has_what_any_of_its_hops_says() -> None:
    several = hop(machine="m"), hop(machine="m", name="q")
    assert keys_of(*several) == [("p", "max_entries"), ("p", "max_files")]
    assert keys_of(several[0], several[1] | {"max_files": 9}) == [("p", "max_entries")]


@pytest.mark.parametrize(
    ("hops", "text"),
    [
        (
            [hop(max_entries=9, name="a b")],
            'open files of a b (Linux: 1,048,576). To count it: --set \'hops."a b".',
        ),
        (
            [{"name": "gw", "preset": "aws-nat-gateway", "addresses": 1}],
            "tracking table of gw (its preset does not say).",
        ),
        (
            [hop(max_files=9, name=name) for name in "abcde"],
            "tracking tables of a, b, c and 2 more (Linux: 262,144)",
        ),
    ],
)
def test_the_line(hops: list[dict[str, object]], text: str) -> None:
    (line,) = unsized(tc.capacity(chain(*hops)))
    assert line.startswith(f"Not counted, as no size is given: {text}")


def test_json_has_each_with_what_linux_has() -> None:
    record = tc.to_dict(tc.capacity(chain(hop(tracking="off"), hop(preset="haproxy", name="q"))))
    assert record["not_counted"] == [
        {"hop": "p", "key": "max_files", "usual": 1_048_576, "needs": None},
        {"hop": "q", "key": "max_entries", "usual": 262_144, "needs": None},
        {"hop": "q", "key": "max_files", "usual": 1_048_576, "needs": None},
    ]


IN_TURN = """
traffic = {%s, hold = "60s"}
clients.addresses = 131072
hops = [
  {name = "nat", kind = "cone", addresses = 8, closing = "gives-way", ports = "1024-31023"},
  {name = "p", kind = "hourglass", capture = "listen", instances = 2},
]
services = {addresses = 500, ports = 80}
"""


@pytest.mark.parametrize(
    ("offered", "needs", "verdict"),
    [
        ("rate = 1000", [180_000, 180_000, 60_000], ""),
        (
            "rate = 4000",
            [480_000, 720_000, 240_000],
            ", if p’s table holds 720,000 entries (Linux: 262,144) and nat’s table holds 480,000 entries "
            "(Linux: 262,144)",
        ),
        ("flows = 200000", [200_000, 200_000, 200_000], ""),
    ],
)
def test_what_is_offered_needs_so_many_of_each(offered: str, needs: list[int], verdict: str) -> None:
    """λ·(60 + 120), at a cone whose entries give way for 8·30,000 ports towards two listeners at most; of two
    proxies each has two entries and two files of half of the flows."""
    chain = tc.loads(IN_TURN % offered)
    assert [each.needs for each in not_counted(chain)] == needs
    assert condition(tc.offered(chain)) == verdict
