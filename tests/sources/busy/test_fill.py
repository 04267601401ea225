"""What was measured goes into a chain file, however the file is written."""

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.render.observations import HUB, observed
from tuplecalc.errors import InputError
from tuplecalc.network.file import loads
from tuplecalc.sources.busy.fill import filled
from tuplecalc.sources.busy.observed import Observed
from tuplecalc.sources.busy.usage import Measured

NOTE = "measured 2026-11-29"
ONE = """title = "one"
clients.addresses = 9
[[services]]
addresses = "198.18.9.9"
ports = 443
"""


def of_one(*measured: tuple[str, str, int, float]) -> Observed:
    """Seen of a chain with one group of services: its table, name, open connections and rate."""
    parts = tuple(Measured(table, name, opened, rate, rate, "") for table, name, opened, rate in measured)  # type: ignore[arg-type]
    seen = observed()
    return replace(seen, chain=loads(ONE), found=replace(seen.found, services=parts))


def figures(text: str) -> list[tuple[object, object]]:
    """Rate and hold of each kind, else of all."""
    traffic = loads(text).traffic
    return [(each.rate, each.hold) for each in traffic.kinds or (traffic,)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f'\n[traffic]\nrate = 2 # {NOTE}\nhold = "15s" # {NOTE}\n'),
        ("traffic.rate = 5\n", f'traffic.rate = 2 # {NOTE}, was 5\ntraffic.hold = "15s" # {NOTE}\n'),
        (
            'traffic.rate = "1/3"  # a guess\n',
            f'traffic.rate = 2  # {NOTE}, was 1/3; a guess\ntraffic.hold = "15s" # {NOTE}\n',
        ),
        (
            'traffic.hold = "9s"  # unknown: ask them\n',
            f'traffic.hold = "15s"  # {NOTE}, was 9s\ntraffic.rate = 2 # {NOTE}\n',
        ),
        (
            'traffic.hold = "9s"  # measured 2019-01-01, was 3s; long ago\n',
            f'traffic.hold = "15s"  # {NOTE}, was 9s\ntraffic.rate = 2 # {NOTE}\n',
        ),
        (
            "traffic = {rate = 5, protocol = 'tcp'}  # all\n",
            "traffic = {rate = 2, protocol = 'tcp', hold = \"15s\"}  # all\n",
        ),
        (
            'traffic.kinds = [{name = "web", share = 1}]  # only\n',
            'traffic.kinds = [{name = "web", rate = 2, hold = "15s"}]  # only\n',
        ),
    ],
)
def test_wherever_rate_and_hold_stand(before: str, after: str) -> None:
    """What is seen in the tracking table counts, and what goes elsewhere than to the services with it."""
    seen = of_one(
        ("sockets", "services", 90, 9.0), ("tracking", "services", 20, 1.5), ("tracking", "", 10, 0.5)
    )
    if "kinds" in before:
        seen = of_one(("tracking", "services", 30, 2.0))
    text, left = filled(before + ONE, seen)
    wanted = ONE + after if "\n[" in after else after + ONE
    assert text.replace(" ", "") == wanted.replace(" ", "")
    assert left == ()
    assert figures(text) == [(2, 15)]


def test_four_digits_are_enough() -> None:
    text, _ = filled(ONE, of_one(("tracking", "services", 1, 12345.678)))
    assert figures(text) == [(12350, 0)]
    text, _ = filled(ONE, of_one(("tracking", "services", 100_000, 0.0123456)))
    assert figures(text) == [(Fraction("0.01235"), 8_100_000)]


KINDS = [
    '[traffic]\nkinds = [\n  {name = "a", share = "1/3", services = "sessions"},  # one\n'
    '  {name = "b", share = "2/3", services = ["admin"], hold = 9},\n]\n',
    '[[traffic.kinds]]\nname = "a"  # one\nrate = 5\nservices = "sessions"\n'
    '[[traffic.kinds]]\nname = "b"\nrate = 7\nservices = ["admin"]\nhold = 9\n',
]


@pytest.mark.parametrize("kinds", KINDS)
def test_kinds_of_their_own_services_get_their_own(kinds: str) -> None:
    text, left = filled(HUB + kinds, observed())
    assert left == ()
    assert "# one" in text
    assert ("# measured 2026-11-29, was 7" in text) is ("rate = 7" in kinds)
    assert figures(text) == [(35, 1722), (1, 200)]


def test_a_kind_of_several_services_has_what_they_have_together() -> None:
    text, _ = filled(HUB + '[[traffic.kinds]]\nname = "all"\nshare = 1\n', observed())
    assert figures(text) == [(36, 1680)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            HUB.replace('name = "admin", ', ""),
            "kinds of traffic: services without a name; write one for each group",
        ),
        (
            HUB + '[[traffic.kinds]]\nname = "a"\nrate = 5\n[[traffic.kinds]]\nname = "b"\nrate = 5\n',
            "kinds of traffic: several go to the same services, and are not told apart",
        ),
    ],
)
def test_what_is_not_told_apart_is_left_as_it_is(text: str, why: str) -> None:
    made, left = filled(text, replace(observed(), chain=loads(text)))
    assert left == (why,)
    traffic = loads(made).traffic
    assert traffic.hold == Fraction(1680)
    assert traffic.offered == Fraction(10 if traffic.kinds else 36)


def test_what_does_not_fit_is_refused() -> None:
    """Services by which the file and what was measured differ."""
    text = HUB.replace('"admin"', '"others"')
    rule = '^--fill: what was measured does not fit the file: .* no kind of traffic has the services "others"'
    with pytest.raises(InputError, match=rule):
        filled(text, observed())
