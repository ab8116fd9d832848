"""Finding lines by number and by time gives what a plain scan of the whole log gives."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Optional

from hypothesis import given
from hypothesis import strategies as st

from hfai.engine.logs import seek
from hfai.engine.logs.segments import Segments
from hfai.engine.logs.stamps import stamp_at, stamp_of
from hfai.testing.logfiles import BEGIN, stamped, write_segments

_LINES = st.lists(
    st.tuples(st.integers(0, 3), st.text(alphabet="ab[2] ", max_size=300)),
    max_size=60,
)


def _segments(lines: list[tuple[int, str]], cuts: list[int], *, end: bool) -> tuple[list[bytes], list[bytes]]:
    """Lines with rising stamps, as a list and cut into segments at line ends."""
    second, written = 0.0, []
    for pause, text in lines:
        second += pause
        written.append(stamped(second, text))
    if written and not end:
        written[-1] = written[-1][:-1]
    places = sorted({cut % (len(written) + 1) for cut in cuts})
    bounds = [0, *places, len(written)]
    return written, [b"".join(written[a:b]) for a, b in zip(bounds, bounds[1:])]


def _rest(log: Segments, place: tuple[int, int]) -> bytes:
    number, offset = place
    rest = log.read(number, offset, 1 << 30)
    return rest + b"".join(log.read(later, 0, 1 << 30) for later in log.numbers() if later > number)


@given(_LINES, st.lists(st.integers(0, 60), max_size=4), st.booleans(), st.integers(0, 70))
def test_the_last_lines(lines: list[tuple[int, str]], cuts: list[int], end: bool, wanted: int) -> None:
    written, segments = _segments(lines, cuts, end=end)
    with tempfile.TemporaryDirectory() as directory:
        log = Segments(Path(directory))
        write_segments(log.directory, segments)
        place, missing = seek.last_lines(log, wanted)
        assert _rest(log, place) == b"".join(written[max(0, len(written) - wanted) :] if wanted else [])
        assert missing == max(0, wanted - len(written))


@given(_LINES, st.lists(st.integers(0, 60), max_size=4), st.integers(-1, 100), st.booleans())
def test_the_first_line_from_a_time_on(lines: list[tuple[int, str]], cuts: list[int], second: int, after: bool) -> None:
    written, segments = _segments(lines, cuts, end=True)
    stamp = stamp_at(BEGIN + second)
    wanted: Optional[bytes] = None
    for index, line in enumerate(written):
        found = stamp_of(line)
        assert found is not None
        if found > stamp or (found == stamp and not after):
            wanted = b"".join(written[index:])
            break
    with tempfile.TemporaryDirectory() as directory:
        log = Segments(Path(directory))
        write_segments(log.directory, segments)
        place = seek.first_from(log, stamp, after=after)
        assert (None if place is None else _rest(log, place)) == wanted


def test_a_time_is_found_in_a_large_log_without_reading_it_all(tmp_path: Path) -> None:
    """4 MB, the wanted line in the middle: found by halving."""
    lines = [stamped(second, "x" * 70) for second in range(40_000)]
    log = Segments(tmp_path)
    write_segments(tmp_path, [b"".join(lines[:25_000]), b"".join(lines[25_000:])])
    for second in (0, 1, 12_345, 24_999, 25_000, 39_999):
        place = seek.first_from(log, stamp_at(BEGIN + second))
        assert place is not None
        assert log.read(*place, limit=100) == lines[second]
    assert seek.first_from(log, stamp_at(BEGIN + 39_999), after=True) is None


def test_a_line_that_goes_on_in_the_next_segment_belongs_to_its_stamp(tmp_path: Path) -> None:
    log = Segments(tmp_path)
    write_segments(tmp_path, [stamped(0, "a") + stamped(1, "b" * 50)[:-1], b"rest\n" + stamped(2, "c")])
    assert seek.first_from(log, stamp_at(BEGIN + 1)) == (0, len(stamped(0, "a")))
    assert seek.first_from(log, stamp_at(BEGIN + 1), after=True) == (1, len(b"rest\n"))
    assert seek.last_lines(log, 2) == ((0, len(stamped(0, "a"))), 0)


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    log = Segments(tmp_path / "none")
    assert log.numbers() == []
    assert seek.last_lines(log, 3) == ((0, 0), 3)
    assert seek.first_from(log, stamp_at(BEGIN)) is None
    assert seek.complete_end(log) == (0, 0)


def test_the_end_of_the_last_whole_line(tmp_path: Path) -> None:
    log = Segments(tmp_path)
    write_segments(tmp_path, [stamped(0, "a") + b"[half"])
    assert seek.complete_end(log) == (0, len(stamped(0, "a")))
