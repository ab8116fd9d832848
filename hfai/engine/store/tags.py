"""Tags of tasks."""

from __future__ import annotations

from hfai.engine.store.database import Database

# A tag of a million tasks is a million rows: hop from one tag to the next instead of reading them all.
_EACH_ONCE = """
WITH RECURSIVE each_once (tag) AS (
    SELECT min(tag) FROM tags WHERE user_name = ?1
    UNION ALL
    SELECT (SELECT min(tag) FROM tags WHERE user_name = ?1 AND tag > each_once.tag) FROM each_once WHERE tag IS NOT NULL
)
SELECT tag FROM each_once WHERE tag IS NOT NULL
"""


def add_tag(db: Database, user_name: str, first_id: int, tag: str) -> None:
    """Put a tag on a chain; a second time changes nothing."""
    db.execute("INSERT OR IGNORE INTO tags VALUES (?, ?, ?)", (user_name, tag, first_id))


def remove_tag(db: Database, user_name: str, first_id: int, tag: str) -> None:
    """Take a tag off a chain; one that it does not have is no error."""
    db.execute("DELETE FROM tags WHERE user_name = ? AND tag = ? AND first_id = ?", (user_name, tag, first_id))


def tags_of(db: Database, user_name: str) -> list[str]:
    """The tags on any task of a user, in alphabetical order."""
    return [row[0] for row in db.all(_EACH_ONCE, (user_name,))]
