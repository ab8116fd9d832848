"""``whoami`` and ``quota_overview`` against both kinds of server (wire document, section 5)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hfai.client import aio, quota_overview, whoami
from hfai.model.errors import NotAuthorised, RefusedError

ACCESS = "ACCESS-7465737475736572237465737475736572-NIzIULIyj7-MpW4EzF0UhursgdPg8czM"
USER = {
    "user_name": "testuser", "group_list": ["internal", "public", "testuser"], "shared_group": "hfai", "token": ACCESS,
    "user_shared_group": "hfai", "user_group": ["internal"], "user_id": 10020, "role": "internal", "nick_name": "testuser",
    "access_scope": "all",
}  # fmt: skip
QUOTA = {
    "port_quota": 1, "jupyter_quota": {"jupyter_cpu": {"cpu": 128, "memory": 1000, "quota": 10}}, "train_environments": ["hai_base"],
    "node_quota": {"node-training-HIGH": 10, "node-training-NORMAL": 2, "node-a-b-VERY_HIGH": 2},
    "node_quota_limit": {"node_limit-training-HIGH": 4}, "node_quota_limit_extra": {}, "spot_jupyter": 0, "dedicated_jupyter": 0,
    "used_node_quota": {"training-HIGH": 54, "training-NORMAL": 0, "a-b-VERY_HIGH": 1, "training-LOW": 3, "training-NEW": 0},
    "background_task": 0,
}  # fmt: skip
TOKEN = {
    "from_user_name": "testuser", "access_user_name": "testuser", "access_token": ACCESS, "access_scope": "all",
    "expire_at": "3000-01-01T00:00:00", "created_at": "2026-11-23T12:57:55.095742", "updated_at": "2026-11-23T12:57:55",
    "created_by": "testuser", "deleted_by": None, "active": True,
}  # fmt: skip


@pytest.fixture
def answers(haiplatform) -> Any:
    haiplatform.routes["query/user/info"] = {"success": 1, "result": USER}
    haiplatform.routes["query/user/quota/list"] = {"success": 1, "result": QUOTA}
    haiplatform.routes["query/user/access_token/list"] = {"success": 1, "result": {"access_tokens": [TOKEN]}}
    return haiplatform


def test_a_hai_platform(answers) -> None:
    """Without ``rows``: granted and used, in one table; running and waiting are told only together."""
    me = whoami()
    assert me.server == answers.url and me.user.role == "internal" and not me.user.is_admin
    rows = {(row.group, row.priority_name): row for row in me.quotas}
    assert [(row.group, row.priority) for row in me.quotas] == [
        ("training", 30), ("training", 10), ("training", 0), ("a-b", 40),
    ]  # fmt: skip
    high = rows["training", "HIGH"]
    assert (high.quota, high.used, high.running, high.waiting, high.group_nodes) == (10, 54, None, None, None)
    assert rows["training", "LOW"].quota == 0 and rows["training", "LOW"].used == 3
    assert rows["a-b", "VERY_HIGH"].used == 1


def test_tokens_are_masked(answers) -> None:
    """A HAI Platform tells them whole: nothing of that gets any further."""
    me = whoami()
    assert me.tokens is not None
    (token,) = me.tokens
    assert token.hint == "ACCESS-74...8czM" and token.state == "active" and token.expire_at is None
    assert ACCESS not in repr(me)
    short = {**TOKEN, "access_token": "testtoken0001", "active": False}
    answers.routes["query/user/access_token/list"] = {"success": 1, "result": {"access_tokens": [short]}}
    me = whoami()
    assert me.tokens is not None and me.tokens[0].state == "revoked" and "testtoken" not in repr(me)


@pytest.mark.parametrize("missing", ["used_node_quota", "node_quota"])
@pytest.mark.parametrize("value", [{}, None, "no key"])
def test_empty_quotas(answers, missing: str, value: Any) -> None:
    """A new user has used nothing; an external one is told nothing."""
    quota = {**QUOTA, missing: value}
    if value == "no key":
        del quota[missing]
    answers.routes["query/user/quota/list"] = {"success": 1, "result": quota}
    rows = quota_overview()
    assert {row.used for row in rows} == ({0} if missing == "used_node_quota" else {54, 1, 3})


def test_an_external_user(answers) -> None:
    quota = {key: value for key, value in QUOTA.items() if "node" not in key}
    answers.routes["query/user/quota/list"] = {"success": 1, "result": quota}
    assert whoami().quotas == ()


@pytest.mark.parametrize("refusal", [(401, {"success": 0, "msg": "您当前的 access_scope(except_jupyter) 不允许使用该接口"}), (404, {})])
def test_a_token_that_may_not_see_tokens(answers, refusal: Any) -> None:
    """The rest is told all the same."""
    answers.routes["query/user/access_token/list"] = refusal
    me = whoami()
    assert me.tokens is None and me.quotas


def test_others_quotas_of_a_hai_platform(answers) -> None:
    """It would answer with one's own, as if they were the other's."""
    with pytest.raises(RefusedError, match="only their own"):
        quota_overview("ada")
    assert not answers.asked("query/user/quota/list")


def test_nobody(answers) -> None:
    answers.routes["query/user/info"] = (403, {"success": 0, "msg": "根据 token 未找到用户"})
    with pytest.raises(NotAuthorised):
        whoami()


def test_as_coroutines(answers) -> None:
    async def ask() -> Any:
        return await aio.whoami(), await aio.quota_overview()

    me, rows = asyncio.run(ask())
    assert list(me.quotas) == rows
