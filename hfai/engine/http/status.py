"""``GET /api_server_status``: whether an engine is there and which; the one route that needs no token."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import JSONResponse

from hfai import PROTOCOL, __version__
from hfai.engine.engine import Engine


def status_answer(engine: Engine, _request: Request) -> JSONResponse:
    """Says the version and the protocol, so that a client can tell before it asks for anything."""
    return JSONResponse(
        {
            "success": 1,
            "status": "running",
            "engine": "hfai",
            "version": __version__,
            "protocol": PROTOCOL,
            "engine_id": engine.engine_id,
            "time": time.time(),
        }
    )
