"""What ``import tuplecalc`` gives: a written list, and nothing else."""

import re
from collections.abc import Callable
from importlib import import_module
from inspect import isfunction, unwrap
from pathlib import Path
from typing import Any

import pytest

import tuplecalc
from tuplecalc.called import CALLS, led
from tuplecalc.errors import show
from tuplecalc.network.file import example_text

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
    "explore",
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
        assert unwrap(getattr(tuplecalc, name)) is there


api: Any = tuplecalc  # called as nobody should
CHAIN = tuplecalc.cone(addresses=4, services=10, hold="2s")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: api.sweep(CHAIN, "hops.nat.addresses", [1, 2]),
            "tc.sweep() takes from 1 to 2 positional arguments but 3 were given; write it as in "
            'tc.sweep(chain, {"hops.nat.addresses": [1, 2, 4]})',
        ),
        (
            lambda: api.solve(CHAIN, "hops.nat.addresses", 5000),
            "tc.solve() takes 2 positional arguments but 3 were given; write it as in "
            'tc.solve(chain, "hops.nat.addresses", rate=5000)',
        ),
        (
            lambda: api.capacity(CHAIN, rate=700),
            "tc.capacity() got an unexpected keyword argument 'rate'; write it as in "
            'tc.capacity(chain), or tc.capacity(tc.with_settings(chain, "traffic.rate=5000"))',
        ),
        (
            lambda: api.cone(4, 10),
            "tc.cone() takes 0 positional arguments but 2 were given; write it as in "
            'tc.cone(addresses=4, services=10, hold="2s")',
        ),
        (
            api.load,
            "tc.load() missing 1 required positional argument: 'path'; write it as in tc.load(\"shop.toml\")",
        ),
        (
            lambda: api.load(CHAIN),
            f'{show(CHAIN)}: this is the path of a file; write it as in "shop.toml"',
        ),
        (
            lambda: api.load("outage"),
            'outage: there is no such file; the bundled example is tc.example("outage")',
        ),
        (
            lambda: api.load("edge2"),
            'edge2: there is no such file; did you mean tc.load("edge2.toml")?',
        ),
        (
            lambda: api.loads("edge2.toml"),
            '"edge2.toml": this is the text of no chain file; '
            "tc.load reads a file, tc.example a bundled example",
        ),
        (
            lambda: api.offered("outage"),
            'chain: "outage": this is a Chain; '
            'give tc.load("shop.toml"), tc.example("outage"), or the .chain of a result',
        ),
    ],
)
def test_a_wrong_call_leads_to_the_right_one(
    call: Callable[[], object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("edge2.toml").write_text(example_text("cone"), encoding="utf-8")
    with pytest.raises(tuplecalc.TuplecalcError) as caught:
        call()
    assert str(caught.value) == message


def test_an_error_from_within_stays_what_it_is() -> None:
    with pytest.raises(TypeError):
        led(lambda: 5 + api, "sweep")()


def test_every_function_says_how_it_is_called() -> None:
    functions = {name for name in NAMES if isfunction(unwrap(getattr(tuplecalc, name)))}
    assert functions == set(CALLS)
    result = {"chain": tuplecalc.example("outage"), "tc": tuplecalc, "text": example_text("cone")}
    unlike = {"from_dict", "load", "region", "best_mix"}  # these need another chain, or a file
    for name in sorted(functions - unlike):
        for line in CALLS[name].replace("hops.nat", "hops.lvs").split(", or "):
            assert eval(line, {}, result) is not None


def test_a_name_that_people_look_for_leads_on() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = api.plot
    assert str(caught.value) == (
        "module 'tuplecalc' has no attribute 'plot'; figures are "
        "tc.figures.plot_limits(tc.capacity(chain)), plot_shape, plot_rate and so on"
    )
