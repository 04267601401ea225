"""The pages of docs/ that are made from the package: ``python -m tests.docs`` writes them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.docs import cli, glossary, keys

FOLDER = Path(__file__).parent.parent.parent / "docs"
PAGES: Mapping[str, Callable[[], str]] = {
    "keys.md": keys.page,
    "cli.md": cli.page,
    "glossary.md": glossary.page,
    "glossary.zh-CN.md": glossary.chinese_page,
}


def write() -> None:
    """Each page as the package is now."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
