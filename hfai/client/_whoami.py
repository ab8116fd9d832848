"""``whoami``: who one is on the platform, what one may have and has, and what one's tokens are."""

from __future__ import annotations

from typing import NamedTuple, Optional

from hfai.client import _session
from hfai.client._quota import Quota, quota_overview
from hfai.client._tokens import TokenInfo, access_tokens
from hfai.client._user import UserInfo, user_info
from hfai.model.errors import NotAuthorised, RefusedError


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
        tokens=_tokens(),
    )


def _tokens() -> Optional[tuple[TokenInfo, ...]]:
    try:
        return tuple(access_tokens())
    except (NotAuthorised, RefusedError):  # the token's scope is too narrow for it, or there is no such route
        return None
