"""A task as the task file that gives it again."""

from __future__ import annotations

from typing import Any, Mapping

from hfai.model.errors import RefusedError
from hfai.model.spec import TaskSpec
from hfai.model.taskfile import dump_task_file

# Added by the client to the request, and kept by a HAI Platform.
_REQUEST_ONLY = ("submission", "shell_environment", "dry_run", "token")


def schema_text(task: Mapping[str, Any]) -> str:
    """YAML that ``hai-cli run`` takes.

    Raises:
        RefusedError: the server did not send the task's schema.
        InvalidTask: an old task of a HAI Platform that could not be submitted today.
    """
    schema = (task.get("config_json") or {}).get("schema")
    if not isinstance(schema, Mapping):
        raise RefusedError("the platform does not say how task {experiment} was submitted", experiment=task["nb_name"])
    body = {key: value for key, value in schema.items() if key not in _REQUEST_ONLY}
    return dump_task_file(TaskSpec.from_mapping(body))
