"""``haienv pull NAME``: bring an environment from the platform here."""

from __future__ import annotations

import argparse

from hfai.cli.haienv.travelling import add_options, show
from hfai.cli.language import mark, tr

EXAMPLES = (
    ("hai-cli haienv pull extenv", mark("enter it with: source haienv extenv")),
    ("hai-cli haienv pull extenv --rebuild", mark("pip installs its packages here, instead of fetching them")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help=tr("name of an environment on the platform"))
    add_options(parser, tr("replace the environment of that name here"))


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.progress_bar import ByteBar
    from hfai.cli.sizes import size_text
    from hfai.client import pull_haienv

    with ByteBar(tr("pulling")) as bar:
        done = pull_haienv(
            arguments.name,
            rebuild=arguments.rebuild,
            force=arguments.force,
            dry_run=arguments.dry_run,
            progress=bar.show_bytes,
        )
    size = size_text(done.sent_bytes)
    sent = tr("pulled environment {name}: {size} received", name=done.name, size=size)
    rebuilt = tr(
        "pulled environment {name}: {packages} packages installed here", name=done.name, packages=done.packages
    )
    return show(arguments, done, sent, rebuilt)
