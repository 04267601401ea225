"""Libraries of the extra ``tuplecalc[live]``, imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from tuplecalc.errors import InputError


def needs(module: str, package: str, what: str) -> ModuleType:
    """A module of the extra; :class:`~tuplecalc.errors.InputError` with the way out where it is missing.

    >>> needs("no_such_module", "no-such-package", "reading nginx's configuration")
    Traceback (most recent call last):
    tuplecalc.errors.InputError: reading nginx's configuration needs no-such-package, which is not \
installed; pip install 'tuplecalc[live]'
    """
    try:
        return import_module(module)
    except ImportError as error:
        rule = f"{what} needs {package}, which is not installed"
        raise InputError(f"{rule}; pip install 'tuplecalc[live]'") from error
