"""``hai-cli prof <experiment>``: sample a running task for a while, write files, and say what was seen."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from hfai.cli.completion_names import running_names
from hfai.cli.experiment_argument import add_experiment
from hfai.cli.language import mark, tr
from hfai.cli.output import add_output, note, show_names, show_text
from hfai.model.errors import RefusedError, StreamLost, UsageError

if TYPE_CHECKING:
    from hfai.client import Experiment, Profile, Profiling

_INTERRUPTED = 130
_NAME_CHARACTERS = 40
EXAMPLES = (
    ("hai-cli prof my_exp --time 60", mark("everything of rank 0 for a minute, with files in ./prof_my_exp_ID")),
    ("hai-cli prof my_exp -r all --recorder basic,gpu --interval basic=5 gpu=2", mark("all ranks, without Python stacks")),
    ("hai-cli prof my_exp --saved", mark("what began with the task, submitted with --options profile.time=60")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment(parser, completer=running_names)
    parser.add_argument("--time", type=_seconds, default=30.0, metavar="S", help=tr("for how many seconds; default: 30"))
    recorder = parser.add_argument(
        "--recorder",
        default="all",
        metavar="all|basic,gpu,python",
        help=tr("what to sample: CPU, memory, I/O and network; GPUs; Python stacks; default: all that can run here"),
    )
    recorder.completer = _recorder_names  # type: ignore[attr-defined]
    interval = parser.add_argument(
        "--interval",
        action="append",
        default=[],
        metavar="RECORDER=S ...",
        help=tr("seconds between two samples, as in basic=2 python=0.02; default: basic=1 gpu=1 python=0.01"),
    )
    interval.is_more = _is_interval  # type: ignore[attr-defined]
    interval.completer = lambda **_: ["basic=", "gpu=", "python="]  # type: ignore[attr-defined]
    parser.add_argument("-r", "--rank", default="0", metavar="N|all|0,3-5", help=tr("which ranks; default: 0"))
    parser.add_argument("--idle", action="store_true", help=tr("Python stacks also of threads that wait"))
    parser.add_argument(
        "-d", "--directory", metavar="DIR", help=tr("where the files go; default: ./prof_<name>_<id>, made for them")
    )
    parser.add_argument(
        "--saved",
        action="store_true",
        help=tr("sample nothing: show what was sampled since its start, if it was submitted with --options profile.time=S"),
    )
    add_output(parser, names=tr("only the paths of the files"))


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.prof_report import profile_json, profile_text
    from hfai.client import resolve, saved_profile, start_profile

    intervals = _intervals(arguments.interval)
    recorders = None if arguments.recorder == "all" else [word.strip() for word in arguments.recorder.split(",")]
    experiment = resolve(arguments.experiment, arguments.kind)
    place = _Place(arguments.directory, experiment)
    was_interrupted = False
    try:
        if arguments.saved:
            profile = saved_profile(experiment, arguments.rank)
        else:
            asked = (arguments.time, recorders, intervals, arguments.rank, arguments.idle)
            with start_profile(experiment, *asked) as profiling:
                was_interrupted = _wait(profiling, experiment, arguments)
                profile = profiling.result()
        files, failure = _saved(profile, place.directory)
    finally:
        place.leave()
    if arguments.output == "name":
        show_names(files)
    else:
        show_text(
            arguments,
            lambda: profile_text(profile, place.directory, files),
            lambda: profile_json(profile, place.directory, files),
        )
    status = _say_what_is_missing(profile, has_named=recorders is not None)
    if failure is not None:
        raise failure
    return _INTERRUPTED if was_interrupted else status


def _saved(profile: Profile, directory: Path) -> tuple[list[Path], Optional[UsageError]]:
    """The files; what was seen is shown also where they cannot be written, a disk being full."""
    try:
        return profile.save(directory), None
    except OSError as error:
        return [], _unusable(directory, error)


def _wait(profiling: Profiling, experiment: Experiment, arguments: argparse.Namespace) -> bool:
    """Until the profile is done; whether Ctrl-C ended it early."""
    data = {"id": experiment.id, "name": experiment.nb_name, "rank": arguments.rank, "seconds": f"{arguments.time:g}"}
    note(tr("sampling task {id} ({name}), rank {rank}, for {seconds} s; Ctrl-C ends it and keeps what there is", **data))
    try:
        _show(profiling)
    except KeyboardInterrupt:
        profiling.stop()
        note("\n" + tr("ending early; the task goes on"))
        _show(profiling)
        return True
    return False


def _show(profiling: Profiling) -> None:
    from hfai.cli.progress_bar import ProgressBar

    with ProgressBar(tr("sampling"), 1000) as bar:
        for progress in profiling:
            bar.show(min(1000, int(1000 * progress.elapsed_s / progress.time_s)))


def _say_what_is_missing(profile: Profile, *, has_named: bool) -> int:
    """Say which recorder could not run and why, and which rank was lost.

    Returns:
        The exit status: a recorder that was asked for by its name has to run.
    """
    from hfai.cli.wording import said

    status = 0
    for rank in profile.ranks:
        for recorder, why in rank.skipped.items():
            status = status or (RefusedError.exit_status if has_named else 0)
            note(tr("rank {rank}, {recorder}: {reason}", rank=rank.rank, recorder=recorder, reason=said(why)))
        if rank.ended_by == "lost":
            status = StreamLost.exit_status
            note(tr("rank {rank}: the connection was lost; this is what had come", rank=rank.rank))
        elif rank.ended_by == "unfinished":
            note(tr("rank {rank}: this is what there is so far", rank=rank.rank))
        elif rank.ended_by == "task":
            note(tr("rank {rank}: the run ended after {seconds} s", rank=rank.rank, seconds=f"{rank.elapsed_s:.1f}"))
    return status


class _Place:
    """The directory of the files, made before the sampling so that it is not in vain."""

    def __init__(self, wanted: Optional[str], experiment: Experiment) -> None:
        self._made = False
        if wanted is None:
            self.directory = self._new(experiment)
            return
        self.directory = Path(wanted)
        try:
            self._made = not self.directory.exists()
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.directory, error) from None

    def _new(self, experiment: Experiment) -> Path:
        name = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in experiment.nb_name)
        base = f"prof_{name[:_NAME_CHARACTERS]}_{experiment.id}"
        number = 1
        while True:
            directory = Path(base if number == 1 else f"{base}_{number}")
            try:
                directory.mkdir()
            except FileExistsError:
                number += 1
            except OSError as error:
                raise _unusable(directory, error) from None
            else:
                self._made = True
                return directory

    def leave(self) -> None:
        """Take it away again if it was made for nothing."""
        import contextlib

        if self._made:
            with contextlib.suppress(OSError):  # it holds files, as it should
                self.directory.rmdir()


def _unusable(directory: Path, error: OSError) -> UsageError:
    from hfai.model.phrase import system_error

    template = "no files can be written in {directory} ({problem}): name another directory with --directory"
    return UsageError(template, directory=str(directory), problem=system_error(OSError(error.errno, error.strerror)))


def _intervals(words: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for word in (one for text in words for one in text.split(",")):
        name, _, value = word.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise UsageError("--interval {word}: write RECORDER=SECONDS, as in basic=2", word=word or "''") from None
    return found


def _is_interval(word: str, is_sure: bool) -> bool:
    """Whether a word behind ``--interval`` is one more of its values; a task may have any name, ``lr=0.1`` too."""
    from hfai.model.profiling import RECORDERS  # not for Tab

    name, equals, _ = word.partition("=")
    return bool(equals) and (name in RECORDERS or not is_sure)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(tr("{value} is no number of seconds", value=text)) from None


def _recorder_names(prefix: str, **_: object) -> list[str]:
    before, comma, last = prefix.rpartition(",")
    words = ("all", "basic", "gpu", "python")
    return [f"{before}{comma}{word}" for word in words if word.startswith(last)]
