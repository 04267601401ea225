"""Whether this machine lets the tests build a lab, and the marks of those that do."""

import subprocess
import sys
from functools import cache

import pytest

from tuplecalc.lab.machine import unfit

_TRY = (
    "import ctypes; raise SystemExit(ctypes.CDLL(None).unshare(0x40000000) != 0)"  # in a process of its own
)


@cache
def reason() -> str:
    """Why it does not; empty where it does."""
    if why := unfit():
        return why
    if subprocess.run([sys.executable, "-I", "-c", _TRY], check=False).returncode:
        return "this process may not make network namespaces"
    return ""


MARKS = [
    pytest.mark.kernel,
    pytest.mark.skipif(bool(reason()), reason=reason()),
    pytest.mark.xdist_group("kernel"),  # one process: they count what the one kernel has
]
