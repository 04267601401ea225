"""Who walks."""

from pathlib import Path

import pytest

from tests.walk.newcomer import Newcomer, newcomer


@pytest.fixture
def me(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newcomer:
    return newcomer(tmp_path, monkeypatch)
