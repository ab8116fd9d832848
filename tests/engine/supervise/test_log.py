"""Capture: every byte once, in order, stamped; segments end at line ends; a full disk blocks and loses nothing."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator

import pytest

from hfai.engine.supervise.stamp import STAMP_BYTES, Stamper

STAMP = re.compile(rb"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\] ")


def stamps(log: bytes) -> list[bytes]:
    found = [line[:STAMP_BYTES] for line in log.splitlines(keepends=True)]
    assert all(STAMP.fullmatch(stamp) for stamp in found)
    return found


def test_a_hundred_thousand_lines(supervisors: Any) -> None:
    """Exactly these, in this order, with stamps that never go back."""
    run = supervisors.python("import sys\nfor i in range(100000): sys.stdout.write(f'line {i} é\\n')")
    before = Stamper().now()
    supervisors.finish(run)
    lines = run.log.split(b"\n")
    assert lines.pop() == b""
    assert [line[STAMP_BYTES:] for line in lines] == [f"line {i} é".encode() for i in range(100000)]
    found = stamps(run.log)
    assert found == sorted(found)
    assert before <= found[0] <= found[-1] <= Stamper().now()


def test_both_streams_keep_their_order(supervisors: Any) -> None:
    run = supervisors.run("sh", "-c", "for i in 1 2 3 4 5; do echo o$i; echo e$i >&2; done")
    supervisors.finish(run)
    assert run.output == b"".join(b"o%d\ne%d\n" % (i, i) for i in range(1, 6))


def test_any_bytes(supervisors: Any) -> None:
    """NUL, carriage returns, bytes that are no text: as they are."""
    data = bytes(range(256)) * 50 + b"\n\n\n" + b"10%\r20%\r\r100%\n" + b"\x1b[31mred\xff\xfe\n"
    source = supervisors.directory / "data"
    source.write_bytes(data)
    run = supervisors.run("cat", str(source))
    supervisors.finish(run)
    lines = run.log.split(b"\n")[:-1]
    assert b"".join(line[STAMP_BYTES:] + b"\n" for line in lines) == data


def test_a_line_in_pieces(supervisors: Any, wait_until: Any) -> None:
    """Each piece is there at once, under one stamp; the end of the task ends the line."""
    code = (
        "import sys\ngate = open('fifo')\n"
        "for piece in 'abc': sys.stdout.write(piece); sys.stdout.flush(); gate.readline()"
    )
    run = supervisors.run(sys.executable, "-c", code)
    fifo = Path(run.spec["workspace"]) / "fifo"
    os.mkfifo(fifo)
    supervisor = supervisors.start(run)
    with fifo.open("w") as gate:
        for written in (b"a", b"ab", b"abc"):
            wait_until(lambda wanted=written: run.rank_dir.exists() and run.log[STAMP_BYTES:] == wanted)
            print(file=gate, flush=True)
    assert supervisor.wait(20) == 0
    assert run.output == b"abc\n"
    assert len(stamps(run.log)) == 1
    assert run.end["last_lines"] == ["abc"]


def test_no_output(supervisors: Any) -> None:
    run = supervisors.run("true")
    end = supervisors.finish(run)
    assert run.segments() == [b""]
    assert end["last_lines"] == []


@pytest.mark.parametrize("segment_bytes", [1, 100, 1000, 4096, 50000])
def test_segments_end_at_line_ends(supervisors: Any, segment_bytes: int) -> None:
    """Each is as long as asked for and at most one line longer; none is empty, and nothing is lost between two."""
    lines = [b"x" * (i * 7 % 91) for i in range(3000)]
    source = supervisors.directory / "data"
    source.write_bytes(b"\n".join(lines) + b"\n")
    run = supervisors.run("cat", str(source), log_segment_bytes=segment_bytes)
    supervisors.finish(run)
    segments = run.segments()
    assert all(STAMP.match(segment) and segment.endswith(b"\n") for segment in segments)
    assert all(segment_bytes <= len(segment) for segment in segments[:-1])
    longest = STAMP_BYTES + 91
    if segment_bytes > longest:
        assert all(len(segment) < segment_bytes + longest for segment in segments)
    assert run.output == source.read_bytes()


def test_segments_of_slow_output(supervisors: Any) -> None:
    """Line by line, as most tasks write: a full segment is followed by a new one with the next line, not before."""
    line = "x" * 70  # with stamp and line end: 100 bytes
    code = f"for i in range(20): print('{line}', flush=True)"
    run = supervisors.run(sys.executable, "-c", code, log_segment_bytes=500)
    supervisors.finish(run)
    assert [len(segment) for segment in run.segments()] == [500, 500, 500, 500]


def test_a_line_without_end_is_cut(supervisors: Any) -> None:
    """Otherwise one progress bar could fill the disk with a single segment; no stamp in the middle of the line."""
    run = supervisors.run("sh", "-c", "head -c 50000 /dev/zero | tr '\\0' x; echo; echo done", log_segment_bytes=4096)
    supervisors.finish(run)
    segments = run.segments()
    assert all(len(segment) <= 2 * 4096 for segment in segments)
    assert run.output == b"x" * 50000 + b"\ndone\n"
    assert [bool(STAMP.match(segment)) for segment in segments][:2] == [True, False]


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        (b"a\n\nb\n", ["a", "", "b"]),
        (b"".join(b"%d\n" % i for i in range(100)), [str(i) for i in range(80, 100)]),
        (b"x" * 100000 + b"\nend\n", ["end"]),
        (b"y" * 100000, ["y" * 4096]),
        (b"".join(b"%d%%\r" % i for i in range(90000)) + b"\nend\n", ["89999%", "end"]),
        (b"caf\xc3\xa9 \xff\n", ["café \ufffd"]),
    ],
    ids=("empty-line", "only-twenty", "long-line", "only-4-KiB", "progress-bar", "no-utf-8"),
)
def test_last_lines(supervisors: Any, output: bytes, lines: list[str]) -> None:
    """At most 20 and 4 KiB, as a terminal would still show them."""
    source = supervisors.directory / "data"
    source.write_bytes(output)
    end = supervisors.finish(supervisors.run("cat", str(source)))
    assert end["last_lines"][-len(lines) :] == lines
    assert len(end["last_lines"]) <= 20
    assert sum(map(len, end["last_lines"])) <= 4096


def can_mount() -> bool:
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], check=False, stderr=-3).returncode == 0


class TinyDisk:
    """A file system of a few megabytes that can be filled and freed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(path)], check=True)

    def fill(self, supervisor: Any) -> None:
        with (self.path / "filler").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def free(self, supervisor: Any) -> None:
        (self.path / "filler").unlink()

    def close(self) -> None:
        subprocess.run(["umount", str(self.path)], check=True)


class NoGrowth:
    """Where nothing may be mounted: files that must not grow, which stops a writer just so."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def fill(self, supervisor: Any) -> None:
        resource.prlimit(supervisor.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def free(self, supervisor: Any) -> None:
        resource.prlimit(supervisor.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def close(self) -> None:
        pass


@pytest.fixture(params=[NoGrowth, TinyDisk] if can_mount() else [NoGrowth])
def disk(request: Any, supervisors: Any, tmp_path: Path) -> Iterator[Any]:
    disk = request.param(tmp_path / "disk")
    supervisors.directory = disk.path
    yield disk
    disk.close()


def test_a_full_disk_blocks_the_task(supervisors: Any, disk: Any, wait_until: Any) -> None:
    """Nothing is lost or doubled, memory stays bounded, the watchdog knows better, requests are answered."""
    code = (
        "import sys\nopen('fifo').read()\n"
        "for i in range(250000): sys.stdout.write(f'{i:06}\\n')\n"  # 1.75 MB, 9 MB with stamps
        "sys.stdout.flush(); open('done', 'w').close()"
    )
    lines = 250000
    if isinstance(disk, TinyDisk):
        code = code.replace("250000", "80000").replace("{i:06}", "{i:020}")
        lines = 80000
    run = supervisors.run(sys.executable, "-c", code, watchdog_s=0.4)
    fifo = disk.path / "workspace" / "fifo"
    os.mkfifo(fifo)
    supervisor = supervisors.start(run)
    wait_until(lambda: run.started)
    disk.fill(supervisor)
    fifo.write_bytes(b"")
    size = 0

    def has_stopped() -> bool:
        nonlocal size
        before, size = size, len(run.log)
        return size == before

    wait_until(has_stopped)
    until = time.monotonic() + 1.0
    wait_until(lambda: time.monotonic() > until)
    assert not (disk.path / "workspace" / "done").exists()
    assert run.ask("ping")["ok"] is True
    assert run.end is None
    memory_kib = int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{supervisor.pid}/status").read_text())[0])
    assert memory_kib < 40000
    disk.free(supervisor)
    assert supervisor.wait(20) == 0
    assert run.end["outcome"] == "exited"
    width = 20 if isinstance(disk, TinyDisk) else 6
    assert run.output == b"".join(b"%0*d\n" % (width, i) for i in range(lines))
    stamps(run.log)


def test_a_stop_while_the_disk_is_full(supervisors: Any, disk: Any, wait_until: Any) -> None:
    """The task ends at once; its end is written when there is room, with all that it had put out."""
    run = supervisors.run("sh", "-c", "read line < fifo; yes 0123456789012345678901234567890123456789")
    os.mkfifo(disk.path / "workspace" / "fifo")
    supervisor = supervisors.start(run)
    wait_until(lambda: run.started)
    disk.fill(supervisor)
    (disk.path / "workspace" / "fifo").write_text("\n")
    main = run.started["pid"]
    run.ask("stop", word="stop", grace_s=1)
    wait_until(lambda: not Path(f"/proc/{main}").exists())
    assert run.end is None
    assert run.ask("ping")["ok"] is True
    disk.free(supervisor)
    assert supervisor.wait(20) == 0
    assert run.end["asked"] == "stop"


def test_a_limit_on_the_size_of_files(supervisors: Any, wait_until: Any) -> None:
    """`ulimit -f` below the size of a segment: more segments, nothing lost."""
    run = supervisors.run("sh", "-c", "read line < fifo; seq 1 20000")
    fifo = Path(run.spec["workspace"]) / "fifo"
    os.mkfifo(fifo)
    supervisor = supervisors.start(run)
    wait_until(lambda: run.started)
    resource.prlimit(supervisor.pid, resource.RLIMIT_FSIZE, (200000, resource.RLIM_INFINITY))
    fifo.write_text("\n")
    assert supervisor.wait(20) == 0
    assert [len(segment) for segment in run.segments()][:2] == [200000, 200000]
    assert run.output == b"".join(b"%d\n" % i for i in range(1, 20001))


def test_the_run_was_removed(supervisors: Any, wait_until: Any) -> None:
    """Somebody has deleted the state directory: the supervisor goes when its task has, it has nobody to tell."""
    run = supervisors.run("sh", "-c", "read line < fifo")
    fifo = Path(run.spec["workspace"]) / "fifo"
    os.mkfifo(fifo)
    supervisor = supervisors.start(run)
    wait_until(lambda: run.started)
    for path in run.rank_dir.iterdir():
        path.unlink()
    run.rank_dir.rmdir()
    fifo.write_text("\n")
    assert supervisor.wait(20) == 0


def test_stamps_follow_the_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Local time across the end of summer time, to the microsecond."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        stamper = Stamper()
        autumn = 1792890000  # 2026-10-25 01:00 UTC, 03:00 becomes 02:00
        assert stamper.at((autumn - 1) * 10**9 + 999_999_999) == b"[2026-10-25 02:59:59.999999] "
        assert stamper.at(autumn * 10**9) == b"[2026-10-25 02:00:00.000000] "
        assert stamper.at(autumn * 10**9 + 1_000) == b"[2026-10-25 02:00:00.000001] "
        assert len(stamper.now()) == STAMP_BYTES
    finally:
        monkeypatch.undo()
        time.tzset()


def test_supervisors_are_small(supervisors: Any, launcher: Any, wait_until: Any) -> None:
    """What a supervisor does not share with the launcher, after a few megabytes of output (design: 8 MB)."""
    run = supervisors.run("sh", "-c", "seq 1 1000000; exec sleep 600")
    pid = launcher.launch(run)
    wait_until(lambda: run.rank_dir.exists() and run.log.endswith(b" 1000000\n"))
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    unshared_kib = sum(int(kib) for kib in re.findall(r"Private_(?:Clean|Dirty):\s+(\d+)", rollup))
    run.ask("kill")
    wait_until(lambda: run.end)
    assert unshared_kib < 8192
