"""A task's log on the screen until it ends: blocks to a view, news of the task to stderr, the exit status at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from hfai.cli.experiment_argument import experiment_word
from hfai.cli.log_views import LogView
from hfai.cli.output import note
from hfai.cli.task_tables import end_lines, waiting_line
from hfai.model.errors import HfaiError

if TYPE_CHECKING:
    from hfai.client import Experiment


class Interrupted(HfaiError):
    """Ctrl-C while a task was watched; the task is not affected."""

    code = "interrupted"
    exit_status = 130
    default_template = (
        "interrupted: task {id} ({name}) goes on; `hai-cli logs -f {word}` follows it again, `hai-cli stop {word}` stops it"
    )


def show_log(
    experiment: Experiment, view: LogView, *, follow: bool, begin: Callable[[], None] = lambda: None, **selection: Any
) -> int:
    """Show the log, with ``follow`` until the task has ended.

    Args:
        begin: called once there is an answer, before anything of it is shown.
        selection: what :func:`hfai.client.stream_log_blocks` takes: ``rank``, ``since``, ``until``, ``tail``.

    Returns:
        With ``follow`` the exit status of the task, else 0.

    Raises:
        Interrupted: Ctrl-C; the task goes on.
        StreamLost: the stream broke and could not be taken up again.
    """
    from hfai.client import LogBlock, stream_log_blocks

    news = _News(experiment, str(selection.get("rank", 0))) if follow else None
    try:
        has_begun = False
        for item in stream_log_blocks(experiment, follow=follow, **selection):
            if not has_begun:
                begin()
            has_begun = True
            if isinstance(item, LogBlock):
                view.add(item.rank, item.run, item.data)
            elif news is not None:
                news.tell(item.experiment)
        if not has_begun:
            begin()
        view.finish()
        if news is None:
            return 0
        return news.last_word()
    except KeyboardInterrupt:
        newest = news.experiment if news else experiment
        if newest.is_finished:
            raise
        raise Interrupted(id=newest.id, name=newest.nb_name, word=experiment_word(newest)) from None


class _News:
    """Tells each reason to wait once."""

    def __init__(self, experiment: Experiment, rank: str) -> None:
        self.experiment = experiment
        self._rank = rank
        self._said: Optional[str] = None

    def tell(self, experiment: Experiment) -> None:
        self.experiment = experiment
        line = waiting_line(experiment)
        if line is not None and line != self._said:
            note(line)
        self._said = line

    def last_word(self) -> int:
        """Say how the task ended unless it succeeded; its exit status."""
        if not self.experiment.is_finished:
            self.experiment.refresh()
        for line in end_lines(self.experiment, self._rank):
            note(line)
        return self.experiment.exit_status or 0
