"""The one connection that writes to the database: opened, brought up to date, and written in transactions; others only read."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from pathlib import Path
from typing import Any, Iterator, Sequence
from urllib.parse import quote

from hfai.engine.store.migrations import MIGRATIONS
from hfai.engine.system import storage_errors
from hfai.model.errors import EngineStartError
from hfai.model.phrase import Phrase

_STATEMENTS = 256


class Reading:
    """What can be read through a connection."""

    _connection: sqlite3.Connection

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Every row of an answer."""
        return self._connection.execute(statement, values).fetchall()

    def one(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """The first row of an answer, None if it has none."""
        return self._connection.execute(statement, values).fetchone()

    def close(self) -> None:
        """Close the connection; may be called twice."""
        self._connection.close()


class Snapshot(Reading):
    """The database as it is now, whatever is written meanwhile; to be used and closed in the thread that opened it.

    Args:
        path: the file; a :class:`Database` has it open.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
        self._connection.execute("BEGIN")


class Database(Reading):
    """The engine's database; everything happens in the daemon's thread.

    Args:
        path: the file; it is made with mode 0600 if it is not there, and migrated if it is of an older version.

    Attributes:
        engine_id: hexadecimal, made with the database: names this engine for as long as its state lives.

    Raises:
        EngineStartError: the file is no database, or of a newer version of hfai.
        StorageFull: no space is left.
        RefusedError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with storage_errors(path.parent):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=_STATEMENTS)
        try:
            with storage_errors(path.parent):
                self._prepare()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            reason = Phrase("{path} cannot be used as a database ({reason})", path=str(path), reason=str(error))
            raise EngineStartError(reason=reason) from error
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        # One process writes; the rest of the time goes to readers of other processes, which never block a writer for long.
        self._connection.execute("PRAGMA busy_timeout = 5000")
        version = int(self.one("PRAGMA user_version")[0])
        if version > len(MIGRATIONS):
            raise EngineStartError(
                reason=Phrase(
                    "{path} was written by a newer hfai (schema {found}, this one knows {known}): upgrade hfai, or set "
                    "HFAI_ENGINE_DIR to another directory",
                    path=str(self._path),
                    found=version,
                    known=len(MIGRATIONS),
                )
            )
        for number in range(version, len(MIGRATIONS)):
            # executescript commits by itself, so the step brings its own transaction.
            self._connection.executescript(
                f"BEGIN IMMEDIATE;{MIGRATIONS[number]}PRAGMA user_version = {number + 1};COMMIT;"
            )
        with self.transaction():
            self.execute("INSERT OR IGNORE INTO meta VALUES ('engine_id', ?)", (secrets.token_hex(8),))
        self.engine_id = str(self.one("SELECT value FROM meta WHERE key = 'engine_id'")[0])

    @contextlib.contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """Everything inside is kept or nothing; on disk when the block is left.

        Args:
            durable: False where a loss of power may take the change back, because a restart finds it out again. The
                death of this process takes nothing back either way, and the next durable one covers it.

        Raises:
            StorageFull: nothing was changed.
            RefusedError: it cannot be written; nothing was changed.
        """
        if not durable:
            self._connection.execute("PRAGMA synchronous = NORMAL")
        try:
            with storage_errors(self._path.parent):
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield
                    self._connection.execute("COMMIT")
                except BaseException:
                    # SQLite has rolled back by itself after some errors, a full disk among them.
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
        finally:
            if not durable:
                self._connection.execute("PRAGMA synchronous = FULL")

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._connection.execute(statement, values)


def marks(values: Sequence[Any]) -> str:
    """``(?, ?, ?)`` for as many values."""
    return f"({', '.join('?' * len(values))})"
