"""``query/platform/user/list``, ``operating/platform/user/add`` and ``remove``: the users, for administrators."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hfai.engine.http.call import Answer, Call
from hfai.engine.http.tokens import expiry, made_token
from hfai.engine.store.accounts import UserRow
from hfai.model.records import local_time


async def list_users(call: Call) -> Answer:
    """Every user, the owner first."""
    accounts = call.engine.accounts
    owner = accounts.owner
    live = Counter(token.user_name for token in accounts.tokens if accounts.state_of(token) == "active")
    first: dict[str, Any] = {
        "user_name": owner.name,
        "role": "admin",
        "groups": [],
        "unix_name": owner.unix_name,
        "created_at": None,
        "is_owner": True,
        "tokens": live[owner.name] + 1,
    }
    return {"success": 1, "result": [first, *({**_shown(row), "tokens": live[row.name]} for row in accounts.users)]}


async def add_user(call: Call) -> Answer:
    """Add ``user_name`` with ``role``, ``group`` (repeatable), ``unix_name``, and a first token, told this once; ``expire_at``."""
    arguments, accounts = call.arguments, call.engine.accounts
    name, role = arguments.text("user_name"), arguments.text("role", "user")
    expires_at = expiry(call)
    arguments.ensure_valid()
    row = accounts.add_user(
        name, role=role, groups=arguments.many("group"), unix_name=arguments.optional("unix_name") or None
    )
    text, token = accounts.create_token(name, created_by=call.user.name, expires_at=expires_at)
    return {"success": 1, "result": {"user": {**_shown(row), "tokens": 1}, "token": made_token(call, text, token)}}


async def remove_user(call: Call) -> Answer:
    """Remove ``user_name``, their quotas and tokens; their tasks must have finished and stay in the history."""
    name = call.arguments.text("user_name")
    call.arguments.ensure_valid()
    row = call.engine.admission.remove_user(name)
    return {"success": 1, "result": {**_shown(row), "tokens": 0}}


def _shown(row: UserRow) -> dict[str, Any]:
    return {
        "user_name": row.name,
        "role": row.role,
        "groups": list(row.groups),
        "unix_name": row.unix_name,
        "created_at": local_time(row.created_at),
        "is_owner": False,
    }
