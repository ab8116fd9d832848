"""The SDK: submit, follow, stop and wait for training tasks, and talk to the platform from inside one.

Importing this package imports nothing else: each name is loaded when it is first used, so that a training script pays
for what it calls (docs/performance.md). ``hfai.client.aio`` has the same names as coroutines, ``hfai.client.platform``
starts and ends the embedded engine.

Example:
    >>> import hfai.client
    >>> task = hfai.client.create_experiment_v2("task.yaml")  # doctest: +SKIP
    >>> for line in hfai.client.stream_logs(task, follow=True):  # doctest: +SKIP
    ...     print(line.rank, line.text)
"""

from __future__ import annotations

# Not typing.TYPE_CHECKING: importing typing alone would take half of the budget.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from hfai.client._cluster import ClusterOverview, GpuUse, MachineUse, NodeUse, cluster_overview
    from hfai.client._contexts import Context, contexts, remove_context, use_context
    from hfai.client._create import create_experiment, create_experiment_v2
    from hfai.client._decision import Decision
    from hfai.client._earlier_end import EarlierEnd
    from hfai.client._experiment import Experiment
    from hfai.client._find import get_experiment, get_experiments
    from hfai.client._haienv import EnvironmentTravel, list_haienvs, pull_haienv, push_haienv, remove_haienv
    from hfai.client._init import init
    from hfai.client._job import Job
    from hfai.client._log_blocks import LogBlock, TaskUpdate, stream_log_blocks
    from hfai.client._log_lines import LogLine, stream_logs
    from hfai.client._nodes import NodeInfo, cordon_node, nodes, uncordon_node
    from hfai.client._profile._metrics import Metric
    from hfai.client._profile._profile import Profile, RankProfile
    from hfai.client._profile._profiling import ProfileProgress, Profiling, profile, start_profile
    from hfai.client._profile._saved import saved_profile
    from hfai.client._profile._stacks import HotFunction
    from hfai.client._quota import Quota, quota_overview
    from hfai.client._quota_rows import QuotaRow, quota_rows, remove_quota, set_quota
    from hfai.client._resolve import resolve
    from hfai.client._server import ServerInfo, server_info
    from hfai.client._shell import Shell, ShellOutput, ShellTerminal, open_shell
    from hfai.client._status import Status, get_status
    from hfai.client._storage import DiskUse, StorageOverview, storage_overview
    from hfai.client._suspension import Suspension
    from hfai.client._task_overview import PriorityCount, QueueTask, TaskOverview, task_overview
    from hfai.client._tokens import NewToken, TokenInfo, access_tokens, create_access_token, revoke_access_token
    from hfai.client._user import UserInfo, user_info
    from hfai.client._users import NewUser, PlatformUser, add_user, platform_users, remove_user
    from hfai.client._validate import NodeCheck, NodeReport, validate, validate_nodes
    from hfai.client._wait import wait, wait_each
    from hfai.client._whoami import WhoAmI, whoami
    from hfai.client._workspace.calls import init_workspace, list_workspaces, remove_workspace
    from hfai.client._workspace.diff import diff_workspace
    from hfai.client._workspace.pull import download_workspace, pull_workspace
    from hfai.client._workspace.push import push_workspace
    from hfai.client._workspace.results import PullResult, PushResult, WorkspaceDiff, WorkspaceInfo
    from hfai.client.priorities import EXP_PRIORITY
    from hfai.client.runtime import (
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

__all__ = [  # noqa: RUF022 - plain alphabetical order, as tests/test_exported_names.py wants it
    "ClusterOverview",
    "Context",
    "Decision",
    "DiskUse",
    "EXP_PRIORITY",
    "EarlierEnd",
    "EnvironmentTravel",
    "Experiment",
    "GpuUse",
    "HotFunction",
    "Job",
    "LogBlock",
    "LogLine",
    "MachineUse",
    "Metric",
    "NewToken",
    "NewUser",
    "NodeCheck",
    "NodeInfo",
    "NodeReport",
    "NodeUse",
    "PlatformUser",
    "PriorityCount",
    "Profile",
    "ProfileProgress",
    "Profiling",
    "PullResult",
    "PushResult",
    "QueueTask",
    "Quota",
    "QuotaRow",
    "RankProfile",
    "ServerInfo",
    "Shell",
    "ShellOutput",
    "ShellTerminal",
    "Status",
    "StorageOverview",
    "Suspension",
    "TaskOverview",
    "TaskUpdate",
    "TokenInfo",
    "UserInfo",
    "WARN_TYPE",
    "WhoAmI",
    "WorkspaceDiff",
    "WorkspaceInfo",
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
    "open_shell",
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
    "start_profile",
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

_HOMES = {
    "ClusterOverview": "_cluster",
    "Context": "_contexts",
    "Decision": "_decision",
    "DiskUse": "_storage",
    "EXP_PRIORITY": "priorities",
    "EarlierEnd": "_earlier_end",
    "EnvironmentTravel": "_haienv",
    "Experiment": "_experiment",
    "GpuUse": "_cluster",
    "HotFunction": "_profile._stacks",
    "Job": "_job",
    "LogBlock": "_log_blocks",
    "LogLine": "_log_lines",
    "MachineUse": "_cluster",
    "Metric": "_profile._metrics",
    "NewToken": "_tokens",
    "NewUser": "_users",
    "NodeCheck": "_validate",
    "NodeInfo": "_nodes",
    "NodeReport": "_validate",
    "NodeUse": "_cluster",
    "PlatformUser": "_users",
    "PriorityCount": "_task_overview",
    "Profile": "_profile._profile",
    "ProfileProgress": "_profile._profiling",
    "Profiling": "_profile._profiling",
    "PullResult": "_workspace.results",
    "PushResult": "_workspace.results",
    "QueueTask": "_task_overview",
    "Quota": "_quota",
    "QuotaRow": "_quota_rows",
    "RankProfile": "_profile._profile",
    "ServerInfo": "_server",
    "Shell": "_shell",
    "ShellOutput": "_shell",
    "ShellTerminal": "_shell",
    "Status": "_status",
    "StorageOverview": "_storage",
    "Suspension": "_suspension",
    "TaskOverview": "_task_overview",
    "TaskUpdate": "_log_blocks",
    "TokenInfo": "_tokens",
    "UserInfo": "_user",
    "WARN_TYPE": "runtime._warn",
    "WhoAmI": "_whoami",
    "WorkspaceDiff": "_workspace.results",
    "WorkspaceInfo": "_workspace.results",
    "access_tokens": "_tokens",
    "add_user": "_users",
    "bind_hf_except_hook": "runtime._except_hook",
    "cluster_overview": "_cluster",
    "contexts": "_contexts",
    "cordon_node": "_nodes",
    "create_access_token": "_tokens",
    "create_experiment": "_create",
    "create_experiment_v2": "_create",
    "diff_workspace": "_workspace.diff",
    "disable_warn": "runtime._warn",
    "download_workspace": "_workspace.pull",
    "get_experiment": "_find",
    "get_experiments": "_find",
    "get_status": "_status",
    "get_whole_life_state": "runtime._state",
    "go_suspend": "runtime._go_suspend",
    "init": "_init",
    "init_workspace": "_workspace.calls",
    "list_haienvs": "_haienv",
    "list_workspaces": "_workspace.calls",
    "nodes": "_nodes",
    "open_shell": "_shell",
    "platform_users": "_users",
    "profile": "_profile._profiling",
    "pull_haienv": "_haienv",
    "pull_workspace": "_workspace.pull",
    "push_haienv": "_haienv",
    "push_workspace": "_workspace.push",
    "quota_overview": "_quota",
    "quota_rows": "_quota_rows",
    "receive_suspend_command": "runtime._receive",
    "remove_context": "_contexts",
    "remove_haienv": "_haienv",
    "remove_quota": "_quota_rows",
    "remove_user": "_users",
    "remove_workspace": "_workspace.calls",
    "resolve": "_resolve",
    "revoke_access_token": "_tokens",
    "saved_profile": "_profile._saved",
    "self_health_check": "runtime._health",
    "server_info": "_server",
    "set_priority": "runtime._priority",
    "set_quota": "_quota_rows",
    "set_watchdog_time": "runtime._watchdog",
    "set_whole_life_state": "runtime._state",
    "start_profile": "_profile._profiling",
    "storage_overview": "_storage",
    "stream_log_blocks": "_log_blocks",
    "stream_logs": "_log_lines",
    "task_overview": "_task_overview",
    "uncordon_node": "_nodes",
    "use_context": "_contexts",
    "user_info": "_user",
    "validate": "_validate",
    "validate_nodes": "_validate",
    "wait": "_wait",
    "wait_each": "_wait",
    "whoami": "_whoami",
}

_MODULES = ("aio", "checkpoint", "platform", "priorities", "runtime")

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load a public name, or a public module, on its first use (PEP 562)."""
        if name in _MODULES:
            return __import__(f"{__name__}.{name}", fromlist=("",))
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(__import__(f"{__name__}.{_HOMES[name]}", fromlist=(name,)), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
