"""Sweeps under their labels, in parts, over arrays of other libraries, and what they say of blocking."""

from itertools import product
from typing import Any

import dask.array
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

import tuplecalc as tc
from tuplecalc.questions import labelled
from tuplecalc.questions.labelled import columns

OUTAGE = tc.example("outage")
OVER = {"hops.lvs.addresses": "1..4", "traffic.hold": "30s..300s/3", "hops.login-proxy.instances": "1..3"}


def test_points_stand_under_their_labels() -> None:
    found = tc.sweep(OUTAGE, OVER)
    rows = list(zip(*columns(found).values(), strict=True))
    points = list(product((1, 2, 3, 4), (30, 165, 300), (1, 2, 3)))
    assert [row[:3] for row in rows] == points
    for (addresses, hold, instances), row in zip(points, rows, strict=True):
        values = (
            f"hops.lvs.addresses={addresses}",
            f"traffic.hold={hold}",
            f"hops.login-proxy.instances={instances}",
        )
        exact = tc.capacity(tc.with_settings(OUTAGE, *values))
        assert exact.rate_binding
        assert row[3] == exact.flows
        assert row[4] == pytest.approx(float(exact.rate or 0), rel=1e-12)
        assert row[5:] == tuple(f"{limit.hop} {limit.name}" for limit in (exact.binding, exact.rate_binding))


def test_a_data_frame_has_a_row_for_each_point() -> None:
    frame = tc.sweep(OUTAGE, OVER).to_dataframe()
    assert isinstance(frame, pd.DataFrame)
    assert frame.shape == (36, 7)
    best = frame.loc[frame["rate"].idxmax()]
    assert (best["hops.lvs.addresses"], best["traffic.hold"], best["rate_binding"]) == (4, 30, "lvs ports")
    assert frame.groupby("hops.lvs.addresses")["flows"].max().tolist() == [193_536 * n for n in (1, 2, 3, 4)]


def test_a_dataset_has_a_dimension_for_each_axis() -> None:
    found = tc.sweep(OUTAGE, OVER).to_xarray()
    assert dict(found.sizes) == {"hops.lvs.addresses": 4, "traffic.hold": 3, "hops.login-proxy.instances": 3}
    at = found.sel({"hops.lvs.addresses": 2, "traffic.hold": 300, "hops.login-proxy.instances": 1})
    assert float(at["rate"]) == pytest.approx(1172.945454545, rel=1e-11)
    assert str(at["rate_binding"].values) == "login-proxy shared"
    assert (found["rate"].attrs["units"], found["traffic.hold"].attrs["units"]) == ("1/s", "s")


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(labelled, "import_module", missing)
    with pytest.raises(tc.InputError) as caught:
        tc.sweep(OUTAGE, OVER).to_dataframe()
    assert str(caught.value) == "pandas is not installed; it comes with `pip install pandas`"


# Arrays that are not numpy's.

BLOCKS: dict[str, tuple[tc.Chain, dict[str, Any]]] = {
    "outage": (
        OUTAGE,
        {"hops.lvs.addresses": np.arange(1, 41), "traffic.hold": np.linspace(1, 600, 30)},
    ),
    "cut in pieces": (
        tc.inverted_cone(addresses=2, ports="1024-9999", proxy_ports="5000-20000", services=3, hold="9s"),
        {"hops.nat.time_wait": np.linspace(1, 300, 21), "hops.proxy.time_wait": np.linspace(0.5, 200, 11)},
    ),
    "value by value": (
        tc.with_settings(OUTAGE, "hops.login-proxy.max_files=70000"),
        {"hops.login-proxy.instances": np.arange(1, 9), "traffic.hold": np.linspace(1, 600, 30)},
    ),
}


def lazily(values: Any, chunks: int) -> Any:
    return dask.array.from_array(values, chunks=chunks)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("case", BLOCKS)
def test_a_sweep_of_dask_arrays_is_dask_s(case: str) -> None:
    chain, over = BLOCKS[case]
    ours = tc.sweep(chain, over)
    theirs = tc.sweep(chain, {path: lazily(values, 7) for path, values in over.items()})
    for name in ("flows", "rate", "binding", "rate_binding"):
        lazy: Any = getattr(theirs, name)
        assert isinstance(lazy, dask.array.Array), name
        assert lazy.npartitions > 1
        np.testing.assert_array_equal(np.asarray(lazy), getattr(ours, name))


def test_only_the_values_of_an_array_are_read_ahead() -> None:
    """What decides about pieces are its ends; the grid itself is never made into numpy's."""
    made: list[tuple[int, ...]] = []
    asarray: Any = dask.array.Array.__array__

    def watched(array: Any, *arguments: Any, **keys: Any) -> Any:
        made.append(array.shape)
        return asarray(array, *arguments, **keys)

    values = lazily(np.linspace(1, 600, 30), 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dask.array.Array, "__array__", watched)
        found = tc.sweep(OUTAGE, {"traffic.hold": values, "hops.lvs.addresses": "1..50"})
        assert isinstance(found.rate, dask.array.Array)
    assert set(made) <= {(30,)}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([3, 2], "the values ascend, no two alike; sort them, and take double ones out"),
        ([2, 2], "the values ascend, no two alike; sort them, and take double ones out"),
        ([], "no value is given; write it as in"),
        ([1.5, 2], "addresses are a whole number or text; write"),
        ([1, 1.5, 2], "this takes whole numbers only; round them"),
        ([0, 1], "hops[0].addresses: 0: "),
        (7, "7: these are no numbers in a row; write it as in"),
        ([None], "[None]: these are no numbers in a row; write it as in"),
        (np.ones((2, 2)), "these are no numbers in a row; write it as in"),
        (np.array([1.0, np.nan]), "these are no numbers in a row; write it as in"),
        (np.array(["a", "b"]), "these are no numbers in a row; write it as in"),
    ],
)
def test_values_that_are_none(values: Any, message: str) -> None:
    with pytest.raises(tc.InputError) as caught:
        tc.sweep(OUTAGE, {"hops.lvs.addresses": values})
    assert str(caught.value).startswith('"hops.lvs.addresses')
    assert message in str(caught.value)


def test_values_may_be_durations_and_integers_of_any_size() -> None:
    found = tc.sweep(OUTAGE, {"traffic.hold": ["30s", "1m", 90], "clients.addresses": [1, 10**25, 2**128]})
    assert found.coordinates[0].tolist() == [30, 60, 90]
    assert found.shape == (3, 3)
    wide = tc.sweep(OUTAGE, {"clients.addresses": np.array([2**40, 2**62]), "hops.lvs.addresses": [2**100]})
    assert wide.flows.max() > 2**70


# Parts.


@pytest.mark.parametrize("points", [1, 5, 7, 12, 36, 100])
def test_parts_are_the_whole(points: int) -> None:
    whole = tc.sweep(OUTAGE, OVER)
    parts = list(tc.sweep(OUTAGE, OVER).parts(points))
    assert all(part.size <= points for part in parts)
    for name, column in columns(whole).items():
        assert [value for part in parts for value in columns(part)[name]] == column


def test_parts_of_an_array_are_the_whole() -> None:
    hold = np.linspace(1, 600, 30)
    whole = tc.sweep(OUTAGE, {"traffic.hold": hold})
    parts = list(tc.sweep(OUTAGE, {"traffic.hold": hold}).parts(4))
    assert np.concatenate([part.rate for part in parts]).tolist() == whole.rate.tolist()


def test_a_sweep_over_nothing_is_the_chain() -> None:
    found = tc.sweep(OUTAGE)
    assert (int(found.flows), len(list(found.parts(1)))) == (193_536, 1)
    assert repr(found) == "<Sweep over nothing: 1 points>"


# Blocking.


def test_blocking_at_each_point() -> None:
    found = tc.sweep(OUTAGE, {"hops.lvs.addresses": "1..2", "traffic.rate": "500..700/2"})
    lower, upper = found.blocking()
    expected = found.expected()
    for at, addresses in enumerate((1, 2)):
        for on, rate in enumerate((500, 700)):
            chain = tc.with_settings(OUTAGE, f"hops.lvs.addresses={addresses}")
            bracket = tc.under_load.blocking(chain, rate=rate)
            assert (lower[at, on], upper[at, on]) == (bracket.lower, bracket.upper)
            load = tc.offered(tc.with_settings(chain, f"traffic.rate={rate}"))
            assert (expected.lower[at, on], expected.upper[at, on]) == load.expected
    assert found.blocking(700).upper[0].tolist() == [upper[0, 1]] * 2
    with pytest.raises(tc.InputError, match="a rate is above 0"):
        found.blocking(0)


def test_a_sweep_over_nothing_is_a_table_of_one_row() -> None:
    frame = tc.sweep(OUTAGE, {}).to_dataframe()
    assert frame["flows"].tolist() == [193_536]
    assert frame["binding"].tolist() == ["login-proxy shared"]


@pytest.mark.parametrize("points", [0, -1, 1.5, "x", None])
def test_parts_have_points(points: Any) -> None:
    with pytest.raises(tc.InputError, match="a whole number of 1 or more"):
        list(tc.sweep(OUTAGE, OVER).parts(points))


def test_what_is_no_chain_or_no_axis_is_refused() -> None:
    for call in (tc.sweep, tc.crossovers, tc.solve):
        with pytest.raises(tc.TuplecalcError, match="this is a Chain"):
            call(5, "hops.lvs.addresses")  # type: ignore[arg-type]
    with pytest.raises(tc.InputError, match="a mapping of paths"):
        tc.sweep(OUTAGE, 5)  # type: ignore[arg-type]
    with pytest.raises(tc.InputError, match="masked"):
        tc.sweep(OUTAGE, {"hops.lvs.addresses": np.ma.array([1, 2], mask=[False, True])})
    with pytest.raises(tc.InputError, match="no numbers in a row"):
        tc.sweep(OUTAGE, {"hops.lvs.addresses": [True]})


def test_a_lazy_sweep_from_no_time_on_warns_of_nothing() -> None:
    values = lazily(np.linspace(0, 600, 30), 10)
    found = tc.sweep(OUTAGE, {"traffic.hold": values, "hops.lvs.time_wait": lazily(np.linspace(0, 9, 3), 2)})
    ours = tc.sweep(
        OUTAGE, {"traffic.hold": np.linspace(0, 600, 30), "hops.lvs.time_wait": np.linspace(0, 9, 3)}
    )
    np.testing.assert_array_equal(np.asarray(found.rate), ours.rate)
