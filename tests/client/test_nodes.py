"""``nodes`` against our engine's rows and those of a HAI Platform (wire document, section 6)."""

from __future__ import annotations

from typing import Any

import pytest

from hfai.cli.completion_places import group_names, node_names
from hfai.client import nodes

# What a HAI Platform says of an idle node, as recorded.
HAI_ROW = {
    "name": "node-gpu-01", "status": "Ready", "roles": "node", "mars_group": "training", "group": "training", "gpu_num": 8,
    "cpu": 128, "memory": 549755813888, "nodes": 1, "cluster": "default_cluster", "type": "gpu", "use": "training", "room": "",
    "origin_group": "training", "schedule_zone": "", "internal_ip": "127.0.0.1", "working": None, "working_user": None,
    "working_user_role": None, "working_task_id": None, "working_task_rank": None, "cluster_host": "127.0.0.1", "flag": 0,
    "spine": None, "leaf": None, "current_category": "training", "hai-platform-one_mars_group": "training",
}  # fmt: skip
WORKING = {"working": "training", "working_user": "ada", "working_task_id": 7, "working_task_rank": 0}


def listed(server: Any, *rows: dict[str, Any]) -> Any:
    server.routes["query/node/list"] = {"success": 1, "cluster_df": list(rows), "containers": ["x"], "mount_code": {}}
    return nodes()


def test_an_idle_node_of_a_hai_platform(haiplatform) -> None:
    (node,) = listed(haiplatform, HAI_ROW)
    assert (node.name, node.group, node.label, node.state) == ("node-gpu-01", "training", "training", "free")
    assert (node.gpu_num, node.cpu, node.memory_bytes) == (8, 128, 549755813888)
    assert node.working_task_name is None and node.cordon_reason is None and not node.is_working


def test_tab_knows_the_nodes_that_a_remote_server_has_told_of(haiplatform) -> None:
    listed(haiplatform, HAI_ROW, {**HAI_ROW, "name": "node-gpu-02", "mars_group": "training.a"})
    assert node_names("node") == ["node-gpu-01", "node-gpu-02"]
    assert group_names("") == ["training", "training.a"]
    listed(haiplatform, HAI_ROW)
    assert node_names("") == ["node-gpu-01"]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        (WORKING, "working"),
        ({**WORKING, "working_user": None, "working_task_id": None}, "working"),
        ({"current_category": "dev"}, "other"),
        ({"current_category": "dev", "working": "jupyter"}, "working"),
        ({"status": "NotReady"}, "not_ready"),
        ({"current_category": "err"}, "not_ready"),
        ({"cordon_reason": "", "current_category": "err"}, "cordoned"),
        ({**WORKING, "cordon_reason": "disk"}, "cordoned"),
        ({"mars_group": None, "group": None, "current_category": None}, "free"),
    ],
)
def test_the_state_in_one_word(haiplatform, changes: dict[str, Any], state: str) -> None:
    (node,) = listed(haiplatform, {**HAI_ROW, **changes})
    assert node.state == state


def test_none_yet(haiplatform) -> None:
    """Its watcher has published nothing."""
    assert listed(haiplatform) == []


def test_ours_names_the_task(engine) -> None:
    (node,) = listed(engine, {**HAI_ROW, **WORKING, "working_task_name": "my_exp"})
    assert (node.working_task_name, node.working_user, node.working_task_rank) == ("my_exp", "ada", 0)
