"""What is wrong with an input, said so that the reader can mend it.

Every problem names the place (``hops[1].ports``), the value, the rule that it breaks and the
way out.  A file's problems are collected and raised together as one :class:`ChainError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

_LONGEST_VALUE = 60
_QUOTES = {**dict.fromkeys("“”„", '"'), **dict.fromkeys("‘’", "'")}
_TIMES = {"千": 1000, "万": 10_000, "亿": 100_000_000}
_SECONDS = {"毫秒": "ms", "秒": "s", "分钟": "m", "分": "m", "小时": "h", "天": "d"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what stands there, the rule, the way out.

    ``place`` is a path such as ``hops[1].ports`` (empty: the whole input); ``value`` is the
    offending value as the user wrote it, or ``None`` where nothing stands there.

    >>> print(Problem("hops[0].ports", "9-1", "a range runs upwards", 'write "1-9"'))
    hops[0].ports: "9-1": a range runs upwards; write "1-9"
    """

    place: str
    value: object
    rule: str
    remedy: str

    def __str__(self) -> str:
        parts = [self.place] if self.place else []
        if self.value is not None:
            parts.append(show(self.value))
        parts.append(f"{self.rule}; {self.remedy}" if self.remedy else self.rule)
        return ": ".join(parts)

    def below(self, place: str) -> Problem:
        """The same problem, seen from one level further up.

        >>> Problem("[2]", 0, "a port is 1 or more", "").below("hops[0].ports").place
        'hops[0].ports[2]'
        """
        glue = "." if place and self.place and not self.place.startswith("[") else ""
        return replace(self, place=f"{place}{glue}{self.place}")


class TuplecalcError(Exception):
    """Anything that tuplecalc says about an input; its text is meant for the user."""


class ChainError(TuplecalcError, ValueError):
    """An input breaks one or more rules; ``problems`` has them all, in the input's order."""

    def __init__(self, problems: Iterable[Problem], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__(self._text())

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.problems, self.source)

    def below(self, place: str) -> ChainError:
        """The same error, seen from one level further up."""
        return ChainError(problem.below(place) for problem in self.problems)

    def _text(self) -> str:
        lines = [str(problem) for problem in self.problems]
        if not self.source:
            return "\n".join(lines)
        if len(lines) == 1:
            return f"{self.source}: {lines[0]}"
        return "\n".join([f"{self.source}: {len(lines)} errors", *(f"  {line}" for line in lines)])


class InputError(TuplecalcError):
    """An input cannot be read at all: no such file, no text, no such example, no such path."""


def reject(value: object, rule: str, remedy: str = "", place: str = "") -> ChainError:
    """The error for one broken rule, for ``raise reject(...)``."""
    sign = foreign_sign(value) if isinstance(value, str) else ""
    return ChainError([Problem(place, value, rule, sign or remedy)])


def foreign_sign(value: str) -> str:
    """What to write for a number with a full-width character or a Chinese unit; empty for all else.

    >>> foreign_sign("1.5万"), foreign_sign("1分30秒")
    ('万 is no unit here: write "15000"', '分 is no unit here: write "1m30s"')
    >>> foreign_sign("15，000"), foreign_sign("15 apples")
    ('， is a full-width character: write "15,000"', '')
    """
    plain = "".join(map(in_ascii, value)).strip().strip("\"'")
    if value.isascii() or not plain[:1].isdigit():  # a name may be written in any script
        return ""
    for unit, times in _TIMES.items():
        plain = re.sub(rf"([0-9]+(?:\.[0-9]+)?) *{unit}", partial(_times, times), plain)
    for unit, written in _SECONDS.items():
        plain = plain.replace(unit, written)
    if not plain.isascii():
        return ""
    sign = next(each for each in value if not each.isascii())
    what = "a full-width character" if in_ascii(sign) != sign else "no unit here"
    return f"{sign} is {what}: write {show(plain)}"


def in_ascii(sign: str) -> str:
    """The ASCII of a full-width character or a typographic quote; any other character as it is."""
    import unicodedata  # only for those who write one

    meant = _QUOTES.get(sign) or unicodedata.normalize("NFKC", sign)
    return meant if meant.isascii() else sign


def _times(times: int, found: re.Match[str]) -> str:
    value = Fraction(found[1]) * times
    return str(value) if value.denominator == 1 else str(float(value))


def show(value: object) -> str:
    """A value as a user would write it, cut where it is long.

    >>> show("x" * 80)
    '"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"'
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in value[: _LONGEST_VALUE + 1])
        text = text if len(text) <= _LONGEST_VALUE - 2 else text[: _LONGEST_VALUE - 3] + "…"
        return f'"{text}"'
    try:
        text = _in_toml(value)
    except ValueError:  # an integer beyond Python's limit of decimal digits
        text = "a number of more than 4300 digits"
    except RecursionError:
        text = "something nested too deep"
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _in_toml(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(show, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {show(item)}' for key, item in value.items())}}}"
    return str(value)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """What the user may have meant, or None.

    >>> nearest("time_weit", ["time_wait", "hold"]), nearest("x", ["time_wait"])
    ('time_wait', None)
    >>> nearest("independent", ["endpoint-dependent", "endpoint-independent"])
    'endpoint-independent'
    """
    from difflib import get_close_matches  # only for those who mistype

    known = list(known)
    whole = [name for name in known if len(word) > 2 and word in name]
    return next(iter(whole if len(whole) == 1 else get_close_matches(word, known, n=1)), None)
