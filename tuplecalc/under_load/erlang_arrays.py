"""Erlang B over numpy arrays: the kernels, region by region, in pieces that fit the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from tuplecalc.errors import reject
from tuplecalc.under_load import erlang_kernels as kernels
from tuplecalc.under_load.erlang_kernels import (
    CLOSE,
    CLOSE_SHARE,
    FAR,
    FOUR_ROWS,
    HEAVY_START,
    MANY,
    NEAR,
    VANISHING,
    Functions,
    Reach,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Mask: TypeAlias = NDArray[np.bool_]
    Some: TypeAlias = float | Floats
    """One number for a whole piece, or one for each of its elements."""

Kernel: TypeAlias = Callable[["Some", "Floats", Functions], Any]
Work: TypeAlias = Callable[["Some", "Floats", Functions], "Floats"]

PIECE = 8192
"""Elements of one piece: a dozen arrays of 64 KiB stay in the second-level cache."""


def functions() -> Functions:
    """The functions of numpy and scipy."""
    import numpy as np
    from scipy import special  # type: ignore[import-untyped]

    return Functions(
        exp=np.exp,
        expm1=np.expm1,
        log=np.log,
        log1p=np.log1p,
        sqrt=np.sqrt,
        copysign=np.copysign,
        hypot=np.hypot,
        erfcx=special.erfcx,
        lgamma=special.gammaln,
        floor=np.floor,
        ceil=np.ceil,
        where=np.where,
    )


class Rule(NamedTuple):
    """What every element must be: ``check`` says it of one number, the bounds of a whole array at once."""

    check: Callable[[object, str], float]
    least: float
    most: float


def floats(values: object, place: str, rule: Rule) -> Floats:
    """An array of floats; the first element that breaks the rule is named.

    >>> from tuplecalc.under_load.checks import number
    >>> floats([1, -2], "load", Rule(number, 0, 1e308))
    Traceback (most recent call last):
    tuplecalc.errors.TopologyError: load[1]: -2: this is a finite number of 0 or more; change it
    """
    import numpy as np

    try:
        given = np.asarray(values)
    except ValueError:
        raise reject(None, "rows of different lengths make no array", "make them equal", place) from None
    if given.dtype.kind == "O":
        checked = [rule.check(value, _spot(place, index)) for index, value in np.ndenumerate(given)]
        return np.array(checked, dtype=np.float64).reshape(given.shape)
    if given.dtype.kind not in "iuf":
        raise reject(str(given.dtype), "these are real numbers", "change the array's type", place)
    array = given.astype(np.float64, copy=False)
    good = (array >= rule.least) & (array <= rule.most)
    if not good.all():
        index = tuple(np.argwhere(~good)[0])
        rule.check(given[index].item(), _spot(place, index))
    return array


def _spot(place: str, index: tuple[Any, ...]) -> str:
    return f"{place}[{', '.join(str(int(i)) for i in index)}]" if index else place


def by_pieces(work: Work, **given: tuple[object, Rule]) -> Floats:
    """Two arguments, checked, broadcast together and handed over piece by piece.

    The first is handed over as a float where it is the same throughout a piece.

    >>> from tuplecalc.under_load.checks import number
    >>> rule = Rule(number, 0, 1e308)
    >>> by_pieces(blocking_of_piece, circuits=([1, 2], rule), load=([1, 2, 3], rule))
    Traceback (most recent call last):
    tuplecalc.errors.TopologyError: circuits, load: "(2,), (3,)": these shapes do not broadcast; add an axis
    """
    import numpy as np

    arrays = [floats(values, place, rule) for place, (values, rule) in given.items()]
    try:
        first, second = np.broadcast_arrays(*arrays)
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise reject(shapes, "these shapes do not broadcast", "add an axis", ", ".join(given)) from None
    one, other = first.reshape(-1), second.reshape(-1)
    result = np.empty(one.shape)
    f = functions()
    with np.errstate(all="ignore"):  # infinity stands for what is beyond the floats
        for begin in range(0, len(one), PIECE):
            piece = slice(begin, begin + PIECE)
            result[piece] = work(single(one[piece]), other[piece], f)
    return result.reshape(first.shape)


def single(values: Floats) -> Some:
    """A float where all values are the same: then a kernel works out once what depends on it alone."""
    return float(values[0]) if values[0] == values[-1] and (values == values[0]).all() else values


def at(values: Some, mask: Mask) -> Some:
    """The values where the mask is true."""
    return values if isinstance(values, float) else values[mask]


def least(values: Some) -> float:
    """The least value of the piece."""
    return values if isinstance(values, float) else float(values.min())


def blocking_of_piece(circuits: Some, load: Floats, f: Functions) -> Floats:
    """``B = 1/(1 + E)``."""
    return 1 / (1 + excess(circuits, load, f))


def log_blocking_of_piece(circuits: Some, load: Floats, f: Functions) -> Floats:
    """``ln B = −log1p(E)``, or minus the tail where E is beyond the floats."""
    import numpy as np

    total = excess(circuits, load, f)
    result: Floats = 0.0 - f.log1p(total)
    beyond = np.isinf(total) & (load > 0)
    if beyond.any():
        result[beyond] = -log_tail(at(circuits, beyond), load[beyond], f)
    return result


def log_excess(circuits: Some, load: Floats, f: Functions) -> Floats:
    """``ln E`` for circuits and loads above 0."""
    import numpy as np

    total = excess(circuits, load, f)
    result: Floats = f.log(total)
    beyond = np.isinf(total)
    if beyond.any():
        result[beyond] = log_tail(at(circuits, beyond), load[beyond], f)
    return result


def excess(circuits: Some, load: Floats, f: Functions) -> Floats:
    """``1/B − 1`` of one piece, infinite where B is below 1e-308."""
    return _assembled(_regions(circuits, load), circuits, load, f)


def _assembled(regions: Iterable[tuple[Mask, Kernel]], circuits: Some, load: Floats, f: Functions) -> Floats:
    """Each region by its own kernel; without copies where one region holds the whole piece."""
    import numpy as np

    result = np.full(load.shape, np.inf)
    for mask, kernel in regions:
        if mask.all():
            whole: Floats = kernel(circuits, load, f)
            return whole
        if mask.any():
            result[mask] = kernel(at(circuits, mask), load[mask], f)
    return result


def _regions(circuits: Some, load: Floats) -> Iterable[tuple[Mask, Kernel]]:
    import numpy as np

    many = np.greater_equal(circuits, MANY)
    heavy = (load >= HEAVY_START) & (load >= 2 * circuits)
    near = 2 * load >= circuits
    yield many & ~heavy & near, _near
    yield heavy, _heavy
    yield ~many & ~heavy, _few
    yield many & ~near & (load > VANISHING * circuits), partial(_uniform, reach=FAR)


def _near(circuits: Some, load: Floats, f: Functions) -> Any:
    close = (abs(load - circuits) <= CLOSE_SHARE * circuits).all()
    return _uniform(circuits, load, f, CLOSE if close else NEAR)


def _uniform(circuits: Some, load: Floats, f: Functions, reach: Reach) -> Any:
    return kernels.uniform(circuits, load, f, reach, least(circuits) >= FOUR_ROWS)


def _heavy(circuits: Some, load: Floats, _: Functions) -> Any:
    return kernels.fraction(circuits, load, many=least(circuits) >= MANY)


def _few(circuits: Some, load: Floats, f: Functions) -> Floats:
    import numpy as np

    whole = np.floor(circuits)
    part = circuits - whole
    total: Floats = np.zeros(load.shape)
    if np.any(part):
        starts = ((load >= HEAVY_START, _heavy), (load < HEAVY_START, kernels.start))
        total = np.where(part > 0, _assembled(starts, single(np.atleast_1d(part)), load, f), 0.0)
    for k in range(int(np.max(whole)) - 1, -1, -1):
        more = kernels.one_more(total, circuits - k, load)
        total = more if isinstance(circuits, float) else np.where(circuits - k >= 1, more, total)
    return total


def log_tail(circuits: Some, load: Floats, f: Functions) -> Floats:
    """``ln E`` of elements whose E is beyond the floats."""
    import numpy as np

    many = np.greater_equal(circuits, MANY)
    near = 2 * load >= circuits
    regions = (
        (many & near, partial(kernels.tail, reach=NEAR)),
        (many & ~near, partial(kernels.tail, reach=FAR)),
        (~many & np.ones_like(near), partial(kernels.tail, reach=None)),
    )
    return _assembled(regions, circuits, load, f)
