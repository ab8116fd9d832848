"""Who may ask and how much each may have: the owner, the users in the store, their tokens, their quotas.

All of it is in memory, so that a request costs one hash and one look into a dictionary; the store is written at each change.
"""

from __future__ import annotations

import difflib
import hashlib
import hmac
import re
import secrets
from typing import Callable, ContextManager, Iterable, Optional, Sequence

from attrs import evolve, frozen

from hfai.engine import unix_accounts, users
from hfai.engine.config import EngineConfig
from hfai.engine.config_quotas import QuotaRows, Row
from hfai.engine.queries import User
from hfai.engine.store import accounts as store
from hfai.engine.store.accounts import TokenRow, UserRow
from hfai.engine.store.database import Database
from hfai.engine.system import Clock, storage_errors
from hfai.engine.watching import Change, Watches
from hfai.model.errors import NotAuthorised, NotFoundError, RefusedError, UsageError

ROLES = ("user", "admin")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_SHOWN_FIRST, _SHOWN_LAST = 9, 4
_TASK_PREFIX = "TASK"


@frozen
class QuotaEntry:
    """A row of the quotas as it counts.

    Attributes:
        row: user, group and priority.
        nodes: how many.
        source: ``store`` for what was set while the engine ran, ``engine.yaml`` for the file's own.
    """

    row: Row
    nodes: int
    source: str


class Accounts:
    """Every user of an engine.

    Args:
        config: the settings, with the state directory and the quotas of engine.yaml.
        db: the store.
        clock: where times come from.

    Attributes:
        owner: of the state directory; an administrator without a row in the store.
        owner_token: what stands for the owner.
        quotas: the rows that count now: those of the store over those of engine.yaml.
        on_quotas: told of them whenever they may have changed.

    Raises:
        ConfigError: the owner's token cannot be used.
        OSError: it cannot be read or made.
    """

    def __init__(self, config: EngineConfig, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._file_quotas = config.quotas
        with storage_errors(config.state_dir):
            self.owner_token = users.read_or_make_token(config.state_dir)
        self.owner = users.owner()
        with db.transaction():
            db.execute("INSERT OR IGNORE INTO meta VALUES ('task_key', ?)", (secrets.token_hex(32),))
        self._task_key = bytes.fromhex(db.one("SELECT value FROM meta WHERE key = 'task_key'")[0])
        self._owner_digest = _digest(self.owner_token)
        self._users = {row.name: row for row in store.read_users(db)}
        self._tokens = {row.digest: row for row in store.read_tokens(db)}
        self._stored_quotas = store.read_quotas(db)
        self.on_quotas: Optional[Callable[[QuotaRows], None]] = None
        self._watches = Watches()
        self._refresh()

    def _refresh(self) -> None:
        """Bring what is derived up to date."""
        self._known = {row.name: _user(row) for row in self._users.values()}
        rows = {**self._file_quotas.rows, **self._stored_quotas}
        self.quotas = QuotaRows(rows, {row.name: row.groups for row in self._users.values()})
        if self.on_quotas is not None:
            self.on_quotas(self.quotas)

    # Who asks

    def of(self, token: str) -> Optional[User]:
        """The user that a token stands for; None if nobody.

        Raises:
            NotAuthorised: it was revoked, or its time is over.
        """
        digest = _digest(token)
        if hmac.compare_digest(digest, self._owner_digest):
            return self.owner
        row = self._tokens.get(digest)
        if row is None:
            return None
        state = self.state_of(row)
        if state == "revoked":
            raise NotAuthorised("token {token} was revoked: ask your administrator for a new one", token=row.hint)
        if state == "expired":
            raise NotAuthorised("token {token} has expired: ask your administrator for a new one", token=row.hint)
        return self.named(row.user_name)

    def watch(self, token: str) -> ContextManager[Change]:
        """Be woken when a token has been taken away, or others of its user; the end of its time wakes nobody: see :meth:`left_s`."""
        row = self._tokens.get(_digest(token))
        return self._watches.watch(self.owner.name if row is None else row.user_name)

    def left_s(self, token: str) -> Optional[float]:
        """Seconds until a token expires; None if it never does."""
        row = self._tokens.get(_digest(token))
        return None if row is None or row.expires_at is None else max(0.0, row.expires_at - self._clock.now())

    def named(self, name: str) -> Optional[User]:
        """The user of a name; None if there is none."""
        return self.owner if name == self.owner.name else self._known.get(name)

    def task_token(self, run_id: int) -> str:
        """What the processes of a run may ask with while it runs: nothing of it is stored."""
        mac = hmac.new(self._task_key, str(run_id).encode(), hashlib.sha256).hexdigest()[:40]
        return f"{_TASK_PREFIX}-{run_id}-{mac}"

    def run_of(self, token: str) -> Optional[int]:
        """The run whose token this is; None if it is none's."""
        prefix, _, rest = token.partition("-")
        run_id = rest.partition("-")[0]
        if prefix != _TASK_PREFIX or not run_id.isascii() or not run_id.isdigit() or len(run_id) > 18:
            return None
        is_ours = hmac.compare_digest(token.encode("utf-8", "surrogateescape"), self.task_token(int(run_id)).encode())
        return int(run_id) if is_ours else None

    # Users

    @property
    def users(self) -> Sequence[UserRow]:
        """Every user beside the owner, by name."""
        return [self._users[name] for name in sorted(self._users)]

    def user_row(self, name: str) -> UserRow:
        """The row of a user beside the owner.

        Raises:
            NotFoundError: there is none of that name.
        """
        row = self._users.get(name)
        if row is None:
            raise self._no_user(name)
        return row

    def add_user(self, name: str, *, role: str, groups: Iterable[str], unix_name: Optional[str]) -> UserRow:
        """Add a user; it is stored on return.

        Args:
            name: letters, digits, ``_ . -``.
            role: ``admin`` or ``user``.
            groups: teams, for quotas of whole teams.
            unix_name: the account that their tasks run under: the engine's own where it is left out, which an engine of root refuses.

        Raises:
            UsageError: a name that cannot be used, or no such role.
            RefusedError: there is a user of that name, or the account cannot be used.
            StorageFull: nothing was stored.
        """
        if self.named(name) is not None:
            raise RefusedError("there is a user {user} already", user=name)
        groups = tuple(dict.fromkeys(groups))
        for kind, word in (("user", name), *(("group", group) for group in groups)):
            if not _NAME.fullmatch(word):
                template = "{kind} {name}: a name has letters, digits, . _ - and at most 64 of them"
                raise UsageError(template, kind=kind, name=word or "''")
        if role not in ROLES:
            raise UsageError("role {role}: it must be {allowed}", role=role, allowed=", ".join(ROLES))
        row = UserRow(name, role, groups, self._account(name, unix_name), self._clock.now())
        with self._db.transaction():
            store.add_user(self._db, row)
        self._users[name] = row
        self._refresh()
        return row

    def _account(self, name: str, unix_name: Optional[str]) -> str:
        own = self.owner.unix_name
        if unix_name == own or (unix_name is None and not unix_accounts.may_switch()):
            return own
        if unix_name is None:
            # What root may do must not be handed to others by leaving a word out.
            template = "say under which account of this machine the tasks of {user} are to run: --unix-name ACCOUNT"
            raise RefusedError(template, user=name)
        if not unix_accounts.may_switch():
            template = "tasks run under {own}, the account of the engine, which cannot switch to {account}: leave --unix-name out"
            raise RefusedError(template, own=own, account=unix_name)
        unix_accounts.ensure_usable(unix_name)
        return unix_name

    def remove_user(self, name: str) -> None:
        """Remove a user with their quotas and tokens; what they have submitted stays in the history.

        Raises:
            NotFoundError: there is none of that name.
            StorageFull: nothing was changed.
        """
        self.user_row(name)
        with self._db.transaction():
            store.remove_user(self._db, name)
        del self._users[name]
        self._stored_quotas = store.read_quotas(self._db)
        self._tokens = {digest: token for digest, token in self._tokens.items() if token.user_name != name}
        self._refresh()
        self._watches.tell(name)

    # Tokens

    @property
    def tokens(self) -> Sequence[TokenRow]:
        """Every token that was ever made, oldest first."""
        return sorted(self._tokens.values(), key=lambda row: row.id)

    def create_token(self, name: str, *, created_by: str, expires_at: Optional[float]) -> tuple[str, TokenRow]:
        """Make a token for a user. The text is not kept: this is the only time that it can be told.

        Raises:
            NotFoundError: there is no such user.
            UsageError: its time is over already.
            StorageFull: nothing was stored.
        """
        now = self._clock.now()
        if self.named(name) is None:
            raise self._no_user(name)
        if expires_at is not None and expires_at <= now:
            raise UsageError("the time that the token is to expire at has passed")
        text = users.new_token()
        row = TokenRow(0, _digest(text), self.hint_of(text), name, created_by, now, expires_at)
        with self._db.transaction():
            row = evolve(row, id=store.add_token(self._db, row))
        self._tokens[row.digest] = row
        return text, row

    @staticmethod
    def hint_of(text: str) -> str:
        """What may be shown of a token."""
        return f"{text[:_SHOWN_FIRST]}...{text[-_SHOWN_LAST:]}"

    def state_of(self, row: TokenRow) -> str:
        """``active``, ``expired`` or ``revoked``."""
        if row.revoked_at is not None:
            return "revoked"
        return "expired" if row.expires_at is not None and row.expires_at <= self._clock.now() else "active"

    def revoke_token(self, row: TokenRow) -> TokenRow:
        """Let a token stand for nobody from now on; a second time changes nothing.

        Raises:
            StorageFull: nothing was changed.
        """
        if row.revoked_at is None:
            now = self._clock.now()
            with self._db.transaction():
                store.revoke_token(self._db, row.id, now)
            row = self._tokens[row.digest] = evolve(row, revoked_at=now)
            self._watches.tell(row.user_name)
        return row

    def token_row(self, token_id: Optional[int], text: Optional[str] = None) -> TokenRow:
        """A token by its id, or by itself.

        Raises:
            NotFoundError: there is no such token.
        """
        if text is not None:
            found = self._tokens.get(_digest(text))
        else:
            found = next((row for row in self._tokens.values() if row.id == token_id), None)
        if found is None:
            if token_id is None:
                raise NotFoundError("there is no such token: see them with `hai-cli platform token list`")
            raise NotFoundError("no token {token}: see them with `hai-cli platform token list`", token=token_id)
        return found

    # Quotas

    @property
    def quota_entries(self) -> Sequence[QuotaEntry]:
        """The rows that count, with where each is from."""
        rows = sorted(self.quotas.rows.items(), key=lambda item: (*item[0][:2], -(item[0][2] or 10**6)))
        return [QuotaEntry(row, nodes, "store" if row in self._stored_quotas else "engine.yaml") for row, nodes in rows]

    def set_quota(self, row: Row, nodes: int) -> None:
        """Set a row of the quotas, over the same row of engine.yaml.

        Raises:
            NotFoundError: it names no user.
            StorageFull: nothing was changed.
        """
        self._ensure_known(row[0])
        self._change_quota(row, nodes)

    def remove_quota(self, row: Row) -> None:
        """Remove a row; the same row of engine.yaml counts again.

        Raises:
            NotFoundError: there is no such row.
            RefusedError: it is in engine.yaml.
            StorageFull: nothing was changed.
        """
        if row not in self._stored_quotas:
            if row in self._file_quotas.rows:
                raise RefusedError("this quota is in engine.yaml: remove it there, or set another over it")
            raise NotFoundError("no such quota: see `hai-cli platform quota list`")
        self._change_quota(row, None)

    def _change_quota(self, row: Row, nodes: Optional[int]) -> None:
        with self._db.transaction():
            store.set_quota(self._db, row, nodes)
        self._stored_quotas = store.read_quotas(self._db)
        self._refresh()

    def _ensure_known(self, user: str) -> None:
        if user == "*":
            return
        if user.startswith("@"):
            teams = {group for row in self._users.values() for group in row.groups}
            if user[1:] not in teams:
                if not teams:
                    raise NotFoundError("no group of users {group}: no user is in one", group=user)
                known = ", ".join(f"@{team}" for team in sorted(teams))
                raise NotFoundError("no group of users {group}; there are: {known}", group=user, known=known)
        elif self.named(user) is None:
            raise self._no_user(user)

    def _no_user(self, name: str) -> NotFoundError:
        near = difflib.get_close_matches(name, [self.owner.name, *self._users], 1)
        if near:
            return NotFoundError("no user {user}: did you mean {near}?", user=name, near=near[0])
        return NotFoundError("no user {user}", user=name)


def _user(row: UserRow) -> User:
    groups = tuple(dict.fromkeys(("internal", "public", *row.groups, row.name)))
    return User(
        name=row.name,
        role="internal",
        groups=groups,
        uid=users.uid_of(row.unix_name),
        is_admin=row.role == "admin",
        unix_name=row.unix_name,
    )


def _digest(token: str) -> bytes:
    # Tokens are random: a plain hash gives nothing away, and is quick enough for every request.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
