"""Public names: each package's list is in order, whole and importable; the SDK keeps those of HAI's documentation.

A name that is added to ``hfai.client.__all__`` is public from then on: add it here as well.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import hfai

PACKAGE = Path(hfai.__file__).parent
PACKAGES = sorted(
    ".".join(("hfai", *path.parent.relative_to(PACKAGE).parts)) for path in PACKAGE.rglob("__init__.py")
)

# What existing scripts import (HAI's published documentation), as far as this version has it.
DOCUMENTED = {
    "EXP_PRIORITY",
    "Experiment",
    "WARN_TYPE",
    "bind_hf_except_hook",
    "create_experiment",
    "create_experiment_v2",
    "disable_warn",
    "get_experiment",
    "get_experiments",
    "get_whole_life_state",
    "go_suspend",
    "list_haienvs",
    "receive_suspend_command",
    "remove_haienv",
    "self_health_check",
    "set_priority",
    "set_watchdog_time",
    "set_whole_life_state",
}
# What is new with hfai.
OURS = {
    "ClusterOverview",
    "Context",
    "Decision",
    "DiskUse",
    "EarlierEnd",
    "EnvironmentTravel",
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
    "WhoAmI",
    "WorkspaceDiff",
    "WorkspaceInfo",
    "access_tokens",
    "add_user",
    "cluster_overview",
    "contexts",
    "cordon_node",
    "create_access_token",
    "diff_workspace",
    "download_workspace",
    "get_status",
    "init",
    "init_workspace",
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
    "remove_context",
    "remove_quota",
    "remove_user",
    "remove_workspace",
    "resolve",
    "revoke_access_token",
    "saved_profile",
    "server_info",
    "set_quota",
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
}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_list_is_in_order_and_every_name_is_there(package: str) -> None:
    """Alphabetical, no name twice, each can be had."""
    module = importlib.import_module(package)
    names = list(getattr(module, "__all__", ()))
    assert names == sorted(set(names))
    assert [name for name in names if not hasattr(module, name)] == []


def test_the_sdk_has_exactly_these_names() -> None:
    """Missing one breaks somebody's script; one too many is public by accident."""
    assert set(importlib.import_module("hfai.client").__all__) == DOCUMENTED | OURS


def test_the_coroutines_have_the_same_names() -> None:
    """``hfai.client.aio`` for scripts written in that style."""
    aio = importlib.import_module("hfai.client.aio")
    assert set(aio.__all__) >= {
        "create_experiment",
        "create_experiment_v2",
        "get_experiment",
        "get_experiments",
        "get_status",
        "stream_logs",
        "wait",
    }
