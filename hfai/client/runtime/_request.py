"""Asking the supervisor for something: one line of JSON out, one in, over its Unix socket."""

from __future__ import annotations

import json
import os
import socket
import time

_ANSWER_S = 10.0
_AGAIN_S = 1.0


class Refused(RuntimeError):
    """The supervisor said no, or could not be asked in time."""


def ask(timeout_s: float, **request: object) -> None:
    """Have the supervisor do something; tries again every second while it cannot be reached.

    Raises:
        Refused: with its reason, or after ``timeout_s``.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            answer = _ask_once(json.dumps(request).encode() + b"\n")
            break
        except (OSError, ValueError) as error:
            if time.monotonic() + _AGAIN_S > deadline:
                raise Refused(f"{request['action']}: the supervisor of this rank does not answer ({error})") from None
        time.sleep(_AGAIN_S)
    if not answer.get("ok"):
        raise Refused(f"{request['action']}: {answer.get('msg')}")


def _ask_once(line: bytes) -> dict[str, object]:
    # By way of the directory: a socket's own path may have 107 bytes only.
    directory = os.open(os.environ.get("HFAI_TASK_SOCKET_DIR", ""), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(_ANSWER_S)
            peer.connect(f"/proc/self/fd/{directory}/sock")
            peer.sendall(line)
            received = b""
            while not received.endswith(b"\n"):
                block = peer.recv(65536)
                if not block:
                    break
                received += block
    finally:
        os.close(directory)
    answer = json.loads(received)
    if not isinstance(answer, dict):
        raise ValueError("its answer is no JSON object")
    return answer
