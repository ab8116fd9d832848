"""What may be asked of a supervisor, by the daemon and by the task itself (docs/architecture.md)."""

from __future__ import annotations

import os

from hfai.engine.supervise.control_page import NUMBER_MAX, NUMBER_MIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from hfai.engine.supervise.control_page import ControlPage
    from hfai.engine.supervise.events import Events
    from hfai.engine.supervise.spec import Spec

# What a task under another account may ask: the rest is the daemon's.
FOR_TASKS = ("ping", "go_suspend", "set_priority", "set_whole_life_state", "set_watchdog_time")
STOP_WORDS = ("stop", "fail", "succeed", "suspend", "gang")


class Actions:
    """Answers requests.

    Args:
        spec: the rank.
        page: its control page.
        events: where the task's wishes are passed on.
        stop: called with word and grace in seconds.
        kill: called to kill everything at once.
    """

    def __init__(
        self,
        spec: Spec,
        page: ControlPage,
        events: Events,
        stop: Callable[[str, float], None],
        kill: Callable[[], None],
    ) -> None:
        self._spec = spec
        self._page = page
        self._events = events
        self._stop = stop
        self._kill = kill
        self._by_name: dict[str, Callable[[dict[str, Any]], None]] = {
            "stop": self._on_stop,
            "kill": lambda request: self._kill(),
            "suspend": self._on_suspend,
            "unsuspend": lambda request: self._page.unsuspend(),
            "ping": lambda request: None,
            "go_suspend": self._on_go_suspend,
            "set_priority": self._on_set_priority,
            "set_whole_life_state": self._on_set_whole_life_state,
            "set_watchdog_time": self._on_set_watchdog_time,
        }

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked and say so.

        Raises:
            ValueError: it cannot be done; the text says why.
        """
        name = request.get("action")
        act = self._by_name.get(name) if isinstance(name, str) else None
        if act is None:
            raise ValueError(f"no such action: {name!r:.100}; known: {', '.join(self._by_name)}")
        act(request)
        return {"ok": True, "pid": os.getpid()} if name == "ping" else {"ok": True}

    def _on_stop(self, request: dict[str, Any]) -> None:
        word = request.get("word", "stop")
        if word not in STOP_WORDS:
            raise ValueError(f"word must be one of {', '.join(STOP_WORDS)}, not {word!r:.100}")
        grace_s = request.get("grace_s", self._spec.stop_grace_s)
        if isinstance(grace_s, bool) or not isinstance(grace_s, (int, float)) or not 0 <= grace_s < 1e9:
            raise ValueError(f"grace_s must be a number of seconds from 0 on, not {grace_s!r:.100}")
        self._stop(word, grace_s)

    def _on_suspend(self, request: dict[str, Any]) -> None:
        if self._spec.rank != 0:
            raise ValueError(f"only rank 0 is told to suspend, this is rank {self._spec.rank}")
        self._page.suspend()

    def _on_go_suspend(self, request: dict[str, Any]) -> None:
        is_unfit = request.get("is_unfit") is True
        if is_unfit:
            self._page.set_unfit()
        self._page.set_can_suspend()
        self._events.send("go_suspend", is_unfit=is_unfit)

    def _on_set_priority(self, request: dict[str, Any]) -> None:
        priority = _integer(request, "priority", -1, 50)
        # Nothing on disk holds it, so unlike the other events this one must arrive.
        if not self._events.send("set_priority", priority=priority):
            raise ValueError("the engine does not answer at the moment; try again")

    def _on_set_whole_life_state(self, request: dict[str, Any]) -> None:
        state = _integer(request, "state", NUMBER_MIN, NUMBER_MAX)
        self._page.set_whole_life_state(state)
        self._events.send("whole_life_state", state=state)

    def _on_set_watchdog_time(self, request: dict[str, Any]) -> None:
        self._page.set_watchdog(_integer(request, "seconds", 0, NUMBER_MAX))


def _integer(request: dict[str, Any], name: str, least: int, most: int) -> int:
    value = request.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name} must be an integer from {least} to {most}, not {value!r:.100}")
    return value
