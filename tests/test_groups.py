"""Tests that share a kernel, or what takes long to make, run in one process."""

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="all tests run in one process")
@pytest.mark.xdist_group("alone")
def test_a_group_has_a_process_of_its_own(request: pytest.FixtureRequest) -> None:
    """pytest-xdist says so by the end of a test's id."""
    if request.config.getvalue("loadgroup"):
        assert request.node.nodeid.endswith("@alone")
