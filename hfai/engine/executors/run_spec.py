"""What the supervisors of a run are told: ``spec.json``, made of an order and the settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Mapping, Optional

from attrs import asdict

from hfai.engine import unix_accounts
from hfai.engine.config import EngineConfig
from hfai.engine.config_precheck import Precheck
from hfai.engine.executors.base import Order
from hfai.engine.executors.environment import rank_environ
from hfai.engine.executors.event_socket import EVENTS
from hfai.engine.executors.run_files import FORMAT
from hfai.engine.queries import User
from hfai.engine.users import has_own_account
from hfai.model.errors import UsageError
from hfai.model.language import language_of
from hfai.model.profiling import task_profile
from hfai.model.spec import TaskSpec


def run_spec(
    order: Order,
    config: EngineConfig,
    engine_id: str,
    account: Optional[Mapping[str, Any]],
    run_dir: Path,
    common: Mapping[str, str],
) -> dict[str, Any]:
    """The content of ``spec.json`` (docs/architecture.md, "spec.json").

    Args:
        order: what is to run where.
        config: the settings.
        engine_id: goes into the mark of each process.
        account: what :func:`account_of` says of the order's user.
        run_dir: the directory of the run.
        common: the environment that all ranks share.
    """
    task = order.task
    return {
        "format": FORMAT,
        "engine_id": engine_id,
        "run_id": order.run_id,
        "chain_id": order.chain_id,
        "name": task.name,
        "user": order.user.name,
        "account": account,
        "argv": task.argv(),
        "workspace": task.workspace,
        "environ": common,
        "watchdog_s": order.watchdog_s,
        "timeout_at": None if task.timeout is None else order.begin_at + task.timeout,
        "stop_grace_s": config.stop_grace_s,
        "whole_life_state": order.whole_life_state,
        "log_segment_bytes": config.log_segment_bytes,
        "precheck": _precheck(order, config.precheck),
        "profile": _profile(task),
        "events_socket": str(config.state_dir / EVENTS),
        "ranks": [
            {
                "node": node.name,
                "gpus": list(node.gpus),
                "environ": rank_environ(order, number, rank_dir=run_dir / str(number), engine_id=engine_id),
            }
            for number, node in enumerate(order.nodes)
        ],
    }


def account_of(user: User) -> Optional[dict[str, Any]]:
    """What the supervisors must know to start the tasks of a user; None for the engine's own account.

    Without ``uid`` where it is not there any more: then the run ends with that reason.
    """
    if not has_own_account(user):
        return None
    found = unix_accounts.find(user.unix_name)
    return {"name": user.unix_name} if found is None else asdict(found)


def _precheck(order: Order, config: Precheck) -> Optional[dict[str, Any]]:
    limits = asdict(config)
    # A validation is to say what is wrong with its node, not to be kept from it.
    if not limits.pop("is_on") or order.task.task_type == "validation":
        return None
    environ = os.environ if order.shell_environment is None else order.shell_environment
    return {**limits, "language": language_of(environ)}


def _profile(task: TaskSpec) -> Optional[dict[str, Any]]:
    """The options of a profile that begins with the task; None for none."""
    try:
        options = task_profile(task.extra.get("options"))
    except UsageError:  # queued by an engine that did not look at them
        return None
    return options.to_wire() if options else None
