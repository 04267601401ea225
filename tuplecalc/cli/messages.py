"""What is said on standard error: on a terminal in lines that fit it, else one line a message."""

from __future__ import annotations

import re
import sys

from tuplecalc.render.table import page, prose

_WHOLE = re.compile(r"""(?:--set )?(?:"[^"]*"|`[^`]*`|(?<!\S)'[^']*'|\S)+""")
"""A word: with all that stands in quotes, so that a path or a setting can be copied."""
_BLANK = "\x00"


def say(message: str) -> None:
    """Write a message to standard error, unless that is closed."""
    if sys.stderr is None:
        return
    print(fitted(message, page(sys.stderr).prose) if sys.stderr.isatty() else message, file=sys.stderr)


def fitted(message: str, width: int) -> str:
    """Each line of a message in lines of a width, further ones two blanks further in.

    >>> print(fitted('wrote "my figure.svg": a name that has blanks stays whole', 30))
    wrote "my figure.svg": a name
      that has blanks stays whole
    """
    return "\n".join(line for given in message.split("\n") for line in _broken(given, width))


def _broken(given: str, width: int) -> list[str]:
    start = given[: len(given) - len(given.lstrip())]
    words = _WHOLE.sub(lambda word: word[0].replace(" ", _BLANK), given)
    return [line.replace(_BLANK, " ") for line in prose(words, width, start, f"{start}  ")]
