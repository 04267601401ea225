"""Arguments of the traffic functions: plain numbers within bounds, or an error that names them."""

from __future__ import annotations

from math import inf, isfinite, nan
from numbers import Integral, Real

from tuplecalc.errors import reject


def number(value: object, place: str, *, above: float | None = None, least: float = 0.0) -> float:
    """A finite number of at least ``least``, or strictly above ``above`` where that is given.

    >>> number(2, "hold")
    2.0
    >>> number(-1, "hold")
    Traceback (most recent call last):
    tuplecalc.errors.ChainError: hold: -1: this is a finite number of 0 or more; change it
    """
    rule = f"above {above:g}" if above is not None else f"of {least:g} or more"
    low = value_of(value)
    if not isfinite(low) or (low <= above if above is not None else low < least):
        raise reject(value, f"this is a finite number {rule}", "change it", place)
    return low


def probability(value: object, place: str) -> float:
    """A probability strictly between 0 and 1.

    >>> probability(1e-3, "blocking")
    0.001
    """
    chance = value_of(value)
    if not 0 < chance < 1:
        raise reject(value, "this is a probability above 0 and below 1", "write it as in 1e-3", place)
    return chance


def count(value: object, place: str, *, least: int = 0, most: int | None = None) -> int:
    """A whole number of at least ``least`` and at most ``most``, as Python's own kind, which never wraps.

    >>> count(4, "addresses", least=1)
    4
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or not hasattr(value, "__index__"):
        found = least - 1
    else:
        found = int(value)
    if found < least:
        raise reject(value, f"this is a whole number of {least} or more", "change it", place)
    if most is not None and found > most:
        raise reject(value, f"this is a whole number of {most:,} or less", "change it", place)
    return found


def value_of(value: object) -> float:
    """A real number as a float, NaN for all else: numpy's durations call themselves integers as well."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return nan
    try:
        return float(value)
    except OverflowError:
        return inf
    except TypeError:
        return nan
