"""Whether this machine can hold a lab, and what an earlier one left behind."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from tuplecalc.errors import InputError

PREFIX = "tclab"
MODULE = "tuplecalc.lab.inside.agent"
_OTHER_FILES = 500
_PACKAGES = {"ip": "iproute2", "nft": "nftables"}


def check() -> None:
    """Nothing, where a lab can be built; :class:`~tuplecalc.errors.InputError` with the reason where not."""
    if reason := unfit():
        raise InputError(reason)


def unfit() -> str | None:
    """Why no lab can be built here, in a sentence; None where nothing is known to be in the way."""
    if not sys.platform.startswith("linux"):
        return (
            f"verify builds the chain out of Linux's own parts, and this is {sys.platform}; run it on Linux"
        )
    if os.geteuid() != 0:
        return "verify makes network namespaces, which only root may; run it as in sudo tuplecalc verify"
    missing = [tool for tool in _PACKAGES if shutil.which(tool) is None]
    if missing:
        packages = " ".join(_PACKAGES[tool] for tool in missing)
        tools = " and ".join(f"`{tool}`" for tool in missing)
        return f"verify needs {tools}, and finds none; on Debian: apt-get install {packages}"
    if not Path("/proc/self/ns/net").exists():
        return "this kernel has no network namespaces (CONFIG_NET_NS); verify builds the chain in them"
    return None


def check_files(flows: int) -> None:
    """Nothing, where a process may open files enough for so many flows: a proxy has two for each."""
    import resource  # not on every system, and by now this is Linux

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 3 * flows + _OTHER_FILES
    if 0 <= most < needed:
        rule = f"{flows:,} flows need {needed:,} open files, and this process may have {most:,}"
        raise InputError(f"{rule}; raise the limit with ulimit -n {needed}, or write a larger --scale")


def stale(proc: Path = Path("/proc")) -> dict[str, list[int]]:
    """Labs whose maker is gone, with the processes that still hold their namespaces.

    A lab's namespaces have no names: they live as long as its processes, and those end with their
    maker.  One that was stopped (SIGSTOP) or hangs in the kernel would stay, and is found here.
    """
    found: dict[str, list[int]] = {}
    for entry in proc.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it has ended meanwhile
            continue
        if MODULE not in words:
            continue
        name = next((word for word in words if re.fullmatch(rf"{PREFIX}-\d+-\d+", word)), None)
        if name is not None and not (proc / name.split("-")[1]).exists():
            found.setdefault(name, []).append(int(entry.name))
    return found


def refuse_stale() -> None:
    """Nothing, where no earlier lab is left; :class:`~tuplecalc.errors.InputError` that names those."""
    if left := stale():
        names = ", ".join(f"{name} (processes {' '.join(map(str, ids))})" for name, ids in left.items())
        ids = " ".join(str(each) for several in left.values() for each in several)
        rule = "a lab of an earlier run is still there, and its maker is not"
        raise InputError(f"{names}: {rule}; end it with kill -9 {ids}, its namespaces go with it")
