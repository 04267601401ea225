"""What ``import tuplecalc`` gives: a written list, and nothing else."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import tuplecalc

NAMES = [
    "AddressSet",
    "Advice",
    "Capacity",
    "Chain",
    "ChainError",
    "Clients",
    "Cone",
    "Forwarder",
    "InputError",
    "Kind",
    "Limit",
    "PortSet",
    "Proxy",
    "Services",
    "Traffic",
    "TuplecalcError",
    "Virtual",
    "advise",
    "axis",
    "best_mix",
    "capacity",
    "compare",
    "cone",
    "crossovers",
    "elasticities",
    "example",
    "explain",
    "figures",
    "from_dict",
    "hourglass",
    "inverted_cone",
    "load",
    "loads",
    "offered",
    "region",
    "replace",
    "report",
    "solve",
    "sweep",
    "to_dict",
    "under_load",
    "with_settings",
]


def test_the_names_are_these() -> None:
    assert dir(tuplecalc) == NAMES
    with pytest.raises(AttributeError, match=r"^module 'tuplecalc' has no attribute 'nat'$"):
        _ = tuplecalc.nat  # type: ignore[attr-defined]


def test_the_type_checker_is_told_where_each_is() -> None:
    stub = Path(str(tuplecalc.__file__)).with_suffix(".pyi").read_text(encoding="utf-8")
    told = {name: module for module, name in re.findall(r"from (tuplecalc\S*) import (\w+) as \2\n", stub)}
    assert sorted(told) == NAMES
    for name, module in told.items():
        home = import_module(module)
        there = getattr(home, name) if hasattr(home, name) else import_module(f"{module}.{name}")
        assert getattr(tuplecalc, name) is there
