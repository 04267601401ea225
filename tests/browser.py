"""The browser of the tests that need one."""

from contextlib import suppress

import pytest

from tuplecalc.errors import InputError
from tuplecalc.render.pdf import browser

CHROMIUM: str | None = None
with suppress(InputError):
    CHROMIUM = browser()
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
