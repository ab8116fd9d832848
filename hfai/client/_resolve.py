"""``resolve``: what people type for a task."""

from __future__ import annotations

from pathlib import Path

from hfai.client._experiment import Experiment
from hfai.client._find import get_experiment
from hfai.model.errors import TaskNotFound, UsageError

KINDS = ("auto", "id", "name", "yaml")
# Servers count in 64 bits and refuse a larger number in other words.
_MOST_DIGITS = 18


def resolve(text: str, kind: str = "auto") -> Experiment:
    """The task that an ``<experiment>`` argument means.

    Args:
        text: an id, a name (the newest task of it), or a task file (the newest task of its name).
        kind: which of them it is; ``auto``: digits are an id, an existing ``*.yml`` or ``*.yaml`` is a file, anything
            else is a name.

    Raises:
        UsageError: ``kind`` is another, ``text`` is empty, or an id is no number.
        InvalidTaskFile: the file cannot be read.
        TaskNotFound: you have no such task.
        HfaiError: no answer, or a refusal.

    Blocks for one request. Source: wire document, section 8.

    Example:
        >>> resolve("sample_exp").nb_name  # doctest: +SKIP
        'sample_exp'
    """
    if kind not in KINDS:
        raise UsageError("kind must be one of {allowed}, not {found}", allowed=", ".join(KINDS), found=kind)
    if not text:
        raise UsageError("the name of the task is empty: give an id, a name or a task file")
    if kind == "auto":
        kind = _kind_of(text)
    if kind == "id":
        if not (text.isascii() and text.isdecimal()):
            raise UsageError("an id is a number, not {found}", found=text)
        if len(text.lstrip("0")) > _MOST_DIGITS:
            raise TaskNotFound(experiment=text)
        return get_experiment(id=int(text))
    if kind == "yaml":
        from hfai.model.taskfile import load_task_file

        return get_experiment(name=load_task_file(Path(text)).name)
    return get_experiment(name=text)


def _kind_of(text: str) -> str:
    if text.isascii() and text.isdecimal():
        return "id"
    is_file = text.endswith((".yml", ".yaml")) and Path(text).is_file()
    return "yaml" if is_file else "name"
