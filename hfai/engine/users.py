"""The owner of the state directory, known by the token in it; and the account of this machine that tasks run under."""

from __future__ import annotations

import os
import pwd
import secrets
from pathlib import Path

from hfai.engine.queries import User
from hfai.engine.system import write_atomic
from hfai.model.errors import ConfigError

FILE_NAME = "token"
_TOKEN_BYTES = 24
# Beside a uid that can no longer be told: an account that was removed from the machine.
NO_UID = -1


def read_or_make_token(state_dir: Path) -> str:
    """The owner's token: what the file ``token`` holds, which is made with mode 0600 if it is not there.

    Raises:
        ConfigError: the file holds no token.
        OSError: it cannot be read or made.
    """
    path = state_dir / FILE_NAME
    try:
        token = path.read_text().strip()
    except FileNotFoundError:
        token = new_token()
        write_atomic(path, f"{token}\n".encode(), durable=True)
    if not token or any(sign.isspace() for sign in token):
        raise ConfigError("{file} holds no token: remove it, and a new one is made", file=str(path))
    return token


def new_token() -> str:
    """A token that nobody has; its signs need no escaping in an address."""
    return f"hfai-{secrets.token_urlsafe(_TOKEN_BYTES)}"


def owner() -> User:
    """The user that this process runs as: an administrator."""
    uid = os.getuid()
    name = unix_name_of(uid)
    return User(name=name, role="internal", groups=("internal", "public", name), uid=uid, is_admin=True, unix_name=name)


def unix_name_of(uid: int) -> str:
    """The account of a uid; ``uid1000`` where it has no name, as in some containers."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid{uid}"


def has_own_account(user: User) -> bool:
    """Whether the tasks of a user run under another account than the engine's."""
    return user.unix_name not in ("", unix_name_of(os.getuid()))


def uid_of(unix_name: str) -> int:
    """The uid of an account, :data:`NO_UID` if this machine has none of that name."""
    if unix_name == unix_name_of(os.getuid()):
        return os.getuid()
    try:
        return pwd.getpwnam(unix_name).pw_uid
    except KeyError:
        return NO_UID
