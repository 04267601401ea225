"""The README's pictures: made by its commands, and the baselines of what figures look like.

Two pictures are alike where the root mean square of the difference of their pixels is at most
``TOLERANCE`` of 255 grey levels: another version of matplotlib or of its fonts moves letters by a
pixel, which is about a half of that; another number in the figure is more.
"""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.command import invoke
from tests.pages import blocks

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
TOLERANCE = 12.0
(CHAIN,) = blocks(ROOT / "README.md", "toml")
COMMANDS = re.findall(r"^\$ tuplecalc (plot .* -o (\w+\.png))$", TEXT, re.MULTILINE)


def difference(one: Path, other: Path) -> float:
    """The root mean square of the difference, in grey levels."""
    pixels = [np.asarray(Image.open(path).convert("RGB"), float) for path in (one, other)]
    assert pixels[0].shape == pixels[1].shape == (675, 1200, 3)
    return float(np.sqrt(((pixels[0] - pixels[1]) ** 2).mean()))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the README's chain, to work in."""
    (tmp_path / CHAIN.title).write_text(CHAIN.text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_readme_shows_pictures_and_says_how_they_are_made() -> None:
    """The third is of the report's panel, which tests/docs/panel.py takes in a browser."""
    assert len(COMMANDS) == 2
    shown = re.findall(r"\]\(docs/([\w-]+\.png)\)", TEXT)
    assert shown == [*(name for _, name in COMMANDS), "what-if.png"]


@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_a_picture_looks_as_it_does_in_the_readme(command: str, name: str, here: Path) -> None:
    invoke(*shlex.split(command))
    assert difference(here / name, ROOT / "docs" / name) < TOLERANCE


@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_another_chain_looks_different(command: str, name: str, here: Path) -> None:
    """The tolerance is small enough to see another figure."""
    words = shlex.split(command)
    hop = "firewall" if CHAIN.title in words else "lvs"
    invoke(*words, "--set", f"hops.{hop}.ports=1024-9215", "--set", "traffic.hold=3m")
    assert difference(here / name, ROOT / "docs" / name) > TOLERANCE
