"""Erlang B: how often an attempt finds all circuits taken, and the two questions behind it.

A pool of C circuits (ports, tuples, conntrack entries) is offered A erlang: attempts a second times the mean
seconds for which each holds its circuit, hold and TIME_WAIT together.  Attempts come at random (Poisson); one
that finds every circuit taken is lost.  The law depends on the holding times only through their mean
(Sevastyanov 1957; recalled).

Numbers give a ``float`` and need only the standard library.  Arrays and lists broadcast, give a numpy array,
and need numpy and scipy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from tuplecalc.errors import ChainError, reject
from tuplecalc.under_load import erlang_kernels as kernels
from tuplecalc.under_load.checks import number, probability

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scalar: TypeAlias = float | Fraction | np.integer[Any] | np.floating[Any]
    Array: TypeAlias = Sequence[Any] | NDArray[Any]
    Floats: TypeAlias = NDArray[np.float64]

Check: TypeAlias = Callable[[object, str], float]
"""What one number must be; the second argument names its place."""

MOST = 1e290
"""The most circuits and the largest load: what the formulas make of them still fits a float."""
MOST_COUNTED = 1e15
"""The largest load of :func:`min_circuits`: beyond, floats no longer hold every whole number."""
_PIECE = 8192  # elements: a dozen arrays of 64 KiB stay in the second-level cache


@overload
def erlang_b(circuits: Scalar, load: Scalar) -> float: ...
@overload
def erlang_b(circuits: Array, load: Scalar | Array) -> Floats: ...
@overload
def erlang_b(circuits: Scalar, load: Array) -> Floats: ...
def erlang_b(circuits: Scalar | Array, load: Scalar | Array) -> float | Floats:
    """The probability that an attempt finds all circuits taken (Erlang's loss formula).

    ``B(C, A) = (A^C / C!) / Σ_(k ≤ C) A^k / k!``, for any real ``C ≥ 0`` by
    ``1/B = ∫_0^∞ e^−t (1 + t/A)^C dt`` (Jagerman 1974).

    It holds for random attempts (Poisson), any holding times, and no retries.  The relative error is below
    1e-11; B is 0 below 1e-308 (then see :func:`log_erlang_b`).  No circuits lose everything (1), no load
    nothing (0, with any circuits at all).

    Units: circuits (fractions allowed) and erlang; a probability, or an array of the common shape where
    either is an array or a list.  Raises ``ChainError`` for what is not a number from 0 to 1e290 (named by
    its index in an array), and for shapes that do not broadcast.
    Source: Erlang 1917; ``erlang_kernels`` evaluates the integral.

    >>> erlang_b(2, 1)
    0.2
    >>> round(erlang_b(64512, 64000), 10)
    0.0002081871
    >>> erlang_b([1, 2], [[1], [2]])
    array([[0.5       , 0.2       ],
           [0.66666667, 0.4       ]])
    """
    return _answer(kernels.lost, circuits=(circuits, _amount), load=(load, _amount))


@overload
def log_erlang_b(circuits: Scalar, load: Scalar) -> float: ...
@overload
def log_erlang_b(circuits: Array, load: Scalar | Array) -> Floats: ...
@overload
def log_erlang_b(circuits: Scalar, load: Array) -> Floats: ...
def log_erlang_b(circuits: Scalar | Array, load: Scalar | Array) -> float | Floats:
    """The natural logarithm of :func:`erlang_b`, also where B itself is below the floats.

    Same model, arguments and errors.  The absolute error is below 1e-11, or the relative one where ``ln B``
    is beyond −1; ``-inf`` for no load.

    >>> round(log_erlang_b(64512, 10000), 3)
    -65761.995
    >>> log_erlang_b(5, 0), log_erlang_b(0, 5)
    (-inf, 0.0)
    """
    return _answer(kernels.log_blocking, circuits=(circuits, _amount), load=(load, _amount))


@overload
def max_load(circuits: Scalar, blocking: Scalar) -> float: ...
@overload
def max_load(circuits: Array, blocking: Scalar | Array) -> Floats: ...
@overload
def max_load(circuits: Scalar, blocking: Array) -> Floats: ...
def max_load(circuits: Scalar | Array, blocking: Scalar | Array) -> float | Floats:
    """The largest load of which no more than the share ``blocking`` is lost: ``erlang_b(C, A) = blocking``.

    Same model as :func:`erlang_b`.  Divided by the mean seconds of holding (and TIME_WAIT) it is the highest
    rate of attempts.  0 circuits carry 0 erlang; a load below 1e-323 is 0.

    Raises ``ChainError`` as :func:`erlang_b`, and for a blocking that is not strictly between 0 and 1.
    Source: the project's own; Newton's method on ``ln(1/B − 1)`` over ``ln A``.

    >>> [round(max_load(circuits, 0.01), 2) for circuits in (10, 20, 30, 50, 100)]
    [4.46, 12.03, 20.34, 37.9, 84.06]
    >>> round(max_load(64512, 1e-6), 6)
    63542.461685
    """
    return _answer(kernels.max_load, circuits=(circuits, _amount), blocking=(blocking, probability))


@overload
def min_circuits(load: Scalar, blocking: Scalar) -> int: ...
@overload
def min_circuits(load: Array, blocking: Scalar | Array) -> NDArray[np.int64]: ...
@overload
def min_circuits(load: Scalar, blocking: Array) -> NDArray[np.int64]: ...
def min_circuits(load: Scalar | Array, blocking: Scalar | Array) -> int | NDArray[np.int64]:
    """The least whole number of circuits of which ``erlang_b(circuits, load) <= blocking``.

    Same model as :func:`erlang_b`.  The answer C always has ``erlang_b(C, A) ≤ ε < erlang_b(C − 1, A)`` as
    computed here.  Up to loads of 1e9 neighbouring values differ by far more than their error, so that only a
    blocking met to the last digit could be decided either way.  It is 1 for no load, because 0 circuits block
    every attempt by definition.

    An ``int``, or an array of 64-bit integers.  Raises ``ChainError`` as :func:`max_load`, and for a load
    above 1e15.
    Source: the project's own; by halves between two bounds.

    >>> min_circuits(100, 0.001), min_circuits(60000, 1e-6), min_circuits(0, 0.01)
    (128, 60945, 1)
    >>> min_circuits([1, 10, 100], 0.1)
    array([ 3, 13, 97])
    """
    found = _answer(kernels.min_circuits, load=(load, _countable), blocking=(blocking, probability))
    return int(found) if isinstance(found, float) else found.astype("int64")


def _amount(value: object, place: str) -> float:
    if isinstance(value, float | int) and not isinstance(value, bool) and 0 <= value <= MOST:
        return float(value)  # at once: asking the abstract classes takes as long as B itself
    found = number(value, place)
    if found > MOST:
        raise reject(value, "this is a number of at most 1e290", "change it", place)
    return found


def _countable(value: object, place: str) -> float:
    found = number(value, place)
    if found > MOST_COUNTED:
        rule = "a load of at most 1e15 has a whole number of circuits that a float holds"
        raise reject(value, rule, "take max_load for larger pools", place)
    return found


def _is_array(value: object) -> bool:
    """Whether it is an array, a list or the like; what is no number at all fails its check later."""
    is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    return is_list or (hasattr(value, "__array__") and not isinstance(value, Real))


def _answer(work: Callable[..., Any], **given: tuple[object, Check]) -> float | Floats:
    """Of two numbers at once; of arrays, checked and broadcast together, piece by piece."""
    if not any(_is_array(value) for value, _ in given.values()):
        numbers = (check(value, place) for place, (value, check) in given.items())
        return float(work(*numbers))
    import numpy as np

    checked = [_array(values, place, check) for place, (values, check) in given.items()]
    try:
        first, second = np.broadcast_arrays(*checked)
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in checked)
        raise reject(shapes, "these shapes do not broadcast", "add an axis", ", ".join(given)) from None
    one, other, found = first.reshape(-1), second.reshape(-1), np.empty(first.size)
    with np.errstate(all="ignore"):  # infinity stands for what is beyond the floats
        for begin in range(0, first.size, _PIECE):
            piece = slice(begin, begin + _PIECE)
            found[piece] = work(one[piece], other[piece], kernels.arrays())
    return found.reshape(first.shape)


def _array(values: object, place: str, check: Check) -> Floats:
    """An array of floats; the first element that breaks the rule is named.

    >>> _array([1, -2], "load", number)
    Traceback (most recent call last):
    tuplecalc.errors.ChainError: load[1]: -2: this is a finite number of 0 or more; change it
    """
    import numpy as np

    try:
        given = np.asarray(values)
    except ValueError:
        raise reject(None, "rows of different lengths make no array", "make them equal", place) from None
    if given.dtype.kind not in "iufO":
        raise reject(str(given.dtype), "these are real numbers", "change the array's type", place)
    if given.size and given.dtype.kind != "O":
        try:
            check(given.min().item(), place), check(given.max().item(), place)
            return given.astype(np.float64, copy=False)
        except ChainError:
            pass  # which one it is
    checked = [check(value, _spot(place, index)) for index, value in np.ndenumerate(given.astype(object))]
    return np.array(checked, dtype=np.float64).reshape(given.shape)


def _spot(place: str, index: tuple[int, ...]) -> str:
    return f"{place}[{', '.join(map(str, index))}]" if index else place
