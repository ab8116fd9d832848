"""Who may ask: one user, the owner of the state directory, known by the token in it."""

from __future__ import annotations

import hmac
import os
import pwd
import secrets
from pathlib import Path
from typing import Optional

from hfai.engine.queries import User
from hfai.engine.system import write_atomic
from hfai.model.errors import ConfigError

FILE_NAME = "token"
_TOKEN_BYTES = 24


class SingleUser:
    """The user that this process runs as.

    Args:
        state_dir: where the file ``token`` is, or is made with mode 0600.

    Attributes:
        user: the one user.
        token: what stands for them.

    Raises:
        ConfigError: the file holds no token.
        OSError: it cannot be read or made.
    """

    def __init__(self, state_dir: Path) -> None:
        path = state_dir / FILE_NAME
        try:
            self.token = path.read_text().strip()
        except FileNotFoundError:
            self.token = secrets.token_urlsafe(_TOKEN_BYTES)
            write_atomic(path, f"{self.token}\n".encode(), durable=True)
        if not self.token or any(sign.isspace() for sign in self.token):
            raise ConfigError("{file} holds no token: remove it, and a new one is made", file=str(path))
        uid = os.getuid()
        name = _name_of(uid)
        self.user = User(name, role="internal", groups=("internal", "public", name), uid=uid, is_admin=True)

    def of(self, token: str) -> Optional[User]:
        """The user that a token stands for; None if nobody."""
        is_theirs = hmac.compare_digest(token.encode("utf-8", "surrogateescape"), self.token.encode())
        return self.user if is_theirs else None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid{uid}"
