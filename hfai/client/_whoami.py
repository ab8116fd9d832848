"""``whoami``: who one is on the platform, what one may have and has, and what one's tokens are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping, NamedTuple, Optional

from hfai.client import _session
from hfai.client._quota import Quota, quota_overview
from hfai.client._user import UserInfo, user_info
from hfai.client._wire_field import wire_time
from hfai.model.errors import NotAuthorised, RefusedError

# HAI Platform's word for never.
_NEVER_YEAR = 3000


class TokenInfo(NamedTuple):
    """A token, as far as it may be shown.

    Attributes:
        hint: its beginning and end.
        user_name: whom it stands for.
        state: ``active``, ``expired`` or ``revoked``.
        scope: what it is good for, ``all`` mostly.
        created_at: when it was made, as a naive local datetime; None where the platform does not say.
        expire_at: when it stops to work; None for never.
        created_by: who made it.
        id: by which an administrator names it; None where the platform has none.
    """

    hint: str
    user_name: str
    state: str
    scope: str
    created_at: Optional[datetime]
    expire_at: Optional[datetime]
    created_by: str
    id: Optional[int] = None


class WhoAmI(NamedTuple):
    """What the platform knows of the user whom the configured token stands for.

    Attributes:
        server: its address; None for the engine of this machine.
        user: name, role and groups.
        quotas: nodes that they may have and have (:func:`quota_overview`).
        tokens: theirs, oldest first; None where this token may not see them.
    """

    server: Optional[str]
    user: UserInfo
    quotas: tuple[Quota, ...]
    tokens: Optional[tuple[TokenInfo, ...]]


def whoami() -> WhoAmI:
    """Who the configured token stands for, with quotas and tokens; no token is in it, only hints.

    Raises:
        NotAuthorised: nobody has the token.
        HfaiError: no answer, or a refusal.

    Blocks for three requests. Source: the tutorial, use case 1; wire document, section 5.

    Example:
        >>> whoami().user.user_name  # doctest: +SKIP
        'ada'
    """
    session = _session.current()
    user = user_info()
    return WhoAmI(
        server=None if session.is_embedded else session.url,
        user=user,
        quotas=tuple(quota_overview()),
        tokens=_tokens(session),
    )


def _tokens(session: _session.Session) -> Optional[tuple[TokenInfo, ...]]:
    try:
        rows = session.post("query/user/access_token/list")["result"]["access_tokens"]
    except (NotAuthorised, RefusedError):  # the token's scope is too narrow for it, or there is no such route
        return None
    is_whole = session.is_haiplatform
    tokens = [_token(row, is_whole=is_whole) for row in rows]
    return tuple(sorted(tokens, key=lambda token: token.created_at or datetime.min))


def _token(row: Mapping[str, Any], *, is_whole: bool) -> TokenInfo:
    text, expire_at = str(row["access_token"]), wire_time(row.get("expire_at"))
    if expire_at is not None and expire_at.year >= _NEVER_YEAR:
        expire_at = None
    is_over = expire_at is not None and expire_at <= datetime.now()
    state = row.get("state") or ("revoked" if row.get("active") is False else "expired" if is_over else "active")
    return TokenInfo(
        hint=_masked(text) if is_whole else text,
        user_name=str(row["access_user_name"]),
        state=str(state),
        scope=str(row.get("access_scope") or "all"),
        created_at=wire_time(row.get("created_at")),
        expire_at=expire_at,
        created_by=str(row.get("created_by") or ""),
        id=row.get("id"),
    )


def _masked(text: str) -> str:
    """What may be shown of a token that a HAI Platform has told whole; its first part only names users."""
    return f"{text[:9]}...{text[-4:]}" if len(text) >= 32 else "..."
