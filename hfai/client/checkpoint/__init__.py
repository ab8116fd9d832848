"""Save a training so that it can be interrupted at any step and goes on as if it had not been.

A task on shared GPUs is told to suspend, saves within a grace window, yields, and is started again later. This package
does that whole ritual:

* :class:`Checkpoints`: a plain loop, with or without PyTorch, on one rank or many;
* :func:`should_suspend`: whether to suspend, the same answer on every rank at the same step;
* :func:`random_state`, :func:`restore_random_state`: the random generators, so that dropout goes on where it was;
* ``hfai.client.checkpoint.loader.ResumableLoader``: a PyTorch DataLoader that goes on in the middle of an epoch;
* ``hfai.client.checkpoint.lightning.SuspendCallback`` and ``hfai.client.checkpoint.transformers.SuspendCallback``.

Importing it loads the standard library only; NumPy, PyTorch and the frameworks are loaded where they are used.

Example:
    >>> from hfai.client.checkpoint import Checkpoints
    >>> checkpoints = Checkpoints("checkpoints/my_exp")  # doctest: +SKIP
    >>> state, done = checkpoints.load_newest() or ({"x": 0}, 0)  # doctest: +SKIP
    >>> for step in range(done + 1, 1001):  # doctest: +SKIP
    ...     state["x"] += step
    ...     if checkpoints.should_suspend():
    ...         checkpoints.save_and_yield(state, step)
    ...     elif step % 100 == 0:
    ...         checkpoints.save(state, step)
"""

from __future__ import annotations

from hfai.client.checkpoint._arrays_codec import ArraysCodec
from hfai.client.checkpoint._checkpoints import Checkpoints
from hfai.client.checkpoint._codec import Codec
from hfai.client.checkpoint._random_state import random_state, restore_random_state
from hfai.client.checkpoint._suspend import should_suspend
from hfai.client.checkpoint._torch_codec import TorchCodec

__all__ = [
    "ArraysCodec",
    "Checkpoints",
    "Codec",
    "TorchCodec",
    "random_state",
    "restore_random_state",
    "should_suspend",
]
