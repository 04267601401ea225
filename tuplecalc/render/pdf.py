"""A page of HTML as PDF, printed by the browser that is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tuplecalc.errors import InputError
from tuplecalc.network.file import show_path

_NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    *("microsoft-edge", "microsoft-edge-stable", "chrome", "msedge"),
)
_PLACES = (  # not on the path of a shell
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
_QUIET = (
    *("--headless", "--disable-gpu", "--disable-extensions", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run", "--no-default-browser-check"),
    *("--no-pdf-header-footer", "--generate-pdf-document-outline"),
)
SECONDS = 60
"""The longest that a browser may take."""
_WAY_OUT = "install Chromium, or write an .html file and print it from any browser"
_PAPER = "<style>@page { size: A4 }</style></head>"


def browser() -> str:
    """The browser that prints: Chromium, Chrome or Edge.

    Raises :class:`~tuplecalc.errors.InputError` where there is none.
    """
    found = filter(None, map(shutil.which, (*_NAMES, *_PLACES)))
    if (first := next(found, None)) is None:
        raise InputError(f"a PDF is printed by Chromium, Chrome or Edge, and none is here; {_WAY_OUT}")
    return first


def printed(page: str, by: str) -> bytes:
    """The page on A4 paper, as a file of PDF; the browser sees no profile of the user's, and keeps none.

    Raises :class:`~tuplecalc.errors.InputError` where the browser makes none within :data:`SECONDS`.
    """
    snap = Path.home() / "snap" / "chromium" / "common"  # all that Ubuntu's packaged Chromium can read
    room = snap if snap.is_dir() else None
    with TemporaryDirectory(prefix="tuplecalc-", dir=room, ignore_cleanup_errors=True) as folder:
        html, pdf = Path(folder, "report.html"), Path(folder, "report.pdf")
        html.write_text(page.replace("</head>", _PAPER, 1), encoding="utf-8", errors="replace")
        profile = f"--user-data-dir={Path(folder, 'profile')}"
        command = [by, *_QUIET, *_sandbox(), profile, f"--print-to-pdf={pdf}", html.as_uri()]
        none = subprocess.DEVNULL  # a pipe would stay open as long as any process of the browser's
        try:
            status = subprocess.run(
                command, timeout=SECONDS, check=False, stdin=none, stdout=none, stderr=none
            ).returncode
        except subprocess.TimeoutExpired:
            raise _failed(by, f"none within {SECONDS:g} s") from None
        except OSError as error:
            raise _failed(by, f"none: {(error.strerror or str(error)).lower()}") from error
        data = pdf.read_bytes() if pdf.is_file() else b""
    if not data.startswith(b"%PDF-"):
        raise _failed(by, f"none (exit status {status})")
    return data


def _sandbox() -> list[str]:
    """The superuser has no sandbox: the browser starts only without."""
    return ["--no-sandbox"] if sys.platform != "win32" and os.geteuid() == 0 else []


def _failed(by: str, what: str) -> InputError:
    return InputError(f"{show_path(by)} was to print the PDF and made {what}; {_WAY_OUT}")
