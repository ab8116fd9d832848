"""``user_info``: who one is on the platform."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

from hfai.client import _session


class UserInfo(NamedTuple):
    """A user (wire document, section 5), without the token.

    Attributes:
        user_name: the name.
        user_id: the number.
        nick_name: how people call them.
        role: ``internal`` or ``external``.
        shared_group: the group whose files they share.
        groups: what they belong to.
        is_admin: whether they administer the platform; False where it does not say.
        access_scope: what the token is good for: ``all``, or ``except_jupyter`` on HAI Platform.
        unix_name: the account that their tasks run under; empty where the platform does not say.
    """

    user_name: str
    user_id: int
    nick_name: str
    role: str
    shared_group: str
    groups: tuple[str, ...]
    is_admin: bool = False
    access_scope: str = "all"
    unix_name: str = ""

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> UserInfo:
        """The user that an answer of ``query/user/info`` describes."""
        return cls(
            user_name=str(body["user_name"]),
            user_id=int(body.get("user_id") or 0),
            nick_name=str(body.get("nick_name") or ""),
            role=str(body.get("role") or ""),
            shared_group=str(body.get("shared_group") or ""),
            groups=tuple(body.get("group_list") or ()),
            is_admin=bool(body.get("is_admin")),
            access_scope=str(body.get("access_scope") or "all"),
            unix_name=str(body.get("unix_name") or ""),
        )


def user_info() -> UserInfo:
    """The user that the configured token stands for.

    Raises:
        NotAuthorised: nobody has it.
        HfaiError: no answer, or a refusal.

    Blocks for one request.

    Example:
        >>> user_info().user_name  # doctest: +SKIP
        'ada'
    """
    return UserInfo.from_wire(_session.current().post("query/user/info")["result"])
