"""Characters that the figures' own font lacks: other fonts of this machine write them.

A figure of plain names asks for none of this.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findSystemFonts, fontManager, get_font
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

OWN = "DejaVu Sans"
_WEIGHTS = (400, 700)  # of the figures' words
_BOXES = "Last Resort High-Efficiency"
"""Boxes for all characters, which newer versions of matplotlib bring: with it they warn of none."""
_CHINESE = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Microsoft YaHei"),
    *("PingFang SC", "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback"),
)
_JAPANESE = (
    *("Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "Source Han Sans", "Yu Gothic", "Meiryo"),
    *("Hiragino Sans", "IPAexGothic", "IPAGothic", "TakaoGothic"),
)
_KOREAN = (
    *("Noto Sans CJK KR", "Noto Sans KR", "Source Han Sans KR", "Source Han Sans K", "Malgun Gothic"),
    *("Apple SD Gothic Neo", "NanumGothic", "UnDotum"),
)
_SCRIPTS = {"HIRAGANA": _JAPANESE, "KATAKANA": _JAPANESE, "HANGUL": _KOREAN, "CJK": _CHINESE}
"""Han characters differ by language: beside kana and Hangul they are written as there."""
_LAST = ("Unifont", "Unifont Upper")  # of dots
_FOR_EAST_ASIA, _FOR_SYMBOLS, _FOR_OTHERS = "fonts-noto-cjk", "fonts-symbola", "fonts-noto-core"
_SHOWN = 10  # characters that a message names
_UNSEEN = ("Cf", "Cc", "Zs")  # joiners, blanks: nothing to draw


class Fallback(NamedTuple):
    """Families that write what the figures' own does not, and the characters that none here has."""

    families: tuple[str, ...] = ()
    missing: str = ""

    @property
    def message(self) -> str:
        """What is missing and which package of Debian and Ubuntu brings it; empty where nothing is.

        >>> Fallback(missing="登录").message
        'no font here has the characters "登录": they show as boxes in a PNG or PDF; install one that has \
them (Debian, Ubuntu: apt-get install fonts-noto-cjk)'
        """
        if not self.missing:
            return ""
        more = "…" if len(self.missing) > _SHOWN else ""
        what, boxes, them = "characters", "they show as boxes", "them"
        if len(self.missing) == 1:
            what, boxes, them = "character", "it shows as a box", "it"
        package = _FOR_OTHERS
        if any(_script(each) for each in self.missing):
            package = _FOR_EAST_ASIA
        elif all(unicodedata.category(each) == "So" for each in self.missing):
            package = _FOR_SYMBOLS
        lacking = f'no font here has the {what} "{self.missing[:_SHOWN]}{more}"'
        way_out = f"install one that has {them} (Debian, Ubuntu: apt-get install {package})"
        return f"{lacking}: {boxes} in a PNG or PDF; {way_out}"


def fall_back(figure: Figure) -> Fallback:
    """Give each text that the figures' own font cannot write others that can."""
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    found = fallback("".join(dict.fromkeys("".join(text.get_text() for text in texts))))
    for text in texts:
        if found.families and beyond(text.get_text()):
            text.set_fontfamily([OWN, *found.families])
    return found


def beyond(words: str) -> str:
    """The characters that the figures' own font does not have, each once.

    >>> beyond("a NAT – ≥ 7 ◀ жλ"), beyond("登录 NAT 登")
    ('', '登录')
    """
    seen = (each for each in dict.fromkeys(words) if unicodedata.category(each) not in _UNSEEN)
    return "".join(each for each in seen if not each.isascii() and not _has(OWN, each))


@lru_cache
def fallback(words: str) -> Fallback:
    """The fonts for these words: those of their language first, then any that has them.

    >>> fallback("NAT")
    Fallback(families=(), missing='')
    """
    left, families = beyond(words), list[str]()
    for family in _candidates(left):
        if not left:
            break
        if has := [each for each in left if _has(family, each)]:
            left = "".join(each for each in left if each not in has)
            families.append(family)
    if left and _BOXES in _installed():
        families.append(_BOXES)
    for family in families:
        _in_all_weights(family)
    return Fallback(tuple(families), left)


def _candidates(characters: str) -> Iterator[str]:
    """Installed families, the likeliest first; last those that came since matplotlib made its list."""
    scripts = sorted({_script(each) for each in characters}, key=["", *_SCRIPTS].index)
    likely = [family for script in (*filter(None, scripts), *_SCRIPTS) for family in _SCRIPTS[script]]
    listed = _installed()
    yield from _in_order(listed, likely)
    known = {entry.fname for entry in fontManager.ttflist}
    for path in sorted(findSystemFonts()):
        if path not in known:
            with suppress(OSError, RuntimeError):  # no font, or a broken one
                fontManager.addfont(path)
    yield from _in_order(_installed() - listed, likely)


def _in_order(families: set[str], likely: list[str]) -> Iterator[str]:
    first = [family for family in dict.fromkeys(likely) if family in families]
    yield from first
    yield from sorted(families - {*first, *_LAST, OWN, _BOXES})
    yield from (family for family in _LAST if family in families)


def _installed() -> set[str]:
    return {entry.name for entry in fontManager.ttflist}


def _script(character: str) -> str:
    """The East Asian script that a character is of; empty for all others."""
    name = unicodedata.name(character, "").replace("-", " ").split(" ")
    return next((script for script in _SCRIPTS if script in name), "")


def _has(family: str, character: str) -> bool:
    font = _font(family)
    return font is not None and bool(font.get_char_index(ord(character)))


@lru_cache
def _font(family: str) -> FT2Font | None:
    """A family's font; None for one that cannot be opened, or has pictures in place of outlines."""
    with _muted(), suppress(OSError, RuntimeError, ValueError):
        font = get_font(fontManager.findfont(FontProperties(family=[family]), fallback_to_default=False))
        return font if font.scalable else None
    return None


def _in_all_weights(family: str) -> None:
    """What a font does not have in bold stands as it is, without a word from matplotlib."""
    entries = [entry for entry in fontManager.ttflist if entry.name == family and entry.style == "normal"]
    for weight in _WEIGHTS:
        if entries and weight not in {entry.weight for entry in entries}:
            nearest = min(entries, key=lambda entry: abs(int(entry.weight) - weight))
            fontManager.ttflist.append(replace(nearest, weight=weight))


@contextmanager
def _muted() -> Iterator[None]:
    logger = logging.getLogger("matplotlib.font_manager")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
