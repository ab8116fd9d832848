"""Nodes that nothing new is put on."""

from __future__ import annotations

from hfai.engine.store.database import Database
from hfai.model.records import Cordon


def add_cordon(db: Database, node: str, cordon: Cordon) -> None:
    """Cordon a node; one that is cordoned already has the new reason from now on."""
    row = (node, cordon.reason, cordon.by, cordon.since)
    db.execute("INSERT OR REPLACE INTO cordons (node, reason, by_whom, since) VALUES (?, ?, ?, ?)", row)


def remove_cordon(db: Database, node: str) -> None:
    """Lift a cordon; where there is none nothing changes."""
    db.execute("DELETE FROM cordons WHERE node = ?", (node,))


def all_cordons(db: Database) -> dict[str, Cordon]:
    """Every cordon by the name of its node, of nodes that are gone from the configuration as well."""
    rows = db.all("SELECT node, reason, by_whom, since FROM cordons")
    return {node: Cordon(reason, by, since) for node, reason, by, since in rows}
