"""What ``hai-cli --help`` shows, in the tutorial's form: made from the table of commands, without any parser."""

from __future__ import annotations

from hfai.cli.commands import GROUPS, Command
from hfai.cli.language import tr


def help_screen() -> str:
    """The help screen of ``hai-cli``, with a line break at the end."""
    # The frame is English in both languages, as in the tutorial.
    lines = [
        "Usage: hai-cli COMMAND <argument>... [OPTIONS]",
        "",
        "Options:",
        "  --context NAME  Use this context for one command.",
        "  --version       Show the version and exit.",
        "  -h, --help      Show this message and exit.",
        "",
    ]
    for title, commands in GROUPS:
        lines += [f"{title}:", *_rows(commands), ""]
    return "\n".join(lines) + "\n"


def subcommand_screen(path: tuple[str, ...], command: Command) -> str:
    """The same for a command that has commands of its own; ``path`` is its words."""
    lines = [
        f"Usage: hai-cli {' '.join(path)} COMMAND [OPTIONS]",
        "",
        f"  {tr(command.purpose)}",
        *([f"  {tr(command.more)}"] if command.more else []),
        "",
        "Commands:",
        *_rows(command.subcommands),
    ]
    return "\n".join(lines) + "\n"


def topics_list() -> str:
    """What ``hai-cli help`` adds to the help screen: the topics."""
    from hfai.cli.topics import TOPICS

    width = max(map(len, TOPICS))
    lines = ["Topics (hai-cli help TOPIC):", *(f"  {topic:<{width}}  {tr(title)}" for topic, title in TOPICS.items())]
    return "\n".join(lines) + "\n"


def _rows(commands: tuple[Command, ...]) -> list[str]:
    width = max(len(command.name) for command in commands)
    return [f"  {command.name:<{width}}  {tr(command.purpose)}" for command in commands]
