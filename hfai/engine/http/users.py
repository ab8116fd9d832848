"""``query/user/info``: who asks."""

from __future__ import annotations

from hfai.engine.http.call import Answer, Call


async def info(call: Call) -> Answer:
    """The caller as HAI Platform describes one, with the token that was sent; ours adds ``is_admin`` and ``unix_name``."""
    user = call.user
    result = {
        "user_name": user.name,
        "group_list": list(user.groups),
        "shared_group": user.name,
        "token": call.token,
        "user_shared_group": user.name,
        "user_group": list(user.groups),
        "user_id": user.uid,
        "role": user.role,
        "nick_name": user.name,
        "access_scope": "all",
        "is_admin": user.is_admin,
        "unix_name": user.unix_name,
    }
    return {"success": 1, "result": result}
