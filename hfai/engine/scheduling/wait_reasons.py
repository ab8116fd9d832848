"""Those who watch a queued task are told when the reason why it waits has become another."""

from __future__ import annotations

from typing import Callable, Optional

from hfai.engine.scheduling.live import LiveRun
from hfai.engine.watching import Watches
from hfai.model.records import Pending
from hfai.model.states import QueueStatus


class WaitReasons:
    """What was told last of each watched task that waits.

    Args:
        watches: who watches.
        of_chain: the unfinished run of a chain.
        pending: why a run waits.
    """

    def __init__(
        self,
        watches: Watches,
        of_chain: Callable[[str], Optional[LiveRun]],
        pending: Callable[[LiveRun], Optional[Pending]],
    ) -> None:
        self._watches = watches
        self._of_chain = of_chain
        self._pending = pending
        self._told: dict[str, Optional[Pending]] = {}

    def tell(self) -> None:
        """Look at every watched task, and tell those who watch one that waits for something else now."""
        if not self._watches.chain_ids and not self._told:
            return
        told = {run.chain_id: self._pending(run) for run in self._watched()}
        for chain_id, pending in told.items():
            if self._told.get(chain_id) != pending:
                self._watches.tell(chain_id)
        self._told = told

    def _watched(self) -> list[LiveRun]:
        runs = [self._of_chain(chain_id) for chain_id in self._watches.chain_ids]
        return [run for run in runs if run is not None and run.queue_status is QueueStatus.QUEUED]
