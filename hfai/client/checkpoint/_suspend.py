"""The suspend flag for all ranks: only rank 0 is told, but all must save the same step."""

from __future__ import annotations

from typing import Any

import hfai.client
from hfai.client.checkpoint._ranks import ranks_of


def should_suspend(group: Any = None) -> bool:
    """Whether a suspension is wanted: the same answer on every rank at the same step.

    ``receive_suspend_command()`` is True on rank 0 only, and each process would see it at another moment. This asks it
    and spreads the answer through the process group by an all-reduce of one byte, so call it on every rank of the
    group, equally often, for example once after each optimizer step.

    With NCCL the byte goes over the GPU and the call waits for what was queued there before. Where that costs too much,
    ask every few steps, or hand in a second group: ``torch.distributed.new_group(backend="gloo")``.

    Args:
        group: the ``torch.distributed`` process group of the ranks that save together, one of which must run on the
            task's rank 0; None: the default group if ``torch.distributed`` is initialised, else this process alone,
            which then sees only its own flag.

    Returns:
        True from the moment on that the platform asked for a suspension; save and call ``go_suspend()`` then. False
        outside a task.

    Raises:
        UsageError: a group was given but ``torch.distributed`` is not initialised, or this process is not in it.

    It blocks until all ranks of the group have called it, without a group not at all. May be called any number of times.

    Example:
        >>> if should_suspend():  # doctest: +SKIP
        ...     save(model)
        ...     hfai.client.go_suspend()
    """
    return ranks_of(group).any(bool(hfai.client.receive_suspend_command()))
