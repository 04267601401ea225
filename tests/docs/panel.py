"""`python -m tests.docs.panel` makes the picture of the what-if panel, with a Chromium: docs/what-if.png."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.browser import CHROMIUM, QUIET
from tests.command import run

PICTURE = Path(__file__).parents[2] / "docs" / "what-if.png"
STATE = "#what-if?traffic.kinds.transparent.share=0.75"


def main() -> None:
    """Open the report of an example at a share, and take the panel's upper part."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with TemporaryDirectory() as folder, sync_playwright() as running:
        page = Path(folder) / "report.html"
        assert run("report", "mixed-by-share", "-o", str(page)).returncode == 0
        browser = running.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *root])
        visit = browser.new_page(viewport={"width": 1100, "height": 900}, color_scheme="light")
        visit.goto(page.as_uri() + STATE)
        visit.wait_for_timeout(300)
        visit.evaluate("scrollTo(0, 0)")
        box = visit.locator("#what-if").bounding_box()
        assert box is not None
        clip = {"x": box["x"] - 8, "y": box["y"], "width": box["width"] + 16, "height": 1180.0}
        visit.screenshot(path=PICTURE, full_page=True, clip=clip)  # type: ignore[arg-type]
        browser.close()
    print(f"{PICTURE.name}: made again")


if __name__ == "__main__":
    main()
