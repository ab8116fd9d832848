"""The bodies of one user's requests that have not been answered do not fill the memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any, AsyncIterator, Sequence

import pytest
from starlette.exceptions import HTTPException

from hfai.engine.http import call
from hfai.engine.http.call import Call


class _Request:
    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = chunks

    async def stream(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


def test_they_count_until_they_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "_MOST_HELD", 100)
    serving: Any = SimpleNamespace(held=Counter())

    def made(user: str, *chunks: bytes) -> Call:
        asks: Any = SimpleNamespace(name=user)
        arguments: Any = None
        request: Any = _Request(chunks)
        return Call(serving, asks, "", arguments, request)

    first, second, third = made("bob", b"x" * 40, b"y" * 20), made("bob", b"z" * 30, b"z" * 30), made("eve", b"e" * 60)
    assert asyncio.run(first.body()) == asyncio.run(first.body()) == b"x" * 40 + b"y" * 20
    with pytest.raises(HTTPException) as refused:
        asyncio.run(second.body())
    assert refused.value.status_code == 429
    second.let_go()
    assert asyncio.run(third.body()) == b"e" * 60
    assert serving.held == {"bob": 60, "eve": 60}
    first.let_go()
    first.let_go()
    assert asyncio.run(made("bob", b"z" * 100).body()) == b"z" * 100
