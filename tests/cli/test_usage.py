"""Mistyped commands and options: what is wrong, the nearest that is right, exit status 2."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Cli

CASES = [
    (("lsit",), "hai-cli: no command lsit: did you mean `hai-cli list`?\n"),
    (("cordon",), "hai-cli: no command cordon: did you mean `hai-cli platform node cordon`?\n"),
        (("--versoin",), "hai-cli: no option --versoin: did you mean --version? See `hai-cli --help`\n"),
        (("squeue",), "hai-cli: no command squeue: did you mean `hai-cli list`?\n"),
    (("kill", "3"), "hai-cli: no command kill: did you mean `hai-cli stop`?\n"),
    (("zzz",), "hai-cli: no command zzz: see `hai-cli --help`\n"),
    (("platform", "dwon"), "hai-cli: no command dwon: did you mean `hai-cli platform down`?\n"),
    (("list", "--pgae", "2"), "hai-cli: no option --pgae: did you mean --page? See `hai-cli list --help`\n"),
    (("list", "--page_siz", "2"), "hai-cli: no option --page_siz: did you mean --page_size? See `hai-cli list --help`\n"),
    (("list", "x"), "hai-cli: x is one argument too many: see `hai-cli list --help`\n"),
    (("status",), "hai-cli: the following arguments are required: <experiment>: see `hai-cli status --help`\n"),
    (("list", "--page", "0"), "hai-cli: --page 0: it must be from 1 to 1000000000\n"),
    (("list", "--page", "9" * 30), f"hai-cli: --page {'9' * 30}: it must be from 1 to 1000000000\n"),
    (("status", ""), "hai-cli: the name of the task is empty: give an id, a name or a task file\n"),
    (("list", "--page_size", "51"), "hai-cli: --page_size 51: it must be from 1 to 50\n"),
    (("list", "--page_size", "0"), "hai-cli: --page_size 0: it must be from 1 to 50\n"),
    (("logs", "x", "--tail", "-1"), "hai-cli: --tail -1: it must be a number of lines, 0 or more\n"),
    (("logs", "x", "--raw", "--json"), "hai-cli: --raw and --json cannot be had together\n"),
    (
        ("logs", "x", "--since", "noon"),
        "hai-cli: noon is no time: give one like 2026-01-31T14:30, 14:30 (today) or 10m (ago)\n",
    ),
    (("list", "--page", "x"), "hai-cli: argument -p/--page: x is no whole number: see `hai-cli list --help`\n"),
    (("monitor", "top", "--interval", "x"), "hai-cli: argument --interval: x is no number: see `hai-cli monitor top --help`\n"),
    (
        ("run", "x.yaml", "-n", "two"),
        "hai-cli: argument -n/--nodes: two is no number of nodes: it must be 1 or more: see `hai-cli run --help`\n",
    ),
    (
        ("run", "x.yaml", "-n", "0"),
        "hai-cli: argument -n/--nodes: 0 is no number of nodes: it must be 1 or more: see `hai-cli run --help`\n",
    ),
    (
        ("run", "x.yaml", "-n", "-1"),
        "hai-cli: argument -n/--nodes: -1 is no number of nodes: it must be 1 or more: see `hai-cli run --help`\n",
    ),
]


@pytest.mark.parametrize(("words", "said"), CASES, ids=[" ".join(words) for words, _ in CASES])
def test_one_line_and_status_2(cli: Cli, words: tuple[str, ...], said: str) -> None:
    """Nothing on stdout, no usage screen that hides the reason."""
    done = cli(*words)
    assert done == (2, "", said)


@pytest.mark.parametrize("words", [words for words, _ in CASES], ids=" ".join)
def test_the_same_in_chinese(cli: Cli, words: tuple[str, ...]) -> None:
    """argparse's own words included."""
    done = cli(*words, lang="zh")
    assert done.status == 2
    said = done.err.removeprefix("hai-cli: ")
    assert any("\u4e00" <= sign <= "\u9fff" for sign in said)
    for english in ("argument ", "see ", "required", "it must", "no option"):
        assert english not in said


@pytest.mark.parametrize("option", ["--page_size", "--page-size"])
@pytest.mark.parametrize("form", ["{} 51", "{}=51"])
def test_both_spellings_of_an_option(cli: Cli, option: str, form: str) -> None:
    """HAI's own and the one of most programs."""
    done = cli("list", *form.format(option).split())
    assert done.status == 2 and "--page_size 51: it must be from 1 to 50" in done.err


@pytest.mark.parametrize("priority", ["URGENT", "7", "-2"])
def test_priorities_are_those_of_the_platform(cli: Cli, priority: str) -> None:
    """By name or number; the message lists both."""
    done = cli("run", "x.yaml", "-p", priority)
    assert done.status == 2
    assert f"{priority} is none of" in done.err and "ABOVE_NORMAL (20)" in done.err


@pytest.mark.parametrize(
    ("variables", "is_chinese"),
    [
        ({"HAI_LANG": "zh"}, True),
        ({"HAI_LANG": "zh_CN.UTF-8"}, True),
        ({"HAI_LANG": "", "LC_ALL": "zh_CN.UTF-8"}, True),
        ({"HAI_LANG": "", "LANG": "zh_TW"}, True),
        ({"HAI_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, False),
        ({"HAI_LANG": "", "LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, False),
        ({"HAI_LANG": "", "LANGUAGE": "zh_CN:en", "LANG": "en_US.UTF-8"}, True),
        ({"HAI_LANG": ""}, False),
    ],
)
def test_which_language(cli: Cli, variables: dict[str, str], is_chinese: bool) -> None:
    """HAI_LANG, then gettext's order."""
    done = cli("--help", env=variables)
    assert ("查看任务日志" in done.out) == is_chinese
