"""The chain that a selector means."""

from __future__ import annotations

from typing import Any, Optional

from hfai.engine.queries import Selector
from hfai.engine.store.database import Database
from hfai.model.errors import NotAuthorised, TaskNotFound


def find_chain(db: Database, selector: Selector, user_name: str, *, may_see_all: bool = False) -> int:
    """The chain, by the id of its first run. A name means the user's own tasks, for an administrator too.

    Raises:
        TaskNotFound: nothing was named, there is no such task, or what was named is not of one chain.
        NotAuthorised: it was named by an id and is somebody else's.
    """
    row = _look_up(db, selector, user_name)
    if row is None:
        raise TaskNotFound(experiment=_named(selector))
    first_id, chain_id, owner, name = row
    if selector.chain_id not in (None, chain_id) or selector.nb_name not in (None, name):
        raise TaskNotFound(experiment=_named(selector))
    if owner != user_name and not may_see_all:
        raise NotAuthorised("task {task} is {owner}'s, not yours", task=_named(selector), owner=owner)
    return int(first_id)


def _look_up(db: Database, selector: Selector, user_name: str) -> Optional[Any]:
    wanted = "SELECT first_id, chain_id, user_name, nb_name FROM chains WHERE "
    if selector.id is not None:
        return db.one(f"{wanted} first_id = (SELECT first_id FROM runs WHERE id = ?)", (selector.id,))
    if selector.chain_id is not None:
        return db.one(f"{wanted} chain_id = ?", (selector.chain_id,))
    if selector.nb_name is not None:
        by_name = "user_name = ? AND nb_name = ? ORDER BY newest_id DESC LIMIT 1"
        return db.one(wanted + by_name, (user_name, selector.nb_name))
    return None


def _named(selector: Selector) -> str:
    given = [selector.nb_name, selector.id, selector.chain_id]
    return " / ".join(str(part) for part in given if part is not None) or "''"
