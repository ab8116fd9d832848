"""Logs over HTTP: HAI Platform's polling, and our stream with its refusals, its followers and its end."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator
from urllib.parse import urlencode, urlsplit

import pytest

from hfai.testing import EngineSandbox

Submit = Callable[..., dict[str, Any]]
Finished = Callable[[dict[str, Any]], dict[str, Any]]
DEADLINE_S = 30.0


class Stream:
    """A log stream as a client reads it."""

    def __init__(self, sandbox: EngineSandbox, **query: Any) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=DEADLINE_S)
        self._connection.request(
            "POST",
            f"/query/task/log/stream?{urlencode(query)}",
            headers={"Authorization": f"Bearer {sandbox.token}", "hfai-protocol": "1"},
        )
        self._response = self._connection.getresponse()
        self.media_type = self._response.headers["content-type"]

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._response.close()
        self._connection.close()

    def __iter__(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        while line := self._response.readline():
            frame = json.loads(line)
            yield frame, self._response.read(frame.get("n", 0))

    def messages(self, count: int) -> list[str]:
        """The next so many lines, without their stamps."""
        data = b""
        for _, payload in self:
            data += payload
            if data.count(b"\n") >= count:
                break
        return _messages(data)


def _messages(data: bytes) -> list[str]:
    return [line[29:].decode() for line in data.splitlines()]


def _whole(sandbox: EngineSandbox, **query: Any) -> tuple[dict[int, list[str]], dict[str, Any]]:
    data: dict[int, bytes] = {}
    frame: dict[str, Any] = {}
    with Stream(sandbox, **query) as stream:
        for frame, payload in stream:
            if frame["t"] == "data":
                data[frame["rank"]] = data.get(frame["rank"], b"") + payload
    return {rank: _messages(log) for rank, log in data.items()}, frame


def test_existing_clients_poll(sandbox: EngineSandbox, submit: Submit, finished: Finished) -> None:
    task = finished(submit("echo one; echo two; exit 3", name="polled"))
    answer = sandbox.post("query/task/log", nb_name="polled", rank=0)
    assert (answer["success"], answer["msg"], answer["exit_code"]) == (1, "get log successfully", "3")
    assert _messages(answer["data"].encode()) == ["one", "two"]
    assert answer["stop_code"] == task["stop_code"]
    assert answer["restart_log"] == {}
    seen = answer["last_seen"]
    assert seen["id"] == task["id"]
    again = sandbox.post("query/task/log", nb_name="polled", rank=0, last_seen=json.dumps(seen))
    assert (again["data"], again["last_seen"]) == ("", seen)
    out_of_range = sandbox.post("query/task/log", nb_name="polled", rank=7)
    assert (out_of_range["data"], out_of_range["exit_code"], out_of_range["last_seen"]) == ("", "", None)
    assert sandbox.post("query/task/log", nb_name="polled", service="jupyter")["data"] == ""
    assert sandbox.request("query/task/log", nb_name="polled", rank="x")[0] == 422


def test_a_queued_task_has_no_log_yet(sandbox: EngineSandbox, submit: Submit, finished: Finished) -> None:
    wide = submit("sleep 60", name="holds", nodes=4)
    queued = submit(name="queued", nodes=4)
    assert sandbox.post("query/task/log", id=queued["id"])["data"] == "还没产生日志"
    with Stream(sandbox, id=queued["id"], follow=1) as stream:
        frame, _ = next(iter(stream))
        assert frame["task"]["pending"]["text"]
    for task in (queued, wide):
        sandbox.post("operating/task/stop", id=task["id"])
    finished(queued)
    answer = sandbox.post("query/task/log", id=queued["id"])
    assert (answer["stop_code"], answer["data"]) == (1, "还没产生日志")
    finished(wide)


def test_search_and_sys_log(sandbox: EngineSandbox, submit: Submit, finished: Finished) -> None:
    task = finished(submit('for i in 1 2 3; do echo "rank $RANK loss"; done', name="searched", nodes=2))
    assert sandbox.post("query/task/log/search", nb_name="searched", content="rank 1")["data"] == [0, 3]
    assert sandbox.request("query/task/log/search", nb_name="searched")[0] == 422
    said = sandbox.post("query/task/sys_log", nb_name="searched")["data"]
    assert said.startswith(f"{'=' * 20}\nid: {task['id']} (current)\n----------\nsyslog:\n")
    said = sandbox.post("query/task/container_log", id=task["id"], rank=1)["result"]["data"]
    assert said.startswith(f"run {task['id']}, rank 1 on ") and " started: " in said and said.endswith("\nexit code 0\n")
    assert sandbox.post("query/task/container_log", id=task["id"], rank=2)["code"] == "rank_not_found"


def test_what_the_platform_did_in_its_order(sandbox: EngineSandbox, submit: Submit, finished: Finished) -> None:
    """Each event with its time, the end last."""
    task = finished(submit("exit 7", name="orderly"))
    said = sandbox.post("query/task/container_log", id=task["id"])["result"]["data"].splitlines()[1:]
    stamps, words = zip(*(line.split(" ", 1) for line in said[:4]))
    assert list(stamps) == sorted(stamps)
    assert [word.partition(":")[0] for word in words] == ["started", "node assigned", "process started", "process ended"]
    assert said[4:] == ["exit code 7", "the task exited with code 7"]


def test_the_log_of_a_finished_task(sandbox: EngineSandbox, submit: Submit, finished: Finished) -> None:
    task = finished(submit('for i in 1 2 3; do echo "$RANK $i"; done', name="streamed", nodes=3))
    logs, end = _whole(sandbox, id=task["id"], rank="0,2")
    assert logs == {0: ["0 1", "0 2", "0 3"], 2: ["2 1", "2 2", "2 3"]}
    assert (end["t"], end["reason"], end["task"]["id"]) == ("end", "finished", task["id"])
    assert _whole(sandbox, id=task["id"], rank="all", tail=1)[0] == {rank: [f"{rank} 3"] for rank in range(3)}
    assert _whole(sandbox, id=task["id"], since="2100-01-01")[0] == {}
    assert _whole(sandbox, id=task["id"], until=time.time() + 5)[0] == {0: ["0 1", "0 2", "0 3"]}


def test_a_follower_sees_the_task_to_its_end(sandbox: EngineSandbox, submit: Submit, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    task = submit(f"echo waiting; cat {gate}; echo done; exit 4", name="followed")
    with Stream(sandbox, id=task["id"], follow=1) as stream:
        assert stream.media_type == "application/x-hfai-log"
        assert stream.messages(1) == ["waiting"]
        gate.write_text("through the gate\n")
        assert stream.messages(2) == ["through the gate", "done"]
        *_, (end, _) = stream
    assert (end["t"], end["reason"]) == ("end", "finished")
    assert end["task"]["end"]["exit_status"] == 4


def test_a_reconnecting_follower_loses_and_doubles_nothing(
    sandbox: EngineSandbox, submit: Submit, finished: Finished
) -> None:
    task = submit('for i in $(seq 2000); do echo "$i"; done', name="resumed")
    data, cursor = b"", ""
    for _ in range(100_000):
        with Stream(sandbox, id=task["id"], follow=1, **({"cursor": f"0:{cursor}"} if cursor else {})) as stream:
            for frame, payload in stream:
                if frame["t"] == "data":
                    data += payload
                    cursor = frame["cursor"]
                    break
                if frame["t"] == "end":
                    break
            if frame["t"] == "end":
                break
    assert _messages(data) == [str(number) for number in range(1, 2001)]
    finished(task)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"rank": "1"}, 200, "rank_not_found"),
        ({"cursor": "1:1.0.0"}, 200, "rank_not_found"),
        ({"run": "999999"}, 200, "not_found"),
        ({"cursor": "0:999999.0.0"}, 200, "not_found"),
        ({"rank": "x"}, 422, "usage"),
        ({"cursor": "x"}, 422, "usage"),
        ({"run": "x"}, 422, "usage"),
        ({"tail": "-1"}, 422, "usage"),
        ({"since": "yesterday"}, 422, "usage"),
        ({"follow": "maybe"}, 422, "usage"),
    ],
)
def test_streams_that_are_refused(
    sandbox: EngineSandbox, submit: Submit, finished: Finished, query: dict[str, Any], status: int, code: str
) -> None:
    task = finished(submit(name="refused"))
    got, refusal = sandbox.request("query/task/log/stream", id=task["id"], **query)
    assert (got, refusal["success"], refusal["code"]) == (status, 0, code)


def test_followers_that_leave_take_their_files_with_them(
    sandbox: EngineSandbox, submit: Submit, finished: Finished
) -> None:
    task = submit("echo begin; sleep 60", name="left")
    files = Path(f"/proc/{sandbox.pid}/fd")

    def open_files() -> set[str]:
        found = set()
        for entry in files.iterdir():
            try:
                found.add(f"{entry.name} {entry.readlink()}")
            except FileNotFoundError:
                continue
        return {name for name in found if "inotify" in name or "log." in name}

    followers = [Stream(sandbox, id=task["id"], follow=1) for _ in range(20)]
    for follower in followers:
        assert follower.messages(1) == ["begin"]
    assert open_files()
    for follower in followers:
        follower.close()
    deadline = time.monotonic() + 10
    while open_files() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not open_files()
    sandbox.post("operating/task/stop", id=task["id"])
    finished(task)


def test_a_client_that_does_not_read_holds_nobody_up(
    sandbox: EngineSandbox, submit: Submit, finished: Finished
) -> None:
    """20 MB wait for a reader; meanwhile the engine answers others at once."""
    task = submit("head -c 20000000 /dev/zero | tr '\\0' x", name="unread")
    with Stream(sandbox, id=task["id"], follow=1):
        finished(task)
        delays = []
        for _ in range(20):
            began_at = time.monotonic()
            sandbox.post("query/task", id=task["id"])
            delays.append(time.monotonic() - began_at)
    assert sorted(delays)[10] < 0.2


def test_a_large_log_is_followed_while_others_are_answered(
    sandbox: EngineSandbox, submit: Submit, finished: Finished
) -> None:
    task = submit("yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -c 30000000",
                  name="large")  # fmt: skip
    received = [0]

    def follow() -> None:
        with Stream(sandbox, id=task["id"], follow=1) as stream:
            for _, payload in stream:
                received[0] += payload.count(b"\n")

    following = threading.Thread(target=follow)
    following.start()
    delays = []
    while following.is_alive():
        began_at = time.monotonic()
        sandbox.post("query/user/info")
        delays.append(time.monotonic() - began_at)
        time.sleep(0.01)
    following.join()
    assert received[0] == -(-30_000_000 // 71)
    assert sorted(delays)[len(delays) // 2] < 0.2
