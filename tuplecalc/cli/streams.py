"""Standard output and standard error: a reader that has gone, an encoding without these characters."""

from __future__ import annotations

import codecs
import io
import os
import signal
import sys
from typing import Any

_SUBSTITUTES = {
    "◀": "<",
    "▼": "v",
    "─": "-",
    "├": "|",
    "└": "`",
    "−": "-",
    "–": "-",
    "—": "-",
    "‘": "'",
    "’": "'",
    "′": "'",
    "“": '"',
    "”": '"',
    "•": "*",
    "·": "*",
    "×": "x",
    "÷": "/",
    "∪": "U",
    "∩": "&",
    "∖": "\\",
    "≈": "~",
    "…": "...",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "±": "+-",
    "²": "^2",
    "³": "^3",
    "√": "sqrt",
    "∞": "infinity",
    "λ": "lambda",  # Unicode calls it lamda
}
"""What stands for a character of this program; one for one where a table has it, which stays in line."""
_REPLACE = "tuplecalc"


class _Pipe(io.FileIO):
    """A stream of which nobody needs to read all: what is written after its reader has gone is lost.

    So a command runs to its end, and what else it has to say is said: why a gate closes, and the status.
    """

    has_reader = True

    def write(self, data: Any) -> int:
        """Write some bytes, or lose all of them."""
        try:
            return super().write(data)
        except BrokenPipeError:
            self.has_reader = False
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)


def prepare() -> None:
    """Set up both streams; those that are closed, or that something else stands for, stay as they are."""
    codecs.register_error(_REPLACE, _replaced)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if stream.isatty():
            stream.reconfigure(errors=_REPLACE)
            continue
        piped = io.TextIOWrapper(
            io.BufferedWriter(_Pipe(stream.fileno(), "wb", closefd=False)),
            stream.encoding,
            _REPLACE,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        setattr(sys, name, piped)


def end_as_others_do() -> None:
    """Where the reader of a result had gone, end by the signal that other tools end by."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Pipe) and not raw.has_reader and hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """A codec's way out: a character of this program as :data:`_SUBSTITUTES` has it, others by their parts.

    A name in another script is its owner's: it has ``?`` for each of its characters.

    >>> [_replaced(UnicodeEncodeError("ascii", each, 0, 1, ""))[0] for each in "×λσΣé₁登"]
    ['x', 'lambda', 'sigma', 'Sigma', 'e', '1', '?']
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = (_in_ascii(each) for each in error.object[error.start : error.end])
    return "".join(found), error.end


def _in_ascii(character: str) -> str:
    if character in _SUBSTITUTES:
        return _SUBSTITUTES[character]
    import unicodedata  # only encodings without Unicode need it

    script, _, letter = unicodedata.name(character, "").rpartition(" LETTER ")
    if script.startswith("GREEK "):
        return letter.capitalize() if script.endswith("CAPITAL") else letter.lower()
    parts = unicodedata.normalize("NFKD", character)
    return parts.encode("ascii", "ignore").decode() or ("" if unicodedata.combining(character) else "?")
