"""The tutorial's use case 2, typed line by line; ids, times and node names aside."""

from __future__ import annotations

from typing import Callable, Iterator

import pytest

from hfai.testing import EngineSandbox
from tests.cli.conftest import LANGUAGES, Cli, Done, without_chance

FAILS = 'if [ "$RANK" = 0 ]; then exit 1; fi\nexec sleep 300\n'


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineSandbox]:
    """Ids from 1 on, so that the texts do not change."""
    with EngineSandbox({"nodes": 4, "precheck": "on"}) as sandbox:
        yield sandbox


def shown(done: Done) -> str:
    return without_chance(f"$? {done.status}\n--- stdout\n{done.out}--- stderr\n{done.err}")


def test_use_case_2(hai: Cli, golden: Callable[[str, str], None]) -> None:
    """run, status, list, logs, stop, describe: each output in both languages."""
    hai.write("ok.sh", "echo ready\n")
    hai.write("fails.sh", FAILS)
    spec = "version: 2\nname: sample_exp\nspec:\n  entrypoint: {script}\nresource:\n  node_count: {nodes}\n"
    hai.write("one.yaml", spec.format(script="ok.sh", nodes=1))
    hai.write("two.yaml", spec.format(script="fails.sh", nodes=2))
    hai.write("wide.yaml", spec.format(script="ok.sh", nodes=4).replace("sample_exp", "宽_wide"))
    steps: list[tuple[str, tuple[str, ...]]] = [
        ("run_follow", ("run", "one.yaml", "--follow")),
        ("run_fails", ("run", "two.yaml", "-f")),
        ("run", ("run", "wide.yaml")),
    ]
    for name, words in steps:
        golden(f"{name}.txt", shown(hai(*words)))
    assert hai("logs", "-f", "宽_wide").status == 0
    for lang in LANGUAGES:
        golden(f"status.{lang}.txt", shown(hai("status", "1", lang=lang)))
        golden(f"status_failed.{lang}.txt", shown(hai("status", "sample_exp", lang=lang)))
        golden(f"list.{lang}.txt", shown(hai("list", "--page", "2", "--page_size", "2", lang=lang)))
        golden(f"list_all.{lang}.txt", shown(hai("list", lang=lang)))
        golden(f"logs.{lang}.txt", shown(hai("logs", "-f", "sample_exp", "--rank", "0", lang=lang)))
        golden(f"stop.{lang}.txt", shown(hai("stop", "sample_exp", "nobody", lang=lang)))
    described = hai("describe", "sample_exp").out.replace(str(hai.cwd), "<workspace>")
    golden("describe.txt", described)
