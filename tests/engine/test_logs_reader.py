"""Reading forwards: nothing is lost or doubled while the log grows and segments are born."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from hfai.engine.logs import reader as reader_module
from hfai.engine.logs.inotify import DirectoryWatcher
from hfai.engine.logs.reader import SegmentReader
from hfai.engine.logs.segments import BLOCK_BYTES, Segments
from hfai.testing.logfiles import write_segments


async def _all_of(reader: SegmentReader) -> bytes:
    read = b""
    while block := await reader.read():
        assert len(block) <= BLOCK_BYTES
        read += block
    return read


@pytest.fixture(params=["page cache", "thread"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of reading: at once from the page cache, and in a thread where the kernel cannot promise that."""
    if request.param == "thread":
        monkeypatch.setattr(reader_module, "_NOWAIT", None)
    return str(request.param)


def test_segments_are_read_one_after_the_other(tmp_path: Path, way: str) -> None:
    async def scenario() -> None:
        segments = [os.urandom(300_000), b"", os.urandom(5)]
        write_segments(tmp_path, segments)
        reader = SegmentReader(Segments(tmp_path))
        assert await _all_of(reader) == b"".join(segments)
        assert (reader.segment, reader.offset) == (2, 5)
        (tmp_path / "log.2").write_bytes(segments[2] + b"more")
        assert await _all_of(reader) == b"more"
        reader.close()
        reader.close()

    asyncio.run(scenario())


def test_it_goes_on_where_a_cursor_says_and_stops_where_it_is_told(tmp_path: Path, way: str) -> None:
    async def scenario() -> None:
        write_segments(tmp_path, [b"0123456789", b"abcdef"])
        reader = SegmentReader(Segments(tmp_path), (0, 7))
        blocks = []
        while block := await reader.read(stop=(1, 3)):
            blocks.append(block)
        assert blocks == [b"789", b"abc"]
        assert await reader.read(stop=(0, 3)) == b""
        reader.close()

    asyncio.run(scenario())


def test_a_log_that_does_not_exist_yet_is_empty_until_it_does(tmp_path: Path) -> None:
    async def scenario() -> None:
        reader = SegmentReader(Segments(tmp_path / "rank"))
        assert await reader.read() == b""
        write_segments(tmp_path / "rank", [b"now"])
        assert await reader.read() == b"now"
        reader.close()

    asyncio.run(scenario())


def test_segments_that_were_cleared_away_are_skipped(tmp_path: Path) -> None:
    async def scenario() -> None:
        write_segments(tmp_path, [b"old", b"new"])
        (tmp_path / "log.0").unlink()
        reader = SegmentReader(Segments(tmp_path))
        assert await _all_of(reader) == b"new"
        reader.close()

    asyncio.run(scenario())


def test_a_writer_at_full_speed_is_followed_to_the_last_byte(tmp_path: Path) -> None:
    """20 MB over many segments, written while they are read."""
    total, segment_bytes = 20_000_000, 1_500_000
    written = os.urandom(total)

    def write() -> None:
        for number, start in enumerate(range(0, total, segment_bytes)):
            with (tmp_path / f"log.{number}").open("wb", buffering=0) as file:
                for at in range(start, min(total, start + segment_bytes), 65_000):
                    file.write(written[at : min(at + 65_000, start + segment_bytes)])

    async def scenario() -> None:
        writer = threading.Thread(target=write)
        writer.start()
        reader = SegmentReader(Segments(tmp_path))
        read = bytearray()
        while len(read) < total:
            read += await reader.read()
            await asyncio.sleep(0)
        writer.join()
        reader.close()
        assert read == written

    asyncio.run(asyncio.wait_for(scenario(), 300))


def test_a_change_in_a_directory_is_told_to_all_who_watch_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        watcher = DirectoryWatcher()
        one, other = asyncio.Event(), asyncio.Event()
        forget_one = watcher.watch(tmp_path, one.set)
        forget_other = watcher.watch(tmp_path, other.set)
        assert forget_one is not None and forget_other is not None
        (tmp_path / "log.0").write_bytes(b"x")
        await asyncio.wait_for(asyncio.gather(one.wait(), other.wait()), 10)
        forget_one()
        one.clear()
        other.clear()
        (tmp_path / "log.0").write_bytes(b"y")
        await asyncio.wait_for(other.wait(), 10)
        assert not one.is_set()
        assert not watcher.is_idle
        forget_other()
        forget_other()
        assert watcher.is_idle

    asyncio.run(scenario())


def test_a_directory_that_is_not_there_cannot_be_watched(tmp_path: Path) -> None:
    async def scenario() -> None:
        watcher = DirectoryWatcher()
        assert watcher.watch(tmp_path / "none", lambda: None) is None
        assert watcher.is_idle

    asyncio.run(scenario())
