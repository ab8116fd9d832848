"""Who is let in, and for how long: tokens of users stand as the accounts say, those of tasks while their runs go on."""

from __future__ import annotations

import asyncio
from typing import Optional

from attrs import evolve

from hfai.engine.accounts import Accounts
from hfai.engine.queries import User
from hfai.engine.scheduling.scheduler import Scheduler
from hfai.engine.store.accounts import UserRow
from hfai.engine.watching import Watches
from hfai.model.errors import NotAuthorised, RefusedError


class Admission:
    """The door keeper of an engine.

    Args:
        accounts: the users and their tokens.
        scheduler: the unfinished runs.
        watches: told of every change of a run.
    """

    def __init__(self, accounts: Accounts, scheduler: Scheduler, watches: Watches) -> None:
        self._accounts = accounts
        self._scheduler = scheduler
        self._watches = watches

    def user_of(self, token: str) -> Optional[User]:
        """The user that a token stands for; None if nobody. That of a task stands for its user, without special rights, while it runs.

        Raises:
            NotAuthorised: it was revoked, or its time is over.
        """
        run_id = self._accounts.run_of(token)
        if run_id is None:
            return self._accounts.of(token)
        run = self._scheduler.run(run_id)
        user = None if run is None else self._accounts.named(run.user_name)
        return None if user is None else evolve(user, is_admin=False)

    async def until_withdrawn(self, token: str) -> None:
        """Return when a token stands for nobody any more: revoked, expired, its user removed, its task's run over. May be cancelled.

        Waits without asking again and again: whoever takes it away tells.
        """
        run_id = self._accounts.run_of(token)
        run = None if run_id is None else self._scheduler.run(run_id)
        watching = self._accounts.watch(token) if run is None else self._watches.watch(run.chain_id)
        loop = asyncio.get_running_loop()
        with watching as change:
            while self._stands(token):
                left_s = self._accounts.left_s(token)
                timer = None if left_s is None else loop.call_later(left_s, change.tell, "")
                try:
                    await change.changed()
                finally:
                    if timer is not None:
                        timer.cancel()

    def _stands(self, token: str) -> bool:
        try:
            return self.user_of(token) is not None
        except NotAuthorised:
            return False

    def remove_user(self, name: str) -> UserRow:
        """Remove a user whose tasks have all finished; the history stays.

        Returns:
            The user who was there.

        Raises:
            NotFoundError: there is none of that name.
            RefusedError: some of their tasks have not finished, or it is the owner.
            StorageFull: nothing was changed.
        """
        if name == self._accounts.owner.name:
            raise RefusedError("{user} owns this engine and cannot be removed", user=name)
        row = self._accounts.user_row(name)
        runs = [run for run in self._scheduler.runs if run.user_name == name]
        if runs:
            # An administrator reaches the tasks of others by id only.
            first = min(runs, key=lambda run: run.id)
            template = "user {user} has {count} tasks that have not finished, {id} ({task}) for one: stop them first"
            raise RefusedError(template, user=name, count=len(runs), id=first.id, task=first.nb_name)
        self._accounts.remove_user(name)
        return row
