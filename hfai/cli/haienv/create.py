"""``haienv create NAME``: make an environment (tutorial, use case 1)."""

from __future__ import annotations

import argparse

from hfai.cli.asking import can_ask, is_agreed
from hfai.cli.haienv.entering import how_to_enter
from hfai.cli.language import mark, tr
from hfai.cli.output import add_quiet, note, say_done
from hfai.model.errors import UsageError

EXAMPLES = (
    (
        "hai-cli haienv create extenv",
        mark("on top of the current environment; the same package may have another version"),
    ),
    ("hai-cli haienv create fresh --no_extend -p 3.11 -y", mark("on its own, with that Python, without a question")),
    ("hai-cli haienv create again --from environment.yml", mark("with what `haienv export` has written down")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help=tr("name of the new environment"))
    parser.add_argument(
        "--no_extend", action="store_true", help=tr("do not show the packages of the current environment in it")
    )
    parser.add_argument(
        "-p", "--py", metavar="PY", help=tr("version or path of its Python; default: that of the current environment")
    )
    parser.add_argument(
        "--engine",
        choices=("conda", "mamba", "uv", "venv"),
        metavar="conda|mamba|uv|venv",
        help=tr("what makes it; default: conda or mamba with --no_extend, else uv, else venv, whichever is there"),
    )
    parser.add_argument(
        "--extra-search-dir",
        action="append",
        default=[],
        metavar="DIR",
        help=tr("a directory to import modules from; may be given several times"),
    )
    parser.add_argument(
        "--extra-search-bin-dir",
        action="append",
        default=[],
        metavar="DIR",
        help=tr("a directory of programs; may be given several times"),
    )
    parser.add_argument(
        "--extra-environment",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=tr("a variable to set in it; may be given several times"),
    )
    parser.add_argument(
        "--from", dest="file", metavar="FILE", help=tr("install what a requirements.txt or an environment.yml lists")
    )
    parser.add_argument("-y", "--yes", action="store_true", help=tr("do not ask"))
    add_quiet(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai import haienv
    from hfai.haienv.requirements import no_requirements, read

    planned = haienv.plan(
        arguments.name,
        extend=not arguments.no_extend,
        py=arguments.py,
        engine=arguments.engine,
        extra_search_dir=arguments.extra_search_dir,
        extra_search_bin_dir=arguments.extra_search_bin_dir,
        extra_environment=arguments.extra_environment,
        requirements=read(arguments.file) if arguments.file else no_requirements,
    )
    version = planned.py or tr("the newest")
    if planned.extend:
        question = tr(
            "the new environment will have Python {version} and extend {extend_env}",
            version=version,
            extend_env=planned.extend_env,
        )
    else:
        question = tr("the new environment will have Python {version} and extend nothing", version=version)
    if not arguments.yes:
        if not can_ask():
            raise UsageError("there is nobody here to ask: say --yes")
        if not is_agreed(f"{question}\nY/N: "):
            return 1
    elif not arguments.quiet:
        note(question)
    haienv.create(planned)
    say_done(arguments, tr("created the environment; enter it with: {command}", command=how_to_enter(planned.name)))
    return 0
