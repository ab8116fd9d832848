"""A task is submitted: its id to stdout, what to type next to stderr, and its log if that is wanted."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from hfai.cli.experiment_argument import experiment_word
from hfai.cli.language import tr
from hfai.cli.output import note, print_json
from hfai.model.errors import InvalidTask

if TYPE_CHECKING:
    from hfai.client import Experiment


def submit(config: Any, options: argparse.Namespace, **overrides: Any) -> int:
    """Submit, or with ``--dry-run`` show what would be.

    Args:
        config: what :func:`hfai.client.create_experiment_v2` takes.
        options: those of :mod:`hfai.cli.cluster_options`.
        overrides: more for ``create_experiment_v2``.

    Returns:
        0; with ``--follow`` the exit status of the task.
    """
    from hfai.client import create_experiment_v2

    wanted = {"name": options.name, "nodes": options.nodes, "group": options.group, "priority": options.priority}
    if options.dry_run:
        _show_request(create_experiment_v2(config, dry_run=True, **wanted, **overrides), options.json)
        return 0
    try:
        experiment = create_experiment_v2(config, **wanted, **overrides)
    except InvalidTask as error:
        raise _only_here(error) or error from None
    if not options.quiet:
        _note_environment(experiment)
        note(tr("submitted task {id} ({name})", id=experiment.id, name=experiment.nb_name))
    if options.follow:
        return _follow(experiment, options)
    if options.json:
        from hfai.cli.task_json import task_json

        print_json(task_json(experiment))
    else:
        sys.stdout.write(f"{experiment.id}\n")
    if options.quiet:
        return 0
    word = experiment_word(experiment)
    note(tr("  follow its log: hai-cli logs -f {name}", name=word))
    note(tr("  stop it:        hai-cli stop {name}", name=word))
    return 0


def _only_here(error: InvalidTask) -> Optional[InvalidTask]:
    """How a directory that is here gets to a platform on another machine, where that is what a task lacks."""
    workspace = error.data.get("workspace")
    if error.data.get("key") != "spec.workspace" or not workspace or not (Path(workspace).is_absolute() and Path(workspace).is_dir()):
        return None
    template = "{problem} on the platform; `hai-cli workspace init NAME` in it takes it there with each submission"
    return InvalidTask(template, key=error.data["key"], problem=error.said)


def _note_environment(experiment: Experiment) -> None:
    """The environment that is active in the shell goes with the task: that is said, since no word of the line asks for it."""
    name = os.environ.get("HF_ENV_NAME")
    if name and str(experiment.config_json["schema"].get("options", {}).get("py_venv", "")).partition("[")[0] == name:
        note(tr("the task uses the active environment {name}: --no_inherit turns that off", name=name))


def _show_request(request: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(request)
        return
    from hfai.model.spec import TaskSpec
    from hfai.model.taskfile_write import dump_task_file

    sys.stdout.write(dump_task_file(TaskSpec.from_mapping(request)))


def _follow(experiment: Experiment, options: argparse.Namespace) -> int:
    from hfai.cli.following import show_log
    from hfai.cli.log_options import stdout_bytes, view_for
    from hfai.cli.logs import fetching_line

    shown = argparse.Namespace(rank="0", grep=None, raw=False, json=options.json, color="auto")
    view = view_for(shown, stdout_bytes(), experiment.nodes)
    if not options.json and not options.quiet:
        sys.stdout.write(fetching_line("0"))
        sys.stdout.flush()
    return show_log(experiment, view, follow=True, rank="0")
