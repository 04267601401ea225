"""The rates of two kinds that are possible together, by hand."""

from fractions import Fraction

import pytest

import tuplecalc as tc
from tests.questions.test_best_mix import ENDS, LOGINS, PROXY, UDP, mixed
from tuplecalc.errors import InputError
from tuplecalc.questions.region import Point, region
from tuplecalc.render.figures import style
from tuplecalc.render.figures.region import plot_region

P = 64512
THREE = """
traffic.kinds = [
  {{name = "a", {a}}},
  {{name = "b", {b}}},
  {{name = "c", {c}}},
]
clients = {{addresses = 1000}}
hops = [
  {{name = "left", kind = "cone", addresses = 1, traffic = ["a", "c"], time_wait = "64512s"}},
  {{name = "right", kind = "cone", addresses = 1, traffic = ["b", "c"], time_wait = "32256s"}},
]
services = {{addresses = 1, ports = 80}}
"""


def three(**rates: str) -> tc.Chain:
    return tc.loads(THREE.format(**{kind: f"rate = {rate}" for kind, rate in rates.items()}))


def test_all_that_is_said_of_a_region() -> None:
    """The left cone carries one a second, the right one two; c takes a quarter of each."""
    found = region(three(a="0.5", b="2", c="0.25"))
    assert found.kinds == ("a", "b")
    assert found.others == {"c": Fraction(1, 4)}
    first, last = found.edges
    assert first.ends == (Point(Fraction(0), Fraction(7, 4)), Point(Fraction(3, 4), Fraction(7, 4)))
    assert last.ends == (Point(Fraction(3, 4), Fraction(7, 4)), Point(Fraction(3, 4), Fraction(0)))
    assert (first.limits, last.limits) == ((("right", "ports"),), (("left", "ports"),))
    assert found.vertices == (first.ends[0], first.ends[1], last.ends[1])
    assert (found.offered, found.is_possible) == (Point(Fraction(1, 2), Fraction(2)), False)
    assert (found.at_mix, found.binding) == (Point(Fraction(7, 16), Fraction(7, 4)), first)
    assert found.best == Point(Fraction(3, 4), Fraction(7, 4))
    assert region(three(a="0.5", b="1", c="0.25")).is_possible


def test_edges_that_slope() -> None:
    """Kinds a and c share the left cone, and c is in both."""
    found = region(three(a="1", b="1", c="1"), ("a", "c"))
    assert [edge.limits for edge in found.edges] == [(("left", "ports"),)]
    assert found.vertices == (Point(Fraction(0), Fraction(1)), Point(Fraction(1), Fraction(0)))
    assert found.best == found.at_mix == Point(Fraction(1, 2), Fraction(1, 2))  # the middle: all are as good
    less = region(three(a="1", b="1.25", c="1"), ("c", "a"))
    assert less.vertices == (
        Point(Fraction(0), Fraction(1)),
        Point(Fraction(3, 4), Fraction(1, 4)),
        Point(Fraction(3, 4), Fraction(0)),
    )


def test_a_kind_of_share_0_has_its_edge_too() -> None:
    """The corners are those of any mix; at a alone the left cone carries one a second."""
    shares = tc.loads(THREE.format(a="share = 1", b="share = 0", c="share = 0"))
    found = region(shares)
    assert (found.kinds, found.vertices[1]) == (("a", "b"), Point(Fraction(1), Fraction(2)))
    assert (found.at_mix, found.binding.limits) == (Point(Fraction(1), Fraction(0)), (("left", "ports"),))
    assert not found.is_at_most(found.best)
    title = plot_region(tc.capacity(shares), ax=style.blank()).get_title(loc="left")
    assert title == "a and b: at best 3/s, 67% of it b; 1/s in the present mix"
    with pytest.raises(InputError) as error:
        region(shares, ("b", "c"))
    assert str(error.value) == "kinds b, c: both have a share of 0; name one that has more"


def test_without_an_offer_the_others_are_left_out() -> None:
    shares = tc.loads(THREE.format(a="share = 0.5", b="share = 0.25", c="share = 0.25"))
    found = region(shares, ("a", "b"))
    assert found.others == {"c": 0}
    assert (found.offered, found.is_possible) == (None, None)
    assert found.vertices[1] == Point(Fraction(1), Fraction(2))


def test_what_a_joint_face_cuts_off() -> None:
    """Only logins take ports of the proxy's: its half of the ports is better left to them."""
    chain = tc.loads(LOGINS.format(x="1/2", y="1/2", proxy=PROXY.replace("1024", "33280")))
    found = region(chain)
    assert ("p", "joint") in [name for edge in found.edges for name in edge.limits]
    assert found.edges[0].limits[0] == ("nat", "ports")
    assert found.vertices[0] == Point(Fraction(0), Fraction(6 * P, 420))


def test_a_kind_that_nothing_gets_through() -> None:
    chain = tc.loads(LOGINS.format(x="1/2", y="1/2", proxy='capture = "tproxy", source = "client-port"'))
    found = region(chain)
    assert [edge.limits[0][0] for edge in found.edges] == ["nat", "p"]
    assert found.vertices == (
        *[Point(Fraction(0), Fraction(6 * P, 420))] * 2,
        Point(Fraction(0), Fraction(0)),
    )
    assert region(chain, ("rest", "login")).vertices[0] == Point(Fraction(0), Fraction(0))
    assert [kind.headroom for kind in tc.capacity(chain).kinds] == [None, None]


@pytest.mark.parametrize(
    ("chain", "kinds", "message"),
    [
        (
            three(a="1", b="1", c="3"),
            None,
            "the other kinds as offered are more than left ports carries; offer less of them",
        ),
        (
            three(a="1", b="1", c="1"),
            ("a", "a"),
            'kinds "a": one share alone is not free; name two kinds or more',
        ),
        (
            tc.example("cone"),
            None,
            "traffic.kinds: a mix has two kinds of traffic or more; there are none; write two or more",
        ),
        (
            tc.loads(mixed()),
            ("x", "through"),
            'kinds "x": this is no kind of the traffic; there are through, redirected',
        ),
        (
            tc.loads(UDP + ENDS),
            None,
            'nothing limits the rate of "b"; name another kind',
        ),
    ],
)
def test_what_cannot_be_asked(chain: tc.Chain, kinds: tuple[str, str] | None, message: str) -> None:
    with pytest.raises(InputError) as error:
        region(chain, kinds)
    assert str(error.value) == message
