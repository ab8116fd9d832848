"""Whatever is sent, the answer is JSON with a verdict, never an internal error."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hfai.engine.http.app import HANDLERS
from hfai.testing import EngineSandbox

_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(), max_size=20)
)
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
_SECTION = st.dictionaries(
    st.sampled_from(
        ["workspace", "entrypoint", "parameters", "environments", "entrypoint_executable", "image", "group",
         "node_count", "tags", "whole_life_state", "watchdog_time", "timeout", "py_venv", "suspend_grace", "x"]
    ),
    _JSON,
    max_size=6,
)  # fmt: skip
_BODY = st.fixed_dictionaries(
    {"version": st.just(2) | _SCALARS, "name": _SCALARS, "resource": _SECTION | _SCALARS},
    optional={
        "spec": _SECTION | _JSON,
        "options": _SECTION | _JSON,
        "priority": _SCALARS,
        "task_type": _SCALARS,
        "shell_environment": _JSON,
        "dry_run": _JSON,
    },
)
_NAMES = ["id", "chain_id", "nb_name", "page", "page_size", "op", "tag", "rank", "run", "cursor", "tail", "since",
          "until", "last_seen", "content", "state", "seen", "order_by", "created_start_time", "created_end_time",
          "only_star", "select_pods", "nb_name_pattern", "chain_status"]  # fmt: skip
_VALUES = st.sampled_from(["", "0", "1", "-1", "all", "0,3-5", "1.0.0", "0:1.0.0", "2020-01-01", "9" * 30, "1e400",
                           "null", '{"id":1,"timestamp":"2020-01-01","offset":1e99}', "%", "'", "finished"])  # fmt: skip
_SETTINGS = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def _ask(sandbox: EngineSandbox, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=30)
    try:
        connection.request("POST", target, body=body, headers={"Authorization": f"Bearer {sandbox.token}"})
        response = connection.getresponse()
        received = response.read()
        if response.headers["content-type"] == "application/x-hfai-log":
            return response.status, {"success": 1}
        return response.status, json.loads(received)
    finally:
        connection.close()


@_SETTINGS
@given(_BODY)
def test_any_body(sandbox: EngineSandbox, body: dict[str, Any]) -> None:
    status, answer = _ask(sandbox, "/operating/task/create", json.dumps(body).encode())
    assert (status, answer["success"]) in [(200, 0), (422, 0)]
    assert answer["msg"]


@_SETTINGS
@given(st.binary(max_size=50) | _JSON.map(lambda body: json.dumps(body).encode()))
def test_any_bytes(sandbox: EngineSandbox, body: bytes) -> None:
    status, answer = _ask(sandbox, "/operating/task/create", body)
    assert (status, answer["success"]) == (422, 0)


@_SETTINGS
@given(
    st.sampled_from(sorted(set(HANDLERS) - {"/operating/task/create"})),
    st.lists(
        st.tuples(st.sampled_from(_NAMES), _VALUES | st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
    ),
)
def test_any_query(sandbox: EngineSandbox, path: str, query: list[tuple[str, str]]) -> None:
    status, answer = _ask(sandbox, f"{path}?{urlencode([*query, ('timeout', '0')], quote_via=quote)}", b"")
    assert status in (200, 401, 403, 422)
    assert answer["success"] in (0, 1)
