"""The exit codes of hai-cli (design, section 7); a test holds the error tree to this table."""

from __future__ import annotations

from typing import Sequence

from hfai.cli.language import mark, tr
from hfai.cli.topics import Block, Code, Terms

EXIT_CODES = (
    ("0", mark("success; with -f and wait: the task succeeded")),
    ("N", mark("with -f and wait: the code of the rank that failed first, 128+N if signal N ended it; with ssh: the command's own")),
    ("1", mark("something went wrong that should not: a fault of hai-cli, a full disk where its output goes")),
    ("2", mark("the command line or a configuration file cannot be used; the text says what is allowed")),
    ("3", mark("no such task, rank, node or environment")),
    ("4", mark("not authorised: the token is missing, wrong or not allowed to do this")),
    ("5", mark("the platform cannot be reached, or a stream broke and could not be taken up again; tasks go on")),
    ("6", mark("the platform refuses: quota, name in use, a task that could never run as asked")),
    ("7", mark("validate: a node has not passed; the table says which check, and the node is cordoned")),
    ("124", mark("wait --timeout: the time is over; the task goes on")),
    ("126", mark("exec, ssh, haienv run: the program is there and cannot be run")),
    ("127", mark("exec, ssh, haienv run: the program is not there")),
    ("130", mark("interrupted with Ctrl-C; the task goes on")),
    ("141", mark("nobody reads the output any more, as in `hai-cli list | head -1`; not a word about it")),
)


def blocks() -> Sequence[Block]:
    return (
        tr("What hai-cli ends with, for scripts. Errors are one line on stderr; HFAI_TRACEBACK=1 shows where they came from."),
        Terms([(code, tr(meaning)) for code, meaning in EXIT_CODES]),
        Code("hai-cli run my_exp.yaml -f; echo $?\nhai-cli wait my_exp --timeout 60 || [ $? -eq 124 ]"),
    )
