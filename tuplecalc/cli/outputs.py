"""Where a command writes a file: all of it or nothing, and never over what it was made from."""

from __future__ import annotations

import codecs
import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tuplecalc.errors import InputError
from tuplecalc.network.file import show_path

STANDARD_OUTPUT = "-"

_SEEN = 1024
"""Bytes: the words before the first element of an SVG are fewer."""
_BEGINS = {
    "html": ("an HTML page", rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html)[\s>]"),
    "svg": ("an SVG", rb"\s*(<\?xml|<!).*?<svg[\s>]|\s*<svg[\s>]"),
    "png": ("a PNG", rb"\x89PNG\r\n\x1a\n"),
    "pdf": ("a PDF", rb"%PDF-"),
}
"""What a file of a kind is called, and how it begins."""

_WAYS_OUT = {
    errno.ENOENT: "make its folder first, or choose another path",
    errno.ENOSPC: "free some space, or choose another path",
    errno.EDQUOT: "free some space, or choose another path",
}


def write(path: str, data: bytes) -> None:
    """Write a file, or replace it at once: whoever reads it meanwhile sees the old one or the new one.

    ``-`` is standard output.  A link is followed; a file that is there already keeps its mode and its
    owner, and where anything fails its contents too.  Raises
    :class:`~tuplecalc.errors.InputError` where the file cannot be written, and ``OSError`` for
    standard output.

    >>> write("no/such/folder/report.html", b"")
    Traceback (most recent call last):
    tuplecalc.errors.InputError: no/such/folder/report.html: cannot be written: no such file or directory; \
make its folder first, or choose another path
    """
    if path == STANDARD_OUTPUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return
    if not path:
        raise InputError("the name of the output file is empty; write one, or - for standard output")
    try:
        _write(path, data)
    except OSError as error:
        raise unwritten(path, error) from error
    except ValueError as error:
        raise InputError(f"{show_path(path)}: this is not a path: {error}") from error


def target(path: str | None, example: str, inputs: Iterable[str | None]) -> str:
    """Where to write, before the work for it is done.

    Raises :class:`~tuplecalc.errors.InputError` where no path is given, where its folder is missing,
    and where a command would write over what it reads.
    """
    if path is None:
        rule = "this says where to write, and is missing"
        raise InputError(f"-o: {rule}; write -o {example}, or -o - for standard output")
    if path != STANDARD_OUTPUT and path and not os.path.lexists(os.path.dirname(path) or os.curdir):  # noqa: PTH120
        raise unwritten(path, OSError(errno.ENOENT, os.strerror(errno.ENOENT)))
    _refuse(path, inputs)
    return path


def keep_others(path: str, kind: str) -> None:
    """Refuse to replace a file that is not of the kind that is written: it may be somebody's work.

    An empty file, and what is no file, such as a pipe, is written to.  Raises
    :class:`~tuplecalc.errors.InputError`.
    """
    try:
        if path == STANDARD_OUTPUT or not Path(path).is_file():
            return
        with Path(path).open("rb") as stream:
            there = stream.read(_SEEN)
    except (OSError, ValueError):
        return  # writing it says why
    name, begins = _BEGINS[kind]
    if there and not re.match(begins, there.removeprefix(codecs.BOM_UTF8), re.DOTALL | re.IGNORECASE):
        rule = f"this file is there already, is not {name}, and would be lost"
        raise InputError(f"{show_path(path)}: {rule}; write another name, or remove it first")


def quiet() -> None:
    """No word from matplotlib about its own folders: a read-only home is no news to a user."""
    import logging  # only figures need it

    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def _refuse(path: str, inputs: Iterable[str | None]) -> None:
    for each in filter(None, inputs):
        with suppress(OSError, ValueError):  # one of them does not exist, or is no path
            if not Path(path).samefile(each):
                continue
            rule = "this is the file that is read, and would be lost; choose another path for the output"
            raise InputError(f"{show_path(path)}: {rule}")


def unwritten(path: str, error: OSError) -> InputError:
    """Why a file cannot be written, and the way out."""
    reason = (error.strerror or str(error)).lower()
    way_out = _WAYS_OUT.get(error.errno or 0, "choose another path")
    return InputError(f"{show_path(path)}: cannot be written: {reason}; {way_out}")


def _write(path: str, data: bytes) -> None:
    try:
        there = Path(path).stat()
    except FileNotFoundError:
        there = None
    if path.endswith(os.sep) or (there and stat.S_ISDIR(there.st_mode)):
        raise InputError(f"{show_path(path)}: this is a folder; write the name of a file in it")
    if there and not stat.S_ISREG(there.st_mode):  # a pipe or a terminal: nothing to replace
        Path(path).write_bytes(data)
        return
    if there and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    target = Path(path).resolve()  # behind a link; replacing the link would not change the file
    part = target.with_name(f".tuplecalc-{secrets.token_hex(8)}")
    try:
        with part.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())  # a full disk may say so only here
        if there:
            with suppress(OSError, AttributeError):  # only the superuser may; other systems have no owners
                os.chown(part, there.st_uid, there.st_gid)
            part.chmod(stat.S_IMODE(there.st_mode))
        part.replace(target)
    except BaseException:  # an interrupt as well
        part.unlink(missing_ok=True)
        raise
