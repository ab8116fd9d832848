"""Who gets in: the token in its three places, and the texts and statuses that existing clients know."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any, Mapping, Optional
from urllib.parse import urlsplit

import pytest

from hfai import __version__
from hfai.testing import EngineSandbox


def ask(
    sandbox: EngineSandbox,
    path: str,
    *,
    method: str = "POST",
    body: Any = None,
    headers: Optional[Mapping[str, str]] = None,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """One request with nothing added."""
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=30)
    try:
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
        connection.request(method, path, body=data, headers=dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_the_token_is_taken_from_header_query_and_body(sandbox: EngineSandbox) -> None:
    ways: list[dict[str, Any]] = [
        {"path": "/query/user/info", "headers": {"Authorization": f"Bearer {sandbox.token}"}},
        {"path": f"/query/user/info?token={sandbox.token}"},
        {"path": "/query/user/info", "body": {"token": sandbox.token}},
    ]
    for way in ways:
        status, _, answer = ask(sandbox, **way)
        assert status == 200
        assert json.loads(answer)["result"]["token"] == sandbox.token


@pytest.mark.parametrize(
    ("path", "headers", "body", "msg"),
    [
        ("/query/user/info", {}, None, "需要指定 token"),
        ("/query/user/info", {}, b"no json", "需要指定 token"),
        ("/query/user/info", {}, {"token": 5}, "需要指定 token"),
        ("/query/user/info?token=", {}, None, "需要指定 token"),
        ("/query/user/info?token=bad", {}, None, "根据 token 未找到用户"),
        ("/query/user/info", {"Authorization": "Bearer bad"}, None, "根据 token 未找到用户"),
        ("/operating/engine/shutdown?token=bad", {}, None, "根据 token 未找到用户"),
    ],
)
def test_no_token_and_a_wrong_one(
    sandbox: EngineSandbox, path: str, headers: Mapping[str, str], body: Any, msg: str
) -> None:
    status, _, answer = ask(sandbox, path, headers=headers, body=body)
    assert status == 403
    refusal = json.loads(answer)
    assert (refusal["success"], refusal["msg"], refusal["code"]) == (0, msg, "not_authorised")


def test_business_routes_are_post_only(sandbox: EngineSandbox) -> None:
    status, headers, answer = ask(sandbox, f"/query/user/info?token={sandbox.token}", method="GET")
    assert (status, json.loads(answer)) == (405, {"success": 0, "msg": "Method Not Allowed"})
    assert headers["client-version"] == __version__


def test_an_unknown_route(sandbox: EngineSandbox) -> None:
    for path in ("/nope", "/query/task/", "//query/task"):
        status, headers, answer = ask(sandbox, path)
        assert (status, json.loads(answer)) == (404, {"success": 0, "msg": "Not Found"})
        assert headers["client-version"] == __version__


def test_the_status_needs_no_token(sandbox: EngineSandbox) -> None:
    status, headers, answer = ask(sandbox, "/api_server_status", method="GET")
    assert status == 200
    body = json.loads(answer)
    assert body.pop("engine_id")
    assert abs(body.pop("time") - time.time()) < 60
    assert body == {"success": 1, "status": "running", "engine": "hfai", "version": __version__, "protocol": 1}
    assert headers["client-version"] == __version__


def test_a_web_page_under_another_name_gets_nothing(sandbox: EngineSandbox) -> None:
    """DNS rebinding: the request arrives on loopback, but for the attacker's host name."""
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example"):
        assert ask(sandbox, "/api_server_status", method="GET", headers={"Host": host})[0] == 403
    port = urlsplit(sandbox.url).port
    for host in (f"localhost:{port}", "127.0.0.1", f"[::1]:{port}", "LOCALHOST"):
        assert ask(sandbox, "/api_server_status", method="GET", headers={"Host": host})[0] == 200


def test_no_page_may_read_an_answer(sandbox: EngineSandbox) -> None:
    _, headers, _ = ask(sandbox, "/api_server_status", method="GET", headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in headers


def test_a_client_of_another_protocol_is_told_so(sandbox: EngineSandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.token}", "hfai-protocol": "99", "User-Agent": "hfai/9.0"}
    status, _, answer = ask(sandbox, "/query/user/info", headers=headers)
    refusal = json.loads(answer)
    assert (status, refusal["code"]) == (200, "protocol_mismatch")
    assert refusal["data"] == {"engine_version": __version__, "client_version": "9.0"}
    assert json.loads(ask(sandbox, "/query/engine/info", headers=headers)[2])["success"] == 1


def test_a_huge_body_is_refused(sandbox: EngineSandbox) -> None:
    body = b'{"token": "' + b"x" * 9_000_000 + b'"}'
    status, _, answer = ask(sandbox, "/query/user/info", body=body)
    assert (status, json.loads(answer)["success"]) == (413, 0)


def test_tokens_are_not_in_the_log(sandbox: EngineSandbox) -> None:
    secret = "very-secret-token"
    ask(sandbox, f"/query/user/info?token={secret}")
    ask(sandbox, f"/query/user/info?token={sandbox.token}")
    ask(sandbox, "/query/user/info", headers={"Authorization": f"Bearer {secret}"})
    assert secret not in sandbox.log
    assert sandbox.token not in sandbox.log
