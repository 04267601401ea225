"""The browser of the tests that need one, and a visit to a page in it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tuplecalc.errors import InputError
from tuplecalc.render.pdf import browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM: str | None = None
with suppress(InputError):
    CHROMIUM = browser()
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Scheme = Literal["light", "dark"]


class Visit:
    """A page that was opened, with all that it asked for and all that it complained of."""

    def __init__(self, browser: Browser, file: Path, width: int, scheme: Scheme = "light") -> None:
        self.asked: list[str] = []
        self.said: list[str] = []
        self.context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self.page: Page = self.context.new_page()
        self.page.route("**/*", self._only(file.as_uri()))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(file.as_uri())

    def _only(self, address: str) -> Any:
        def answer(route: Any) -> None:
            self.asked.append(route.request.url)
            route.continue_() if route.request.url == address else route.abort()

        return answer

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        root = "document.documentElement"
        return int(self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))

    def violations(self) -> list[str]:
        """What the accessibility check finds; parts of figures and formulas have nothing of their own."""
        from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

        parts = {"exclude": [["figure svg > *"], ["math > *"]]}
        found = Axe().run(self.page, context=parts).response["violations"]
        return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found]
