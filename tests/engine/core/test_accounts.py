"""Under which account the tasks of a user run, as far as it depends on the engine's own."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
from attrs import evolve

from hfai.model.errors import RefusedError


def test_an_engine_that_cannot_switch(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own account, and no other."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    async def work() -> None:
        async with bench.running():
            accounts = bench.engine.accounts
            own = accounts.owner.unix_name
            for name, asked in (("ada", None), ("bob", own)):
                assert accounts.add_user(name, role="user", groups=(), unix_name=asked).unix_name == own
            with pytest.raises(RefusedError, match="cannot switch to nobody: leave --unix-name out"):
                accounts.add_user("eve", role="user", groups=(), unix_name="nobody")

    asyncio.run(work())


def test_an_engine_of_root(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's own account must be named; an account that the machine does not have cannot be."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    async def work() -> None:
        async with bench.running():
            accounts = bench.engine.accounts
            with pytest.raises(RefusedError, match="say under which account"):
                accounts.add_user("ada", role="user", groups=(), unix_name=None)
            with pytest.raises(RefusedError, match="there is no account no-such-account"):
                accounts.add_user("ada", role="user", groups=(), unix_name="no-such-account")
            own = accounts.owner.unix_name
            assert accounts.add_user("ada", role="user", groups=(), unix_name=own).unix_name == own

    asyncio.run(work())


def test_an_account_that_has_gone_since(bench: Any) -> None:
    """Refused at submission, in words."""

    async def work() -> None:
        async with bench.running():
            left = evolve(bench.user, unix_name="no-such-account")
            with pytest.raises(RefusedError, match="there is no account no-such-account"):
                bench.engine.submit(bench.body("x"), user=left)

    asyncio.run(work())
