"""A browser for the tests of pages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from tests.browser import CHROMIUM, QUIET
from tuplecalc.limits import capacity as counting

if TYPE_CHECKING:
    from playwright.sync_api import Browser


once = lru_cache(maxsize=10_000)(counting.limits_on_the_way)


@pytest.fixture(scope="module", autouse=True)
def _counted_once() -> Iterator[None]:
    """What is looked at here does not change what is counted, which takes most of the time of mixes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "limits_on_the_way", once)
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="no playwright here: pip install '.[test]'"
    )
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # the sandbox is not for the superuser
    with playwright.sync_playwright() as running:
        launched = running.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *root])
        yield launched
        launched.close()
