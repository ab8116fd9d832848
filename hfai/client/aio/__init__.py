"""The names of ``hfai.client`` as coroutines, for scripts written in that style.

Each call runs its synchronous twin in a thread, so it has the same arguments, results and errors; what is documented
there is not repeated here. The functions for inside a task are the same objects: they do not wait.

Example:
    >>> from hfai.client import aio
    >>> async def main():
    ...     task = await aio.create_experiment_v2("task.yaml")
    ...     async for line in aio.stream_logs(task, follow=True):
    ...         print(line.text)
"""

from __future__ import annotations

from hfai.client import (
    EXP_PRIORITY,
    WARN_TYPE,
    bind_hf_except_hook,
    disable_warn,
    get_whole_life_state,
    go_suspend,
    receive_suspend_command,
    self_health_check,
    set_priority,
    set_watchdog_time,
    set_whole_life_state,
)
from hfai.client.aio._admin import (
    access_tokens,
    add_user,
    create_access_token,
    platform_users,
    quota_rows,
    remove_quota,
    remove_user,
    revoke_access_token,
    set_quota,
)
from hfai.client.aio._calls import (
    cluster_overview,
    cordon_node,
    create_experiment,
    create_experiment_v2,
    get_experiment,
    get_experiments,
    get_status,
    init,
    nodes,
    quota_overview,
    resolve,
    storage_overview,
    task_overview,
    uncordon_node,
    user_info,
    validate,
    validate_nodes,
    wait,
    whoami,
)
from hfai.client.aio._experiment import Experiment
from hfai.client.aio._haienv import list_haienvs, pull_haienv, push_haienv, remove_haienv
from hfai.client.aio._logs import stream_log_blocks, stream_logs
from hfai.client.aio._profile import profile, saved_profile
from hfai.client.aio._servers import contexts, remove_context, server_info, use_context
from hfai.client.aio._wait_each import wait_each
from hfai.client.aio._workspace import (
    diff_workspace,
    download_workspace,
    init_workspace,
    list_workspaces,
    pull_workspace,
    push_workspace,
    remove_workspace,
)

__all__ = [  # noqa: RUF022 - plain alphabetical order, as tests/test_exported_names.py wants it
    "EXP_PRIORITY",
    "Experiment",
    "WARN_TYPE",
    "access_tokens",
    "add_user",
    "bind_hf_except_hook",
    "cluster_overview",
    "contexts",
    "cordon_node",
    "create_access_token",
    "create_experiment",
    "create_experiment_v2",
    "diff_workspace",
    "disable_warn",
    "download_workspace",
    "get_experiment",
    "get_experiments",
    "get_status",
    "get_whole_life_state",
    "go_suspend",
    "init",
    "init_workspace",
    "list_haienvs",
    "list_workspaces",
    "nodes",
    "platform_users",
    "profile",
    "pull_haienv",
    "pull_workspace",
    "push_haienv",
    "push_workspace",
    "quota_overview",
    "quota_rows",
    "receive_suspend_command",
    "remove_context",
    "remove_haienv",
    "remove_quota",
    "remove_user",
    "remove_workspace",
    "resolve",
    "revoke_access_token",
    "saved_profile",
    "self_health_check",
    "server_info",
    "set_priority",
    "set_quota",
    "set_watchdog_time",
    "set_whole_life_state",
    "storage_overview",
    "stream_log_blocks",
    "stream_logs",
    "task_overview",
    "uncordon_node",
    "use_context",
    "user_info",
    "validate",
    "validate_nodes",
    "wait",
    "wait_each",
    "whoami",
]
