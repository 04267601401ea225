"""Settings for all tests."""

import os

from hypothesis import settings

# A busy machine is slow, not wrong.
settings.register_profile("patient", deadline=None, derandomize="CI" in os.environ)  # there a fixed seed
settings.load_profile("patient")

os.environ.pop("COLUMNS", None)  # pytest-xdist sets it, and commands would write for its width
