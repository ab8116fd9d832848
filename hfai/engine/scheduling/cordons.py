"""Nodes that nothing new is put on: by an administrator, or because a check has failed. What runs there stays."""

from __future__ import annotations

import logging
from typing import Callable, Optional

from hfai.engine.scheduling.cluster import Cluster
from hfai.engine.store.baselines import forget_baseline
from hfai.engine.store.cordons import PLATFORM, add_cordon, remove_cordon
from hfai.engine.store.database import Database
from hfai.engine.system import Clock
from hfai.model.errors import HfaiError, NodeNotFound
from hfai.model.records import Cordon

_log = logging.getLogger(__name__)


class Cordons:
    """Puts and lifts them; each is stored before it counts.

    Args:
        db: the store.
        clock: says since when.
        cluster: the nodes.
        on_change: called after each change.
    """

    def __init__(self, db: Database, clock: Clock, cluster: Cluster, on_change: Callable[[], None]) -> None:
        self._db = db
        self._clock = clock
        self._cluster = cluster
        self._on_change = on_change

    def put(self, name: str, reason: str, *, by: str) -> None:
        """Let nothing new onto a node. A second time replaces the reason.

        Args:
            name: of the node.
            reason: in words; tasks that wait because of it show it.
            by: who wants it.

        Raises:
            NodeNotFound: there is no such node.
            StorageFull: nothing was changed.
        """
        self._set(name, Cordon(reason, by, since=self._clock.now()))

    def fail(self, name: str, reason: str) -> None:
        """A check of the platform's has failed: the same, unless somebody keeps it cordoned for a reason of theirs. Raises nothing."""
        node = self._cluster.node(name)
        if node is not None and node.cordon is not None and node.cordon.by != PLATFORM:
            _log.warning("node %s stays cordoned by %s; a check has failed: %s", name, node.cordon.by, reason)
            return
        try:
            self.put(name, reason, by=PLATFORM)
        except HfaiError as error:  # gone from the configuration, or nothing can be stored now
            _log.error("node %s could not be cordoned (%s): %s", name, reason, error)
        else:
            _log.warning("node %s is cordoned: %s", name, reason)

    def lift(self, name: str) -> None:
        """Let a node take runs again; one that is not cordoned is no error. Who does that says that it is good as it is: its next
        validations are the new measure of its speed.

        Raises:
            NodeNotFound: there is no such node.
            StorageFull: nothing was changed.
        """
        self._set(name, None)

    def _set(self, name: str, cordon: Optional[Cordon]) -> None:
        if self._cluster.node(name) is None:
            raise NodeNotFound(node=name)
        with self._db.transaction():
            if cordon is None:
                remove_cordon(self._db, name)
                forget_baseline(self._db, name)
            else:
                add_cordon(self._db, name, cordon)
        self._cluster.set_cordon(name, cordon)
        self._on_change()
