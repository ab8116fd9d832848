"""``hai-cli whoami``: user, quotas with bars, tokens."""

from __future__ import annotations

import json
from typing import Callable

from hypothesis import given
from hypothesis import strategies as st

from hfai.cli.bars import ASCII, BLOCKS, bar
from hfai.testing import EngineSandbox
from tests.cli.conftest import Cli
from tests.cli.transcripts import Transcript
from tests.cli.waiting import until_status


def test_whoami_transcript(ada_transcript: Callable[[str], Transcript]) -> None:
    talk = ada_transcript("whoami")
    hai = talk.hai
    talk("hai-cli whoami")
    hai.write("long.sh", "exec sleep 300\n")
    for name in ("runs", "waits"):
        assert hai("bash", "long.sh", "--", "--name", name, "-g", "train.a100", "-p", "HIGH").status == 0
    until_status(hai, "runs", "running")
    talk("hai-cli whoami")
    talk("hai-cli whoami -a")
    talk("hai-cli whoami nobody")


def test_json_holds_no_token(hai: Cli, engine: EngineSandbox) -> None:
    """Only its beginning and end, whatever is asked for."""
    done = hai("whoami", "--json")
    body = json.loads(done.out)
    assert body["server"] is None and body["user"]["is_admin"] is True
    assert engine.token not in done.out and engine.token not in hai("whoami").out
    (token,) = body["tokens"]
    assert token["hint"] == f"{engine.token[:9]}...{engine.token[-4:]}" and token["state"] == "active"
    assert {row["priority_name"] for row in body["quotas"]} >= {"HIGH", "LOW"}
    assert {row["group_nodes"] for row in body["quotas"]} == {4}


def test_a_terminal_that_takes_only_ascii(hai: Cli) -> None:
    """Bars change by themselves."""
    done = hai("whoami", env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert done.status == 0 and done.out.isascii() and "\\u" not in done.out


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.sampled_from([ASCII, BLOCKS]))
def test_bars(used: int, wanted: int, total: int, signs: object) -> None:
    """As wide as they should be; what is there can be seen, only what is full looks full."""
    text = bar(used, total, signs, wanted=wanted)  # type: ignore[arg-type]
    cells = text.strip("[]")
    assert len(cells) == 10
    counts = [cells.count(sign) for sign in ("#+." if "[" in text else "█▒░")]
    assert sum(counts) == 10 and (counts[0] > 0) == (used > 0)
    assert (counts[0] == 10) == (used >= total and used > 0)
    assert counts[1] > 0 or not wanted or counts[0] == 10
