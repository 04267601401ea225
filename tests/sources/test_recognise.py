"""Sources that no reader knows: what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuplecalc.errors import InputError
from tuplecalc.network.file import example_text
from tuplecalc.sources.read import read


def test_a_topology_is_none_of_them(tmp_path: Path) -> None:
    path = tmp_path / "chain.toml"
    for written in (example_text("outage"), '{"clients": {}, "services": {}}'):
        path.write_text(written)
        with pytest.raises(InputError) as error:
            read([str(path)])
        assert str(error.value) == f"{path}: this is a chain file already: tuplecalc capacity {path}"


@pytest.mark.parametrize("written", ["hello", "clients.addresses = 9", "[1, 2]", "{" * 99_999])
def test_what_is_nothing_of_all_is_not_recognised(written: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(written)
    with pytest.raises(InputError, match=r"file: not recognised: what is in it is no Terraform, Envoy, "):
        read([str(path)])
