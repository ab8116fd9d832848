"""Is this node fit to train on? The looks that are also taken before each task, and the disk of the workspace."""

from __future__ import annotations

import os

from hfai.node import quick


def node_problems() -> list[str]:
    """What is wrong with this node, in sentences; empty if nothing is.

    Looked at: free memory; space and inodes of the disks of the workspace and of the logs, and whether they may be written to;
    whether the GPUs answer and their memory is sound, on a node with GPUs.

    Blocks: for milliseconds; where there are GPUs for as long as the driver takes, 20 seconds at most.
    """
    workspace = os.environ.get("MARSV2_TASK_WORKSPACE") or os.getcwd()  # noqa: PTH109 - pathlib costs start-up time
    checks = [quick.memory(), quick.workspace_space(workspace)]
    if logs := os.environ.get("MARSV2_LOG_DIR"):
        checks.append(quick.log_space(logs))
    checks += quick.gpus(
        [int(word) for word in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if word.isdecimal()]
    )
    return [str(check.text) for check in checks if check.has_failed]
