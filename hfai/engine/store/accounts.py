"""Rows of users, tokens and quotas."""

from __future__ import annotations

import json
from typing import Optional

from attrs import frozen

from hfai.engine.store.database import Database


@frozen
class UserRow:
    """A user beside the owner of the state directory.

    Attributes:
        name: on the platform.
        role: ``admin`` or ``user``.
        groups: teams they belong to.
        unix_name: the account of this machine that their tasks run under.
        created_at: seconds since the epoch.
    """

    name: str
    role: str
    groups: tuple[str, ...]
    unix_name: str
    created_at: float


@frozen
class TokenRow:
    """A token without the token.

    Attributes:
        digest: SHA-256 of the token.
        hint: its beginning and end.
        created_by: name of the administrator who made it.
        expires_at, revoked_at: seconds since the epoch, None where it does not or has not been.
    """

    id: int
    digest: bytes
    hint: str
    user_name: str
    created_by: str
    created_at: float
    expires_at: Optional[float] = None
    revoked_at: Optional[float] = None


def read_users(db: Database) -> list[UserRow]:
    """Every user, by name."""
    rows = db.all("SELECT name, role, groups, unix_name, created_at FROM users ORDER BY name")
    return [UserRow(row[0], row[1], tuple(json.loads(row[2])), row[3], row[4]) for row in rows]


def add_user(db: Database, user: UserRow) -> None:
    """Add a user or change the one of that name; inside a transaction."""
    values = (user.name, user.role, json.dumps(user.groups), user.unix_name, user.created_at)
    db.execute("INSERT OR REPLACE INTO users VALUES (?, ?, ?, ?, ?)", values)


def remove_user(db: Database, name: str) -> None:
    """Remove a user with their quotas and tokens; inside a transaction."""
    db.execute("DELETE FROM users WHERE name = ?", (name,))
    db.execute("DELETE FROM quotas WHERE user_name = ?", (name,))
    db.execute("DELETE FROM tokens WHERE user_name = ?", (name,))


def read_tokens(db: Database) -> list[TokenRow]:
    """Every token that was ever made, oldest first."""
    columns = "id, digest, hint, user_name, created_by, created_at, expires_at, revoked_at"
    return [TokenRow(*row) for row in db.all(f"SELECT {columns} FROM tokens ORDER BY id")]


def add_token(db: Database, token: TokenRow) -> int:
    """Add a token, whatever its id says; returns the id that it has. Inside a transaction."""
    columns = "digest, hint, user_name, created_by, created_at, expires_at, revoked_at"
    values = (
        token.digest,
        token.hint,
        token.user_name,
        token.created_by,
        token.created_at,
        token.expires_at,
        token.revoked_at,
    )
    return int(db.execute(f"INSERT INTO tokens ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", values).lastrowid or 0)


def revoke_token(db: Database, token_id: int, now: float) -> None:
    """Revoke a token; inside a transaction."""
    db.execute("UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (now, token_id))


def read_quotas(db: Database) -> dict[tuple[str, str, Optional[int]], int]:
    """Nodes by user, group and priority."""
    rows = db.all("SELECT user_name, group_name, priority, nodes FROM quotas ORDER BY user_name, group_name, priority")
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def set_quota(db: Database, row: tuple[str, str, Optional[int]], nodes: Optional[int]) -> None:
    """Set a row, or remove it where ``nodes`` is None; inside a transaction."""
    db.execute("DELETE FROM quotas WHERE user_name = ? AND group_name = ? AND priority IS ?", row)
    if nodes is not None:
        db.execute("INSERT INTO quotas VALUES (?, ?, ?, ?)", (*row, nodes))
