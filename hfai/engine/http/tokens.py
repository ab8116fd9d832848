"""``user/access_token/list|create|delete``: tokens. A token itself is told once, when it is made (wire document, section 5)."""

from __future__ import annotations

from typing import Any, Optional

from hfai.engine.http.auth import ensure_admin
from hfai.engine.http.call import Answer, Call
from hfai.engine.http.refusals import Refusal
from hfai.engine.store.accounts import TokenRow
from hfai.model.errors import NotAuthorised, UsageError
from hfai.model.records import local_time

_SCOPE = "all"
# HAI Platform's word for never.
_NEVER = "3000-01-01T00:00:00"


async def list_tokens(call: Call) -> Answer:
    """The caller's tokens, oldest first; administrators may name a user, or ``*`` for everybody. ``access_token`` is masked."""
    user_name = call.arguments.optional("user_name") or call.user.name
    if user_name != call.user.name:
        ensure_admin(call.user)
    accounts = call.engine.accounts
    if user_name != "*" and accounts.named(user_name) is None:
        accounts.user_row(user_name)  # raises, with the name that may have been meant
    rows = [shown_token(call, row) for row in accounts.tokens if user_name in ("*", row.user_name)]
    if call.user.is_admin and user_name in ("*", accounts.owner.name):
        rows.insert(0, _of_owner(call))
    return {"success": 1, "result": {"access_tokens": rows}}


async def create_token(call: Call) -> Answer:
    """A new token for ``access_user_name``, by an administrator. Without names, as existing clients ask when they are set up, the
    caller's own is answered: it has every right already.
    """
    arguments = call.arguments
    names = {name for key in ("from_user_name", "access_user_name") if (name := arguments.optional(key))}
    expires_at = expiry(call)
    arguments.ensure_valid()
    if not names:
        own = {"from_user_name": call.user.name, "access_user_name": call.user.name, "access_scope": _SCOPE}
        return {"success": 1, "result": {**own, "access_token": call.token, "expire_at": _NEVER}}
    if len(names) > 1:
        raise UsageError("a token stands for one user here: from_user_name and access_user_name must be the same")
    ensure_admin(call.user)
    (name,) = names
    text, row = call.engine.accounts.create_token(name, created_by=call.user.name, expires_at=expires_at)
    return {"success": 1, "result": made_token(call, text, row)}


async def delete_token(call: Call) -> Answer:
    """Revoke a token, by ``id`` or by ``access_token`` itself; one's own, or anybody's by an administrator.

    The token may come in the query, as existing clients send it, or in a JSON body: addresses are written into logs on the way.
    """
    token_id, text = call.arguments.optional_whole("id"), call.arguments.optional("access_token")
    call.arguments.ensure_valid()
    if token_id is None and text is None and await call.body():
        body = await call.json()
        told = body.get("access_token") if isinstance(body, dict) else None
        text = told if isinstance(told, str) else None
    if token_id is None and text is None:
        raise UsageError("name a token by id or access_token")
    accounts = call.engine.accounts
    if text == accounts.owner_token:
        raise UsageError(
            "the owner's token cannot be revoked: remove the file {file} and start the engine anew", file="token"
        )
    # Whoever is no administrator must not find out which ids there are.
    if token_id is not None and token_id not in [row.id for row in accounts.tokens if row.user_name == call.user.name]:
        ensure_admin(call.user)
    row = accounts.token_row(token_id, text)
    if row.user_name != call.user.name and not call.user.is_admin:
        error = NotAuthorised("token {token} is not yours", token=row.hint)
        raise Refusal(error, "您无权删除这个 access token", 403)
    row = accounts.revoke_token(row)
    return {"success": 1, "msg": "删除成功", "result": shown_token(call, row)}


def expiry(call: Call) -> Optional[float]:
    """The time that ``expire_at`` names, in seconds since the epoch; None for never."""
    if call.arguments.optional("expire_at") == _NEVER:
        return None
    return call.arguments.local_time("expire_at")


def made_token(call: Call, text: str, row: TokenRow) -> dict[str, Any]:
    """A token that has just been made, with its text."""
    return {**shown_token(call, row), "access_token": text}


def shown_token(call: Call, row: TokenRow) -> dict[str, Any]:
    """A token without its text."""
    state = call.engine.accounts.state_of(row)
    return {
        "id": row.id,
        "from_user_name": row.user_name,
        "access_user_name": row.user_name,
        "access_token": row.hint,
        "access_scope": _SCOPE,
        "expire_at": local_time(row.expires_at) or _NEVER,
        "created_at": local_time(row.created_at),
        "updated_at": local_time(row.revoked_at or row.created_at),
        "created_by": row.created_by,
        "deleted_by": None,
        "active": state == "active",
        "state": state,
    }


def _of_owner(call: Call) -> dict[str, Any]:
    accounts = call.engine.accounts
    hint = accounts.hint_of(accounts.owner_token)
    row = TokenRow(0, b"", hint, accounts.owner.name, accounts.owner.name, created_at=0.0)
    return {**shown_token(call, row), "created_at": None, "updated_at": None}
