"""``hai-cli list``: the user's tasks, newest first, page by page."""

from __future__ import annotations

import argparse
from typing import Any

from hfai.cli.language import mark, tr
from hfai.cli.output import add_output, is_document, show_rows
from hfai.cli.task_columns import TASKS
from hfai.model.errors import UsageError

LARGEST_PAGE = 50
_LAST_PAGE = 10**9
_STATUSES = ("waiting_init", "running", "suspended", "finished")

EXAMPLES = (
    ("hai-cli list --page 4 --page_size 2", mark("the 7th and 8th task")),
    ("hai-cli list --columns id,nb_name,chain_status --name bert", mark("three columns of the tasks with bert in their name")),
    ("hai-cli list -q --status waiting_init | xargs hai-cli stop", mark("stop the tasks that wait, a page of them")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-p", "--page", type=int, default=1, metavar="N", help=tr("which page; default: 1"))
    parser.add_argument(
        "-ps", "--page_size", type=int, default=10, metavar="N", help=tr("tasks on a page, at most 50; default: 10")
    )
    parser.add_argument(
        "--status",
        action="append",
        choices=_STATUSES,
        metavar="|".join(_STATUSES),
        help=tr("only tasks with this chain_status; may be given several times"),
    )
    parser.add_argument("--name", metavar="TEXT", help=tr("only tasks with this text in their name"))
    parser.add_argument(
        "--tag", action="append", metavar="TAG", help=tr("only tasks with this tag; may be given several times")
    )
    add_output(parser, TASKS)


def run(arguments: argparse.Namespace) -> int:
    from hfai.client import get_experiments

    page, page_size = arguments.page, arguments.page_size
    if not 1 <= page <= _LAST_PAGE:
        raise UsageError("--page {page}: it must be from 1 to {most}", page=page, most=_LAST_PAGE)
    if not 1 <= page_size <= LARGEST_PAGE:
        raise UsageError("--page_size {page_size}: it must be from 1 to {most}", page_size=page_size, most=LARGEST_PAGE)
    filters: dict[str, Any] = {}
    if arguments.name is not None:
        filters["nb_name_pattern"] = arguments.name
    if arguments.tag:
        filters["tag_list"] = arguments.tag
    if arguments.status:
        filters["chain_status_list"] = arguments.status
    total, experiments = get_experiments(page, page_size, select_pods=is_document(arguments), **filters)
    pages = max(1, -(-total // page_size))

    def document() -> Any:
        from hfai.cli.task_json import task_json

        tasks = [task_json(one) for one in experiments]
        return {"page": page, "page_size": page_size, "pages": pages, "total": total, "tasks": tasks}

    head = tr(
        "page {page} of {pages}, {page_size} tasks a page, {total} in all",
        page=page,
        pages=pages,
        page_size=page_size,
        total=total,
    )
    nothing = tr("you have no tasks: `hai-cli python FILE -- -n 1` submits one") if not total and not filters else ""
    return show_rows(arguments, TASKS, experiments, document, head=f"{head}\n", nothing=nothing)
