"""``whoami``, ``nodes`` and ``monitor`` against the answers of a HAI Platform, in both languages."""

from __future__ import annotations

import json
from typing import Any, Iterator

import pytest

from tests.cli.conftest import LANGUAGES, Cli
from tests.client.conftest import FakeServer
from tests.client.test_nodes import HAI_ROW, WORKING
from tests.client.test_overviews import BY_PRIORITY, COUNTS, NOT_FOUND, ROW
from tests.client.test_whoami import ACCESS, QUOTA, TOKEN, USER


@pytest.fixture
def platform() -> Iterator[FakeServer]:
    server = FakeServer()
    server.routes.update(
        {
            "api_server_status": (503, "<html>no server</html>"),
            "query/user/info": {"success": 1, "result": USER},
            "query/user/quota/list": {"success": 1, "result": QUOTA},
            "query/user/access_token/list": {"success": 1, "result": {"access_tokens": [TOKEN]}},
            "query/node/list": {"success": 1, "cluster_df": [{**HAI_ROW, **WORKING}], "containers": [], "mount_code": {}},
            "query/node/client_overview": {"success": 1, "result": COUNTS},
            "query/task/list_all_with_priority": {"success": 1, "result": BY_PRIORITY},
            "query/task/list_all_unfinished": NOT_FOUND,
            "query/task/list": {"success": 1, "result": {"tasks": [ROW], "total": 1}},
        }
    )
    yield server
    server.close()


@pytest.fixture
def there(cli: Cli, platform: FakeServer) -> Cli:
    """``hai-cli`` of somebody who uses that platform."""
    cli.env.update(MARSV2_SERVER=platform.url, MARSV2_USER_TOKEN=ACCESS)
    return cli


@pytest.mark.parametrize("lang", LANGUAGES)
def test_whoami(there: Cli, lang: str) -> None:
    """Quotas with what is in use, running and waiting together; no token in sight."""
    done = there("whoami", "--ascii", lang=lang)
    assert (done.status, done.err) == (0, "") and ACCESS not in done.out
    assert "ACCESS-74...8czM" in done.out
    assert any("HIGH" in line and "[##########] 54/10" in line for line in done.out.splitlines())
    assert any("LOW" in line and "3/0" in line for line in done.out.splitlines())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nodes(there: Cli, platform: FakeServer, lang: str) -> None:
    """Its rows; and why there are none before it has looked."""
    rows = json.loads(there("nodes", "--json", lang=lang).out)
    assert (rows[0]["state"], rows[0]["working_user"], rows[0]["working_task_name"]) == ("working", "ada", None)
    platform.routes["query/node/list"] = {"success": 1, "cluster_df": [], "containers": [], "mount_code": {}}
    for words in (("nodes",), ("nodes", "--tree"), ("nodes", "--group", "x")):
        done = there(*words, lang=lang)
        assert done.status == 0 and ("has published none" if lang == "en" else "尚未发布任何节点") in done.err, done


@pytest.mark.parametrize("lang", LANGUAGES)
def test_monitor(there: Cli, lang: str) -> None:
    """What it tells; the queue is only one's own there, and that is said."""
    body = json.loads(there("monitor", "top", "--json", lang=lang).out)
    assert body["cluster"]["machines"] == [] and body["queue"]["waiting"] == 5 and not body["queue"]["is_whole"]
    done = there("monitor", "task-overview", lang=lang)
    assert "gitrepo2" in done.out and done.err.count("\n") == 1
    assert "50%" in there("monitor", "cluster-overview", lang=lang).out
    refused: Any = there("monitor", "storage-overview", lang=lang)
    assert refused.status == 6 and refused.err.count("\n") == 1
    assert there("monitor", "quota-overview", "--user", "bob", lang=lang).status == 6
