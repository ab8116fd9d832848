"""Every command by name: its group on the help screen, its module and what it does in one line.

Plain data, so that ``--help`` and Tab need no parser of any command. The groups and their order are the tutorial's.
"""

from __future__ import annotations

from hfai.cli.language import mark

PURPOSE = mark("submit, watch and steer time-shared training tasks")


class Command:
    """One row; ``subcommands`` are commands of their own below it, and ``more`` stands on their screen."""

    # A plain class: typing and attrs would cost more than the whole help screen may.
    def __init__(self, name: str, purpose: str, subcommands: tuple[Command, ...] = (), more: str = "") -> None:
        self.name = name
        self.purpose = purpose
        self.subcommands = subcommands
        self.more = more


GROUPS: tuple[tuple[str, tuple[Command, ...]], ...] = (
    (
        "Exec Commands",
        (
            Command("bash", mark("run a bash script on the cluster")),
            Command("exec", mark("run a program on the cluster")),
            Command("python", mark("run a python script on the cluster")),
            Command("run", mark("run a task from a yaml file; options override what is in it")),
        ),
    ),
    (
        "Task Manage Cmds",
        (
            Command("describe", mark("print the schema yaml of a task, to create the next one from")),
            Command("list", mark("list your tasks, page by page")),
            Command("logs", mark("show the log of a task")),
            Command("priority", mark("give a task another priority")),
            Command("resume", mark("queue tasks again that have ended")),
            Command("ssh", mark("open a shell, or run a command, inside a running task")),
            Command("status", mark("show the status of a task")),
            Command("stop", mark("stop tasks")),
            Command("suspend", mark("let running tasks save and yield; they are queued again")),
            Command("wait", mark("wait until tasks have ended, run or are suspended")),
        ),
    ),
    (
        "Cluster Commands",
        (
            Command(
                "monitor",
                mark("show what the platform does: nodes, quotas, disks, tasks"),
                (
                    Command("cluster-overview", mark("show how many nodes work and how busy the machines are")),
                    Command("quota-overview", mark("show quotas and what is in use of them")),
                    Command("storage-overview", mark("show the disks of state, logs and workspaces")),
                    Command("task-overview", mark("show everybody's tasks that run or wait, and why they wait")),
                    Command("top", mark("watch nodes, GPUs, memory, tasks and the queue on one screen")),
                ),
            ),
            Command("nodes", mark("show the nodes and who works where")),
            Command("prof", mark("profile a running task: CPU, memory, I/O, GPUs, Python stacks")),
            Command("validate", mark("check that nodes are fit for training")),
            Command("version", mark("show the versions")),
        ),
    ),
    (
        "User Commands",
        (
            Command(
                "context",
                mark("show the servers that were set up, and choose one of them"),
                (
                    Command("list", mark("list the servers that were set up; the current one is marked")),
                    Command("use", mark("let commands go to another server from now on")),
                    Command("remove", mark("forget a server and its token")),
                ),
            ),
            Command("init", mark("set up this account: token and platform")),
            Command("whoami", mark("show who you are, with quotas, what is in use of them, and tokens")),
        ),
    ),
    (
        "UGC Commands",
        (
            Command(
                "haienv",
                mark("make, list and remove Python environments"),
                (
                    Command("create", mark("make an environment, on top of the current one or on its own")),
                    Command("list", mark("list the environments")),
                    Command("remove", mark("remove an environment")),
                    Command(
                        "config",
                        mark("show and change what else is set in an environment"),
                        (
                            Command("show", mark("show the directories and variables of an environment")),
                            Command("append", mark("add a directory or a variable to an environment")),
                            Command("clear", mark("take directories or variables of an environment away")),
                        ),
                    ),
                    Command("push", mark("take an environment to the platform, for tasks there")),
                    Command("pull", mark("bring an environment from the platform here")),
                    Command("run", mark("run one command inside an environment")),
                    Command("freeze", mark("print the packages of an environment as a requirements.txt")),
                    Command("export", mark("print an environment as an environment.yml to make it again from")),
                ),
                mark("`source haienv NAME` enters one, `haienv deactivate` leaves it"),
            ),
            Command(
                "workspace",
                mark("take a directory to the platform, and what tasks make of it back"),
                (
                    Command("init", mark("make this directory a workspace")),
                    Command("push", mark("make the platform's side the same as here")),
                    Command("pull", mark("bring here what was changed or made on the platform")),
                    Command("download", mark("bring one file or directory here")),
                    Command("diff", mark("show how the two sides differ")),
                    Command("list", mark("list your workspaces on the platform")),
                    Command("remove", mark("remove a workspace from the platform")),
                ),
            ),
        ),
    ),
    (
        "Platform Commands",
        (
            Command(
                "platform",
                mark("start, stop and look at the engine on this machine"),
                (
                    Command("up", mark("start the engine if it is not running")),
                    Command("down", mark("end the engine; its tasks go on unless --stop-tasks")),
                    Command("status", mark("show whether the engine runs, where, and its state folder")),
                    Command("logs", mark("show the engine's own log")),
                    Command(
                        "node",
                        mark("show which nodes take tasks, and change that"),
                        (
                            Command("list", mark("list the nodes and why some take nothing new")),
                            Command("cordon", mark("put nothing new on a node; what runs there stays")),
                            Command("uncordon", mark("let a cordoned node take tasks again")),
                        ),
                    ),
                    Command(
                        "user",
                        mark("show and change who may use the engine"),
                        (
                            Command("list", mark("list the users")),
                            Command("add", mark("add a user, and print their first token")),
                            Command("remove", mark("remove a user, with tokens and quotas")),
                        ),
                    ),
                    Command(
                        "token",
                        mark("make, list and revoke tokens"),
                        (
                            Command("list", mark("list tokens: beginning and end, never the whole")),
                            Command("create", mark("make another token for a user, and print it this once")),
                            Command("revoke", mark("let a token stand for nobody any more")),
                        ),
                    ),
                    Command(
                        "quota",
                        mark("show and change how many nodes users may have"),
                        (
                            Command("list", mark("list the quotas, with what is in use")),
                            Command("set", mark("set how many nodes may be held at once")),
                            Command("remove", mark("remove a quota; that of engine.yaml counts again, if there is one")),
                        ),
                    ),
                    Command("simulate", mark("replay a trace of tasks through the scheduler")),
                ),
            ),
        ),
    ),
    (
        "Help Commands",
        (
            Command(
                "completion",
                mark("let Tab complete commands, options and names in your shell"),
                (
                    Command("bash", mark("print what bash is to source")),
                    Command("zsh", mark("print what zsh is to source")),
                    Command("fish", mark("print what fish is to source")),
                    Command("install", mark("have new shells complete hai-cli, and fish know `source haienv`")),
                ),
            ),
            Command("help", mark("show the help of a command, or explain a topic such as exit-codes")),
        ),
    ),
)

COMMANDS = {command.name: command for _, commands in GROUPS for command in commands}


def module_of(path: tuple[str, ...]) -> str:
    """The module of a command, given as its words: ``("platform", "up")`` is ``hfai.cli.platform.up``; dashes become underscores."""
    return ".".join(("hfai.cli", *path)).replace("-", "_")


def every_command() -> list[tuple[tuple[str, ...], Command]]:
    """The words and the row of each command that does something: those that only have commands below them are left out."""
    found: list[tuple[tuple[str, ...], Command]] = []
    left: list[tuple[tuple[str, ...], Command]] = [((name,), COMMANDS[name]) for name in reversed(COMMANDS)]
    while left:
        path, command = left.pop()
        if not command.subcommands:
            found.append((path, command))
        left += [((*path, one.name), one) for one in reversed(command.subcommands)]
    return found
