"""``platform_users``, ``add_user``, ``remove_user``: who may use an engine of ours. For its administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Iterable, Mapping, NamedTuple, Optional

from hfai.client import _session
from hfai.client._tokens import NewToken, wire_expiry
from hfai.client._wire_field import wire_time


class PlatformUser(NamedTuple):
    """A user of the platform.

    Attributes:
        user_name: the name.
        role: ``admin`` or ``user``.
        groups: teams they belong to; quotas may be set for a team.
        unix_name: the account of the engine's machine that their tasks run under.
        created_at: when they were added, as a naive local datetime; None for the owner.
        is_owner: whether the engine's state directory is theirs.
        tokens: how many of their tokens are good now.
    """

    user_name: str
    role: str
    groups: tuple[str, ...]
    unix_name: str
    created_at: Optional[datetime]
    is_owner: bool
    tokens: int

    @classmethod
    def from_wire(cls, row: Mapping[str, Any]) -> PlatformUser:
        """The user of a row of ``query/platform/user/list``."""
        return cls(
            user_name=str(row["user_name"]),
            role=str(row["role"]),
            groups=tuple(row["groups"]),
            unix_name=str(row["unix_name"]),
            created_at=wire_time(row["created_at"]),
            is_owner=bool(row["is_owner"]),
            tokens=int(row["tokens"]),
        )


class NewUser(NamedTuple):
    """A user who has just been added, with a first token.

    Attributes:
        user: the user.
        token: their token, told this once.
    """

    user: PlatformUser
    token: NewToken


def platform_users() -> list[PlatformUser]:
    """Every user, the owner first, then by name.

    Raises:
        NotAuthorised: you do not administer the platform.
        HfaiError: no answer, or another refusal.

    Blocks for one request.

    Example:
        >>> [user.user_name for user in platform_users()]  # doctest: +SKIP
        ['ada', 'bob']
    """
    return [PlatformUser.from_wire(row) for row in _session.current().post("query/platform/user/list")["result"]]


def add_user(
    name: str,
    role: str = "user",
    groups: Iterable[str] = (),
    unix_name: Optional[str] = None,
    expire_at: Optional[datetime] = None,
) -> NewUser:
    """Add a user and make a first token for them.

    Args:
        name: letters, digits and ``. _ -``.
        role: ``user``, who sees and touches their own tasks only, or ``admin``.
        groups: teams they belong to.
        unix_name: the account of the engine's machine that their tasks run under; left out, the engine's own, unless that is root.
        expire_at: when the first token stops to work; None for never.

    Raises:
        UsageError: a name or a role that cannot be.
        RefusedError: there is such a user already, or the account cannot be used.
        NotAuthorised: you do not administer the platform.
        HfaiError: no answer, or another refusal.

    Blocks for one request; stored on return.

    Example:
        >>> add_user("bob", groups=["vision"]).token.token  # doctest: +SKIP
        'hfai-...'
    """
    query = {"user_name": name, "role": role, "group": list(groups), "unix_name": unix_name}
    expiry = None if expire_at is None else wire_expiry(expire_at)
    answer = _session.current().post("operating/platform/user/add", {**query, "expire_at": expiry}, is_repeatable=False)
    result = answer["result"]
    return NewUser(PlatformUser.from_wire(result["user"]), NewToken.from_wire(result["token"]))


def remove_user(name: str) -> PlatformUser:
    """Remove a user with their quotas and tokens; what they have submitted stays in the history.

    Returns:
        Who they were.

    Raises:
        NotFoundError: there is no such user.
        RefusedError: some of their tasks have not finished.
        NotAuthorised: you do not administer the platform.
        HfaiError: no answer, or another refusal.

    Blocks for one request; stored on return.

    Example:
        >>> remove_user("bob").tokens  # doctest: +SKIP
        0
    """
    answer = _session.current().post("operating/platform/user/remove", {"user_name": name}, is_repeatable=False)
    return PlatformUser.from_wire(answer["result"])
