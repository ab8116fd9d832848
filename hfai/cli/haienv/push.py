"""``haienv push NAME``: take an environment to the platform."""

from __future__ import annotations

import argparse

from hfai.cli.haienv.arguments import add_name
from hfai.cli.haienv.travelling import add_options, show
from hfai.cli.language import mark, tr

EXAMPLES = (
    ("hai-cli haienv push extenv", mark("tasks there use it with --options py_venv=extenv")),
    ("hai-cli haienv push extenv --rebuild", mark("pip installs its packages there, instead of sending them")),
    ("hai-cli haienv push extenv --force", mark("also over the one of that name there")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    add_options(parser, tr("replace the environment of that name on the platform"))


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.progress_bar import ByteBar
    from hfai.cli.sizes import size_text
    from hfai.client import push_haienv

    with ByteBar(tr("pushing")) as bar:
        done = push_haienv(
            arguments.name,
            rebuild=arguments.rebuild,
            force=arguments.force,
            dry_run=arguments.dry_run,
            progress=bar.show_bytes,
        )
    size = size_text(done.sent_bytes)
    sent = tr("pushed environment {name}: {size} sent", name=done.name, size=size)
    rebuilt = tr(
        "pushed environment {name}: {packages} packages installed there", name=done.name, packages=done.packages
    )
    return show(arguments, done, sent, rebuilt)
