"""``hai-cli haienv --shell-code SHELL NAME [-u OWNER]``: for the script that shells source, never typed by people."""

from __future__ import annotations

import os
import sys
from typing import Sequence

from hfai.cli.language import tr
from hfai.cli.output import note
from hfai.model.errors import UsageError


def run_words(words: Sequence[str]) -> int:
    from hfai import haienv
    from hfai.haienv.shell_code import SHELLS, entering, leaving

    if words[0] == "deactivate":
        raise UsageError("a program cannot change the shell that has started it: type `source haienv deactivate` there")
    shell, *rest = words[1:] or ("",)
    if shell not in SHELLS:
        raise UsageError("source haienv works in {shells}", shells=", ".join(SHELLS))
    if (
        not rest
        or len(rest) not in (1, 3)
        or rest[0].startswith("-")
        or (len(rest) == 3 and rest[1] not in ("-u", "--user"))
    ):
        raise UsageError("usage: source haienv NAME [-u OWNER], or source haienv deactivate")
    if rest == ["deactivate"]:
        sys.stdout.write(leaving(shell))
        return 0
    one = haienv.find(rest[0], rest[2] if len(rest) == 3 else None)
    sys.stdout.write(entering(shell, one))
    if one.base and not os.path.isdir(one.base):  # noqa: PTH112 - see hfai.cli.completion_names
        note(tr("what {name} extends is not there any more: {base}", name=one.name, base=one.base))
    return 0
