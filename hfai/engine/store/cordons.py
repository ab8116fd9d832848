"""Nodes that nothing new is put on."""

from __future__ import annotations

import contextlib
import json

from hfai.engine.store.database import Database
from hfai.model.phrase import Phrase, packed, unpacked
from hfai.model.records import Cordon

# Who cordons a node of which a check has failed.
PLATFORM = "platform"


def add_cordon(db: Database, node: str, cordon: Cordon) -> None:
    """Cordon a node; one that is cordoned already has the new reason from now on."""
    reason = cordon.reason
    if isinstance(reason, Phrase):
        reason = json.dumps(packed(reason), ensure_ascii=False)
    row = (node, reason, cordon.by, cordon.since)
    db.execute("INSERT OR REPLACE INTO cordons (node, reason, by_whom, since) VALUES (?, ?, ?, ?)", row)


def remove_cordon(db: Database, node: str) -> None:
    """Lift a cordon; where there is none nothing changes."""
    db.execute("DELETE FROM cordons WHERE node = ?", (node,))


def all_cordons(db: Database) -> dict[str, Cordon]:
    """Every cordon by the name of its node, of nodes that are gone from the configuration as well."""
    rows = db.all("SELECT node, reason, by_whom, since FROM cordons")
    return {node: Cordon(_reason(reason, by), by, since) for node, reason, by, since in rows}


def _reason(text: str, by: str) -> str:
    """A phrase where the platform says it, else what somebody has typed."""
    if by == PLATFORM and text.startswith("{"):
        with contextlib.suppress(ValueError):  # somebody of that name
            reason: str = unpacked(json.loads(text))
            return reason
    return text
