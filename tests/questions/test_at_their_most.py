"""Keys that would help, were they not at the most that is allowed: one sentence, wherever advice is."""

from __future__ import annotations

import json

import pytest

import tuplecalc as tc
from tests.command import invoke
from tuplecalc.questions.at_their_most import at_their_most
from tuplecalc.render.html import fragment

FULL = """
traffic = {rate = 5000, hold = "10s"}
clients = [{name = "x", addresses = 1, fixed = "ports"}, {name = "y", addresses = 9, most = {addresses = 9}}]
hops = [{name = "n", kind = "cone", addresses = 1, most = {addresses = 1}}]
services = {addresses = 2, ports = 443}
"""
SAID = "hops.n.addresses is at the most that is allowed (1)."


def test_it_is_said_once_wherever_advice_is() -> None:
    chain = tc.loads(FULL)
    text = invoke("capacity", "-", stdin=FULL).stdout
    markdown = invoke("capacity", "-", "-o", "markdown", stdin=FULL).stdout
    pages = text, markdown, tc.report(chain), fragment(tc.capacity(chain))
    assert [page.count(SAID) for page in pages] == [1, 1, 1, 1]
    record = json.loads(invoke("capacity", "-", "-o", "json", stdin=FULL).stdout)
    assert "is at the most" not in json.dumps(record["advice"])


@pytest.mark.parametrize(
    ("settings", "paths"),
    [
        ([], []),
        (["hops.nat.most.addresses=4"], ["hops.nat.addresses"]),
        (["hops.nat.most.addresses=5"], []),  # another one is allowed
        (["hops.nat.most.addresses=4", "hops.nat.fixed=addresses"], []),
        (["clients.most.addresses=131072"], []),  # clients do not limit it
        (
            ["hops.nat.max_entries=1000", "hops.nat.most.max_entries=1000", "hops.nat.most.addresses=4"],
            ["hops.nat.max_entries"],
        ),
    ],
)
def test_only_what_would_help_counts(settings: list[str], paths: list[str]) -> None:
    result = tc.capacity(tc.example("cone", settings))
    assert [each.path for each in at_their_most(result)] == paths


def test_several_are_one_sentence() -> None:
    """A preset's largest value counts as one of the file does."""
    text = """
    clients = {addresses = 9, ports = "1024-1123", most = {ports = 100, addresses = 9}}
    services = {addresses = 1, ports = 443}
    """
    said = " ".join(invoke("capacity", "-", stdin=text).stdout.split())
    assert "clients.ports (100) and clients.addresses (9) are at the most that is allowed." in said
    aws = """
    clients = {addresses = 100}
    hops = [{name = "n", preset = "aws-nat-gateway", addresses = 8}]
    services = {addresses = 1, ports = 443}
    """
    assert "hops.n.addresses is at the most that is allowed (8)." in invoke("capacity", "-", stdin=aws).stdout
