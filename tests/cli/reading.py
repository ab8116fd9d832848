"""For each command that reads: words by which it can be typed again and again in one engine, changing nothing.

The tests of outputs and of streams run over all of them. Those that change something are in `test_json_page.py`.
"""

from __future__ import annotations

from tests.cli.conftest import Cli
from tests.cli.waiting import until_status

# Of the tasks that `prepared` makes: `one` has failed with 3, `wide` waits for more nodes than are free.
READS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("bash",): ("one.sh", "--", "--dry-run"),
    ("context", "list"): (),
    ("describe",): ("one",),
    ("exec",): ("./one.sh", "--", "--dry-run"),
    ("list",): (),
    ("logs",): ("one",),
    ("monitor", "cluster-overview"): (),
    ("monitor", "quota-overview"): ("--all",),
    ("monitor", "storage-overview"): (),
    ("monitor", "task-overview"): (),
    ("monitor", "top"): (),
    ("nodes",): (),
    ("platform", "node", "list"): (),
    ("platform", "quota", "list"): (),
    ("platform", "status"): (),
    ("platform", "token", "list"): (),
    ("platform", "up"): (),
    ("platform", "user", "list"): (),
    ("python",): ("one.py", "--", "--dry-run"),
    ("run",): ("one.yaml", "--dry-run"),
    ("status",): ("wide",),
    ("version",): (),
    ("wait",): ("one", "held", "--for", "running"),
    ("whoami",): (),
    ("workspace", "list"): (),
}
# What they exit with, where that is not 0.
STATUSES = {("wait",): 3}
_PREPARED: set[str] = set()


def prepared(hai: Cli) -> Cli:
    """With a task that has failed, one that runs and one that waits, a cordon and a quota; made once per engine."""
    hai.write("one.sh", "#!/bin/bash\necho 一二\nexit 3\n").chmod(0o755)
    hai.write("one.py", "print('一')\n")
    hai.write("one.yaml", "version: 2\nname: from_file\nspec: {entrypoint: one.sh}\n")
    hai.write("hold.sh", "exec sleep 300\n")
    if (state := hai.env["HFAI_ENGINE_DIR"]) not in _PREPARED:
        _PREPARED.add(state)
        assert hai("bash", "one.sh", "--", "--name", "one").status == 0
        until_status(hai, "one", "finished")
        assert hai("bash", "hold.sh", "--", "--name", "held").status == 0
        assert hai("bash", "hold.sh", "--", "--name", "wide", "-n", 4).status == 0
        until_status(hai, "held", "running")
        below = hai.write("code/a.txt", "a").parent
        assert Cli(hai.env, below)("workspace", "init", "code").status == 0
        assert hai("platform", "quota", "set", 40, "--priority", "LOW").status == 0
    return hai
