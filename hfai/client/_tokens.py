"""``access_tokens``, ``create_access_token``, ``revoke_access_token``: what users show the platform."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Mapping, NamedTuple, Optional, Union

from hfai.client import _session
from hfai.client._wire_field import wire_time
from hfai.model.errors import UsageError

# HAI Platform's word for never.
_NEVER = datetime(3000, 1, 1)


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
        id: by which an administrator names it; None where the platform has none, 0 for the owner's own in the file ``token``.
    """

    hint: str
    user_name: str
    state: str
    scope: str
    created_at: Optional[datetime]
    expire_at: Optional[datetime]
    created_by: str
    id: Optional[int] = None

    @classmethod
    def from_wire(cls, row: Mapping[str, Any], *, is_whole: bool) -> TokenInfo:
        """The token of a row; ``is_whole`` where the row holds it, as those of a HAI Platform do."""
        text, expire_at = str(row["access_token"]), wire_time(row.get("expire_at"))
        if expire_at is not None and expire_at.year >= _NEVER.year:
            expire_at = None
        is_over = expire_at is not None and expire_at <= datetime.now()
        state = row.get("state") or ("revoked" if row.get("active") is False else "expired" if is_over else "active")
        return cls(
            hint=_masked(text) if is_whole else text,
            user_name=str(row["access_user_name"]),
            state=str(state),
            scope=str(row.get("access_scope") or "all"),
            created_at=wire_time(row.get("created_at")),
            expire_at=expire_at,
            created_by=str(row.get("created_by") or ""),
            id=row.get("id"),
        )


class NewToken(NamedTuple):
    """A token that has just been made: this is the only time that the platform tells it.

    Attributes:
        token: the token.
        info: what may be shown of it later.
    """

    token: str
    info: TokenInfo

    @classmethod
    def from_wire(cls, row: Mapping[str, Any]) -> NewToken:
        """The token of the answer to its making."""
        return cls(str(row["access_token"]), TokenInfo.from_wire(row, is_whole=True))


def access_tokens(user_name: Optional[str] = None) -> list[TokenInfo]:
    """Tokens, oldest first; those that were revoked or have expired too. The tokens themselves are not told.

    Args:
        user_name: whose; left out, one's own. For administrators of our engine another's name, or ``*`` for everybody's.

    Raises:
        NotAuthorised: only administrators may ask for others.
        HfaiError: no answer, or another refusal.

    Blocks for one request. Source: wire document, section 5.

    Example:
        >>> [token.state for token in access_tokens("ada")]  # doctest: +SKIP
        ['active', 'revoked']
    """
    session = _session.current()
    rows = session.post("query/user/access_token/list", {"user_name": user_name})["result"]["access_tokens"]
    tokens = [TokenInfo.from_wire(row, is_whole=session.is_haiplatform) for row in rows]
    return sorted(tokens, key=lambda token: token.created_at or datetime.min)


def create_access_token(user_name: str, expire_at: Optional[datetime] = None) -> NewToken:
    """Make a token for a user. For administrators.

    Args:
        user_name: whom it is to stand for.
        expire_at: when it stops to work, local time unless it has a zone; None for never.

    Returns:
        The token and what may be shown of it. It cannot be asked for again.

    Raises:
        NotFoundError: there is no such user.
        NotAuthorised: you do not administer the platform.
        UsageError: its time is over already.
        HfaiError: no answer, or another refusal.

    Blocks for one request; stored on return. Each call makes another token (a HAI Platform answers with the one that there is).

    Example:
        >>> create_access_token("bob").token  # doctest: +SKIP
        'hfai-...'
    """
    names = {"from_user_name": user_name, "access_user_name": user_name, "access_scope": "all"}
    query = {**names, "expire_at": wire_expiry(expire_at or _NEVER)}
    answer = _session.current().post("operating/user/access_token/create", query, is_repeatable=False)
    return NewToken.from_wire(answer["result"])


def revoke_access_token(token: Union[int, str]) -> Optional[TokenInfo]:
    """Let a token stand for nobody from now on. One's own, or anybody's by an administrator.

    Args:
        token: its id, or the token itself.

    Returns:
        What may be shown of it; None where the platform tells nothing.

    Raises:
        NotFoundError: there is no such token.
        NotAuthorised: it is another's, and you do not administer the platform.
        UsageError: the owner's own token, which is a file of the engine.
        HfaiError: no answer, or another refusal.

    Blocks for one request; stored on return. A second time changes nothing.

    Example:
        >>> revoke_access_token(7).state  # doctest: +SKIP
        'revoked'
    """
    session = _session.current()
    if isinstance(token, int):
        if session.is_haiplatform:
            raise UsageError("a HAI Platform knows no ids of tokens: give the token itself")
        answer = session.post("operating/user/access_token/delete", {"id": token})
    elif session.is_haiplatform:
        # It takes this nowhere else.
        answer = session.post("operating/user/access_token/delete", {"access_token": token})
    else:
        answer = session.post("operating/user/access_token/delete", body={"access_token": token})
    row = answer.get("result")
    return TokenInfo.from_wire(row, is_whole=False) if isinstance(row, dict) else None


def wire_expiry(at: datetime) -> str:
    """A time as both kinds of server take it: HAI Platform reads local times only, our engine may be in another zone."""
    if at.replace(tzinfo=None) >= _NEVER:
        return _NEVER.isoformat()
    if _session.current().is_haiplatform:
        return (at.astimezone().replace(tzinfo=None) if at.tzinfo else at).isoformat(timespec="seconds")
    return at.astimezone(timezone.utc).isoformat(timespec="microseconds")


def _masked(text: str) -> str:
    """What may be shown of a token; the first part of a HAI Platform's only names users."""
    return f"{text[:9]}...{text[-4:]}" if len(text) >= 32 else "..."
