"""A short matrix product: is this node as fast as it was, and does it calculate rightly?

With numpy where the engine's Python has it, whose product runs in the units that training uses; else in plain Python. The time
is the processor's, not the clock's: on a node whose machine is busy with others a clock would tell of them. Speeds are
compared with those of the same method on the same node only. The numbers are whole and small enough to be exact, so a
wrong bit anywhere shows: ``C v == A (B v)``.
"""

from __future__ import annotations

import os
import platform
import time
from typing import Any, Callable, Mapping, Optional

from hfai.model.phrase import Phrase
from hfai.node.check import Check, failed

_WITH_NUMPY, _WITHOUT = 384, 48
_TRIES_S = 0.4
_LEAST_TRIES = 3


def compute(baseline: Mapping[str, float], least_share: float) -> Check:
    """Multiply for half a second and compare.

    Args:
        baseline: by method, the speed that this node's good runs had, in operations a second.
        least_share: of it, what is good enough.

    Returns:
        The check; ``output`` is the method. Without a baseline yet any speed is good.
    """
    method, size, product, is_right = _with_numpy() or _plain()
    usual = baseline.get(method)
    best, tries, began = 0.0, 0, time.monotonic()
    while tries < _LEAST_TRIES or time.monotonic() - began < _TRIES_S:
        at = time.process_time()
        result = product()
        best = max(best, 2 * size**3 / max(time.process_time() - at, 1e-9))
        tries += 1
        if not is_right(result):
            return failed("compute", Phrase("a matrix product came out wrong ({method})", method=method))
    limit = None if usual is None else usual * least_share
    check = Check("compute", best, limit, "flop/s", output=method)
    if usual is None:
        check.text = Phrase("nothing to compare with yet ({method})", method=method)
    else:
        share = round(100 * best / usual)
        check.text = Phrase("{share} % of what this node has done before ({method})", share=share, method=method)
    return check


_Way = tuple[str, int, Callable[[], Any], Callable[[Any], bool]]


def _with_numpy() -> Optional[_Way]:
    # One thread: what is compared must not depend on how many processors happen to be free.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    try:
        import numpy
    except Exception:  # not there, or not for this machine: numpy has many ways to say so
        return None
    n = _WITH_NUMPY
    a, b = (numpy.arange(n * n, dtype=numpy.float64).reshape(n, n) * step % 7 for step in (3, 5))
    vector = numpy.arange(n, dtype=numpy.float64) % 5
    expected = a @ (b @ vector)
    return (
        f"numpy {numpy.__version__}",
        n,
        lambda: a @ b,
        lambda product: bool((product @ vector == expected).all()),
    )


def _plain() -> _Way:
    n = _WITHOUT
    a, b = ([[(row * n + column) * step % 7 for column in range(n)] for row in range(n)] for step in (3, 5))
    columns = list(zip(*b))
    vector = [number % 5 for number in range(n)]

    def times(matrix: list[list[int]], by: list[int]) -> list[int]:
        return [sum(x * y for x, y in zip(row, by)) for row in matrix]

    expected = times(a, times(b, vector))
    return (
        f"python {platform.python_version()}",
        n,
        lambda: [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in a],
        lambda product: times(product, vector) == expected,
    )
