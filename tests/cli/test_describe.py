"""``describe`` gives the task file of a task, which gives the same task."""

from __future__ import annotations

import json

from tests.cli.conftest import Cli


def test_there_and_back(hai: Cli) -> None:
    """Odd values and unknown keys survive; ``-t yaml`` finds the task by its file."""
    hai.write("quick.sh", "true\n")
    hai.write(
        "task.yaml",
        "version: 2\nname: round 1\nspec:\n  entrypoint: quick.sh\n  parameters: \"'a b' $X\"\n"
        "  environments: {A: \"x: 'y' #z\", B: '007'}\nresource: {node_count: 2}\noptions: {my_own_key: [1, two]}\n",
    )
    assert hai("run", "task.yaml", "-f").status == 0
    described = hai("describe", "round 1")
    assert described.status == 0
    hai.write("again.yaml", described.out)
    assert hai("run", "again.yaml", "-f").status == 0
    assert hai("describe", "round 1").out == described.out
    assert hai("describe", "-t", "yaml", "again.yaml").out == described.out
    body = json.loads(hai("describe", "round 1", "--json").out)
    assert body["spec"]["environments"] == {"A": "x: 'y' #z", "B": "007"}
    assert body["options"]["my_own_key"] == [1, "two"]
