"""The state of the random generators, so that dropout and augmentation go on where they were."""

from __future__ import annotations

import random
import sys
from typing import Any


def random_state() -> dict[str, Any]:
    """The global generators of ``random``, NumPy and PyTorch (CPU and, once used, each GPU) of this process.

    Only plain values, so that every codec and file format takes it; of libraries that this process has not imported,
    nothing. Generators of your own have a state of their own: save it beside this.

    Returns:
        a dict for :func:`restore_random_state`; about 15 KB.

    Does not block, except for a moment on GPUs.

    Example:
        >>> state = {"model": model.state_dict(), "random": random_state()}  # doctest: +SKIP
        >>> checkpoints.save(state, step)  # doctest: +SKIP
    """
    version, words, gauss = random.getstate()
    state: dict[str, Any] = {"python": [version, list(words), gauss]}
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        kind, key, position, has_gauss, cached = numpy.random.get_state()
        state["numpy"] = [kind, key.tolist(), int(position), int(has_gauss), float(cached)]
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        state["torch"] = bytes(torch.get_rng_state().tolist()).hex()
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            state["cuda"] = [bytes(one.tolist()).hex() for one in torch.cuda.get_rng_state_all()]
    return state


def restore_random_state(state: dict[str, Any]) -> None:
    """Put the generators back to where :func:`random_state` found them; those it does not hold stay as they are.

    Call it last before the loop goes on: building a model draws random numbers too. May be called twice.

    Args:
        state: what :func:`random_state` returned, here or in another process.

    Raises:
        KeyError, ValueError: it is something else.

    Example:
        >>> restore_random_state(state["random"])  # doctest: +SKIP
    """
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None and "numpy" in state:
        kind, key, position, has_gauss, cached = state["numpy"]
        numpy.random.set_state((kind, numpy.array(key, dtype=numpy.uint32), position, has_gauss, cached))
    torch: Any = sys.modules.get("torch")
    if torch is not None and "torch" in state:
        torch.set_rng_state(_tensor(torch, state["torch"]))
        if "cuda" in state and torch.cuda.is_available():
            # After a restart on a node with other GPUs: as many as both have.
            for device, one in zip(range(torch.cuda.device_count()), state["cuda"]):
                torch.cuda.set_rng_state(_tensor(torch, one), device)


def _tensor(torch: Any, text: str) -> Any:
    return torch.tensor(list(bytes.fromhex(text)), dtype=torch.uint8)
