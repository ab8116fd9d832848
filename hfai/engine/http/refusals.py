"""How the engine says no: HTTP statuses and texts that existing clients know, and our own error beside them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Optional

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hfai.engine.http.arguments import BadArguments
from hfai.engine.system import is_full
from hfai.model.errors import HfaiError, RefusedError, StorageFull

_log = logging.getLogger("hfai.engine")


class Refusal(Exception):
    """One of our errors in the words and with the status of HAI Platform.

    Args:
        error: what our own client gets to see.
        msg: what existing clients show; left out, the error's own text.
        status: the HTTP status.
    """

    def __init__(self, error: HfaiError, msg: Optional[str] = None, status: int = 200) -> None:
        self.error = error
        self.msg = msg
        self.status = status
        super().__init__(str(error))


def refuse(error: HfaiError, msg: Optional[str] = None, status: int = 200) -> JSONResponse:
    """The answer that carries an error."""
    body = error.to_wire()
    if msg is not None:
        body["msg"] = msg
    body["msg"] = _plain(body["msg"])
    body["data"] = {name: _plain(value) for name, value in body["data"].items()}
    return JSONResponse(body, status)


def answer_to(error: Exception, state_dir: Path) -> Optional[Response]:
    """The answer to something that a handler raised; None if it is a bug of ours."""
    if isinstance(error, Refusal):
        return refuse(error.error, error.msg, error.status)
    if isinstance(error, HfaiError):
        return refuse(error)
    if isinstance(error, BadArguments):
        return JSONResponse(error.to_wire(), 422)
    if is_full(error):
        return refuse(StorageFull(path=str(state_dir)))
    if isinstance(error, OSError) and isinstance(error.filename, str):
        _log.error("a request could not be served", exc_info=error)
        template = "the engine cannot do this at {path}: {reason}"
        return refuse(RefusedError(template, path=error.filename, reason=error.strerror or str(error)))
    return None


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """404, 405 and their like in the envelope."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"success": 0, "msg": error.detail}, error.status_code, headers=error.headers)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, list, dict)):
        return value
    return str(value).encode("utf-8", "backslashreplace").decode()  # a path may be no text
