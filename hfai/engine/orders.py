"""What the executor is to start for a scheduled run, and for whom."""

from __future__ import annotations

from attrs import evolve

from hfai.engine.accounts import Accounts
from hfai.engine.config import EngineConfig
from hfai.engine.executors.base import Order
from hfai.engine.scheduling.cluster import Cluster, nodes_of
from hfai.engine.scheduling.live import LiveRun
from hfai.engine.store.database import Database
from hfai.engine.store.reading import read_request
from hfai.model.spec import DEFAULT_WATCHDOG_S


class Orders:
    """Makes orders of runs.

    Args:
        config: the settings.
        db: the store, which has what was asked for.
        accounts: under which account, and with which token.
    """

    def __init__(self, config: EngineConfig, db: Database, accounts: Accounts) -> None:
        self._config = config
        self._db = db
        self._accounts = accounts

    def of(self, run: LiveRun, cluster: Cluster) -> Order:
        """The order for a run that has its nodes."""
        spec, environment = read_request(self._db, run.first_id)
        owner = self._accounts.owner
        user = self._accounts.named(run.user_name) or evolve(owner, name=run.user_name)
        if run.pinned_to is not None:
            # The engine's own program; what of it is the user's, it starts under the user's account.
            user = evolve(user, unix_name="")
        return Order(
            run_id=run.id,
            chain_id=run.chain_id,
            user=user,
            token=self._accounts.owner_token if user is owner else self._accounts.task_token(run.id),
            group=run.group,
            nodes=tuple(nodes_of(cluster, [job.node for job in run.jobs], run.group)),
            begin_at=run.begin_at or run.created_at,
            whole_life_state=run.whole_life_state,
            watchdog_s=(self._config.watchdog_s if spec.watchdog_time == DEFAULT_WATCHDOG_S else spec.watchdog_time),
            task=spec,
            shell_environment=environment,
        )
