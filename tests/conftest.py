"""Settings for all tests."""

import gc
import os

from hypothesis import settings

# A busy machine is slow, not wrong.
settings.register_profile("patient", deadline=None, derandomize="CI" in os.environ)  # there a fixed seed
settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """All tests stay to the end: a process is a tenth faster that does not look at them for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


os.environ.pop("COLUMNS", None)  # pytest-xdist sets it, and commands would write for its width
