"""How far the node's clock is from the engine's."""

from __future__ import annotations

import http.client
import json
import time
from urllib.parse import urlsplit

from hfai.model.phrase import Phrase
from hfai.node.check import Check, skipped

_PATIENCE_S = 5.0


def clock(server: str, most_s: float) -> Check:
    """Ask the engine what time it is; the answer is taken to be from the middle of the wait for it.

    Args:
        server: its URL.
        most_s: the most that the clocks may differ.
    """
    parts = urlsplit(server)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PATIENCE_S)
    try:
        connection.connect()
        asked = time.time()
        connection.request("GET", "/api_server_status")
        engine = float(json.loads(connection.getresponse().read())["time"])
        answered = time.time()
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException) as error:
        # The engine may be restarting: that says nothing of the node.
        return skipped(
            "clock", Phrase("the engine did not answer: {reason}", reason=str(error) or type(error).__name__)
        )
    finally:
        connection.close()
    return Check("clock", abs(engine - (asked + answered) / 2), most_s, "s", is_most=True)
