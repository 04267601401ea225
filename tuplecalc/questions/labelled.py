"""A sweep under its labels: rows, and the tables of pandas and xarray where these are installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

from tuplecalc.errors import InputError
from tuplecalc.questions.grid import Grid, Places
from tuplecalc.questions.lost import failing
from tuplecalc.questions.served import leaves_some_out, served_and_unserved

_SHARES = ("blocking_lower", "blocking_upper", "expected_failing_lower", "expected_failing_upper")
_EXACT = 2.0**53  # from here on floats skip whole numbers


def columns(sweep: Grid, *, blocking: bool = False) -> dict[str, list[Any]]:
    """The points of a sweep, column by column, in the order of the grid: the axes' paths, then figures.

    ``rate`` is None where nothing limits it, limits are ``"hop limit"``; where some client gets no ports
    at some point, ``served`` and ``unserved`` count clients.

    >>> from tuplecalc.questions.sweep import sweep
    >>> from tuplecalc.network.file import example
    >>> columns(sweep(example("outage"), {"hops.lvs.addresses": "1..2"}))["binding"]
    ['login-proxy shared', 'login-proxy shared']
    """
    found: dict[str, list[Any]] = {}
    for number, axis in enumerate(sweep.axes):
        values = np.array([_plain(value) for value in axis.values], dtype=object)
        shape = [1] * len(sweep.axes)
        shape[number] = len(values)
        found[axis.path] = np.broadcast_to(values.reshape(shape), sweep.shape).ravel().tolist()
    flows, rates = np.asarray(sweep.flows), np.asarray(sweep.rate)
    whole = flows.astype(np.int64) if flows.max() < _EXACT else flows
    found["flows"] = whole.ravel().tolist()
    limited = np.isfinite(rates)
    found["rate"] = (rates if limited.all() else np.where(limited, rates, np.array(None))).ravel().tolist()
    found["binding"] = _labels(sweep, sweep.binding).ravel().tolist()
    found["rate_binding"] = _labels(sweep, sweep.rate_binding).ravel().tolist()
    if leaves_some_out(sweep):
        found |= {name: each.ravel().tolist() for name, each in served_and_unserved(sweep).items()}
    if blocking:
        bounds = (each.ravel().tolist() for shares in failing(sweep) for each in shares)
        found.update(zip(_SHARES, bounds, strict=True))
    return found


def names(sweep: Grid, *, blocking: bool = False) -> list[str]:
    """The names of the columns."""
    clients = ("served", "unserved") if leaves_some_out(sweep) else ()
    shares = _SHARES if blocking else ()
    figures = "flows", "rate", "binding", "rate_binding", *clients, *shares
    return [*(axis.path for axis in sweep.axes), *figures]


def rows(sweep: Grid, *, blocking: bool = False) -> Iterator[tuple[Any, ...]]:
    """The points of a sweep, one after the other: what :func:`columns` has, without its names."""
    return zip(*columns(sweep, blocking=blocking).values(), strict=True)


def dataframe(sweep: Grid) -> Any:
    """``Sweep.to_dataframe``: a row for each point, limits as categories."""
    pandas = _library("pandas")
    frame = pandas.DataFrame(columns(sweep))
    return frame.astype({"binding": "category", "rate_binding": "category"})


def dataset(sweep: Grid) -> Any:
    """``Sweep.to_xarray``: a variable for each figure, with a dimension for each axis."""
    xarray = _library("xarray")
    dimensions = [axis.path for axis in sweep.axes]
    variables: dict[str, Any] = {
        "flows": (dimensions, sweep.flows, {"units": "1", "long_name": "flows open at once"}),
        "rate": (dimensions, sweep.rate, {"units": "1/s", "long_name": "highest sustained rate"}),
        "binding": (dimensions, _labels(sweep, sweep.binding)),
        "rate_binding": (dimensions, _labels(sweep, sweep.rate_binding)),
    }
    if leaves_some_out(sweep):
        words = {"served": "clients that get ports", "unserved": "clients that get none"}
        for name, each in served_and_unserved(sweep).items():
            variables[name] = dimensions, each, {"units": "1", "long_name": words[name]}
    coordinates = {
        axis.path: (axis.path, np.asarray(values), {"units": axis.unit, "long_name": axis.name})
        for axis, values in zip(sweep.axes, sweep.coordinates, strict=True)
    }
    return xarray.Dataset(variables, coordinates, {"title": sweep.chain.title})


def _labels(sweep: Grid, places: Places) -> Any:
    """The limits' names in place of their places; None where nothing limits."""
    names = np.array([*(f"{hop} {limit}" for hop, limit in sweep.names), None], dtype=object)
    return names[np.atleast_1d(places)].reshape(np.shape(places))  # -1 is the last


def _plain(value: Any) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise InputError(f"{name} is not installed; it comes with `pip install {name}`") from None
