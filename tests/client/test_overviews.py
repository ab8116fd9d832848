"""The overviews against a HAI Platform's answers, and what they do where an engine was ended (wire document, sections 3, 5, 6)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hfai.client import aio, cluster_overview, storage_overview, task_overview
from hfai.client.platform import engine_down, engine_status, engine_up
from hfai.model.errors import RefusedError, UnreachableError, UsageError

COUNTS = {"other": 0, "usage_rate": 0.5, "total": 2, "working": 1, "free": 1}
NODE = {"name": "n", "status": "Ready", "mars_group": "training", "group": "training", "gpu_num": 8, "cpu": 128, "memory": 1 << 39}
ROW = {
    "user_role": "internal", "id": 17, "nb_name": "gitrepo2", "queue_status": "queued", "user_name": "testuser", "priority": 30,
    "assigned_nodes": [], "nodes": 1, "backend": "hai_base", "begin_at": "2026-11-23T13:04:26.704987", "group": "training",
    "created_at": "2026-11-23T13:04:26.704987", "chain_id": "7c3991c3", "task_type": "training", "first_id": 17,
    "chain_status": "waiting_init", "config_json": {"schema": {"spec": {"entrypoint": "SECRET.py"}}},
    "runtime_config_json": {"running_priority": [{"priority": 30, "timestamp": 1795439067}]},
}  # fmt: skip
NOT_FOUND = (404, {"success": 0, "msg": "Not Found"})
BY_PRIORITY = [
    {"priority": 30, "queue_status": "queued", "count": 4},
    {"priority": 30, "queue_status": "scheduled", "count": 1},
    {"priority": -1, "queue_status": "queued", "count": 1},
]


@pytest.fixture
def answers(haiplatform) -> Any:
    routes = haiplatform.routes
    routes["query/node/client_overview"] = {"success": 1, "result": {**COUNTS, "gpu_detail": COUNTS}}
    routes["query/node/list"] = {"success": 1, "cluster_df": [NODE], "containers": [], "mount_code": {}}
    routes["query/task/list_all_with_priority"] = {"success": 1, "result": BY_PRIORITY}
    routes["query/task/list_all_unfinished"] = {"success": 1, "result": [ROW]}
    return haiplatform


def test_the_cluster(answers) -> None:
    """No word of how busy machines are, and none is asked for."""
    cluster = cluster_overview()
    assert (cluster.total, cluster.working, cluster.free, cluster.other, cluster.usage_rate) == (2, 1, 1, 0, 0.5)
    assert [node.name for node in cluster.nodes] == ["n"] and cluster.machines == cluster.use == ()
    assert not answers.asked("query/node/usage")


def test_the_queue_for_internal_users(answers) -> None:
    """Of everybody; nothing of what their tasks execute gets through."""
    running = {**ROW, "id": 9, "queue_status": "scheduled", "chain_status": "", "assigned_nodes": ["n"], "priority": 5}
    answers.routes["query/task/list_all_unfinished"] = {"success": 1, "result": [ROW, running]}
    overview = task_overview()
    assert overview.is_whole and (overview.running, overview.waiting) == (1, 5)
    assert [tuple(count) for count in overview.counts] == [(30, 1, 4), (-1, 0, 1)]
    first, second = overview.tasks
    assert (first.id, first.chain_status, first.assigned_nodes, first.is_running) == (9, "running", ("n",), True)
    assert (second.nb_name, second.position, second.reason, second.begin_at) == ("gitrepo2", None, "", None)
    assert second.queued_at == second.created_at is not None
    assert "SECRET" not in repr(overview)


@pytest.mark.parametrize("refusal", [(401, {"success": 0, "msg": "您所在的权限组不允许使用该接口"}), NOT_FOUND])
def test_the_queue_for_external_users(answers, refusal: Any) -> None:
    """Only one's own, and it says so."""
    answers.routes["query/task/list_all_unfinished"] = refusal
    answers.routes["query/task/list"] = {"success": 1, "result": {"tasks": [ROW], "total": 1}}
    overview = task_overview(limit=1)
    assert not overview.is_whole and overview.waiting == 5 and [task.id for task in overview.tasks] == [17]
    (request,) = answers.asked("query/task/list")
    assert request.many["queue_status"] == ["queued", "scheduled"]


def test_storage(answers) -> None:
    """What is mounted, without sizes."""
    row = {"host_path": "/data", "mount_path": "/mnt", "mount_type": "Directory", "read_only": True, "quota": {}}
    answers.routes["monitor/user/storage/list"] = {"success": 1, "storages": [row, {**row, "host_path": None}]}
    first, second = storage_overview().disks
    assert (first.mount, first.device, first.is_read_only, first.size_bytes) == ("/mnt", "/data", True, None)
    assert second.device == "" and storage_overview().state_dir is None


@pytest.mark.parametrize("refusal", [(503, "<html>no server</html>"), (503, {"success": 0, "msg": "x"}), NOT_FOUND])
def test_storage_behind_the_stock_front_door(answers, refusal: Any) -> None:
    """It forwards no such route."""
    answers.routes["monitor/user/storage/list"] = refusal
    with pytest.raises(RefusedError, match="does not tell about its disks"):
        storage_overview()


def test_our_own(own_home) -> None:
    """All of it from a real engine, as coroutines too; one that was ended is not started by who only watches."""
    engine_up()
    try:
        cluster = cluster_overview()
        assert cluster.total == len(cluster.nodes) > 0 and cluster.free == cluster.total
        (host,) = cluster.machines
        assert host.memory_bytes > host.memory_used_bytes > 0
        overview = asyncio.run(aio.task_overview())
        assert overview.tasks == overview.counts == () and overview.is_whole
        assert asyncio.run(aio.cluster_overview()).total == cluster.total
        assert asyncio.run(aio.storage_overview()).state_dir == str(own_home / "engine")
        with pytest.raises(UsageError, match="1000"):
            task_overview(limit=1001)
        assert engine_down()
        for ask in (cluster_overview, task_overview):
            with pytest.raises(UnreachableError):
                ask(start_engine=False)
        assert engine_status() is None
    finally:
        engine_down()
