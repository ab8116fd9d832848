"""The environment of a task (wire document, section 10; every variable: ``hfai.model.env``).

Later wins: the submitter's shell, or a bare environment; the Python environment of haienv; the workspace in front of PYTHONPATH; the
variables of the task file; what the platform says, which nobody can change, since ranks find each other by it.
"""

from __future__ import annotations

import pwd
import sys
from pathlib import Path
from typing import Mapping

from hfai.engine.executors.base import Order
from hfai.engine.py_venv import entered, environment_of

_BARE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MASTER_ADDR = "127.0.0.1"


def common_environ(
    order: Order, *, state_dir: Path, run_dir: Path, server_url: str, master_port: int
) -> dict[str, str]:
    """What all ranks of a run have in common.

    Args:
        order: the run.
        state_dir: of the engine.
        run_dir: directory of its files.
        server_url: where the engine listens.
        master_port: a free port.

    Raises:
        InvalidTask: its Python environment is not there any more.
    """
    task, user = order.task, order.user
    environ = dict(bare_environ(user.uid) if order.shell_environment is None else order.shell_environment)
    if task.py_venv:
        environ = entered(environ, environment_of(task.py_venv, user, state_dir))
    path = environ.get("PYTHONPATH")
    environ["PYTHONPATH"] = f"{task.workspace}:{path}" if path else task.workspace
    environ.update(task.environments)
    environ.setdefault("PYTHONIOENCODING", "utf-8")
    environ.setdefault("IBV_FORK_SAFE", "1")
    environ.update(
        CHAIN_ID=order.chain_id,
        WORLD_SIZE=str(len(order.nodes)),
        MASTER_IP=MASTER_ADDR,
        MASTER_ADDR=MASTER_ADDR,
        MASTER_PORT=str(master_port),
        MARSV2_SERVER=server_url,
        MARSV2_USER_TOKEN=order.token,
        MARSV2_USER=user.name,
        MARSV2_UID=str(user.uid),
        MARSV2_USER_ROLE=user.role,
        MARSV2_TASK_ID=str(order.run_id),
        MARSV2_NB_NAME=task.name,
        MARSV2_NB_GROUP=order.group,
        MARSV2_TASK_TYPE=task.task_type,
        MARSV2_TASK_BACKEND=task.image,
        MARSV2_TASK_WORKSPACE=task.workspace,
        MARSV2_TASK_ENTRYPOINT=task.entrypoint,
        MARSV2_TASK_ENTRYPOINT_EXECUTABLE=str(int(task.entrypoint_executable)),
        MARSV2_WHOLE_LIFE_STATE=str(order.whole_life_state),
        MARSV2_LOG_DIR=str(run_dir),
    )
    return environ


def rank_environ(order: Order, rank: int, *, rank_dir: Path, engine_id: str) -> dict[str, str]:
    """What one rank has on top."""
    node = order.nodes[rank]
    environ = {
        "RANK": str(rank),
        "MARSV2_RANK": str(rank),
        "NODE_NAME": node.name,
        "MARSV2_NODE_NAME": node.name,
        "MARSV2_LOG_FILE_PATH": str(rank_dir / "log.0"),
        "MARSV2_DEBUG_LOG_FILE_PATH": str(rank_dir / "debug"),
        "HFAI_RUN": f"{engine_id}:{order.run_id}:{rank}",
        "HFAI_CONTROL": str(rank_dir / "control"),
        "HFAI_TASK_SOCKET_DIR": str(rank_dir),
    }
    if node.gpus:
        environ["CUDA_VISIBLE_DEVICES"] = ",".join(str(gpu) for gpu in node.gpus)
        # The numbers are those of nvidia-smi; CUDA would count the fastest first.
        environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    return environ


def bare_environ(uid: int) -> Mapping[str, str]:
    """The environment of a task that takes nothing over from a shell.

    The engine's own Python comes last in PATH: ``python3`` is found even where the system has none.
    """
    try:
        entry = pwd.getpwuid(uid)
        name, home, shell = entry.pw_name, entry.pw_dir, entry.pw_shell or "/bin/sh"
    except KeyError:  # a container that runs under a number without a name
        name, home, shell = str(uid), "/", "/bin/sh"
    return {
        "PATH": f"{_BARE_PATH}:{Path(sys.executable).parent}",
        "HOME": home,
        "USER": name,
        "LOGNAME": name,
        "SHELL": shell,
        "LANG": "C.UTF-8",
    }
