"""Inside a training task: is a suspension wanted, save and yield, carry a number along, watchdog, priority.

It works the same in a task of the engine, in a simulation (``hai-cli python FILE ++``), and outside any task, where
each function says once that there is none and returns the neutral value. Only the standard library is used, and of
that only what a call needs: this runs in every process of a training job.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hfai.client.runtime._except_hook import bind_hf_except_hook
    from hfai.client.runtime._go_suspend import go_suspend
    from hfai.client.runtime._health import self_health_check
    from hfai.client.runtime._priority import set_priority
    from hfai.client.runtime._receive import receive_suspend_command
    from hfai.client.runtime._state import get_whole_life_state, set_whole_life_state
    from hfai.client.runtime._warn import WARN_TYPE, disable_warn
    from hfai.client.runtime._watchdog import set_watchdog_time

__all__ = [
    "WARN_TYPE",
    "bind_hf_except_hook",
    "disable_warn",
    "get_whole_life_state",
    "go_suspend",
    "receive_suspend_command",
    "self_health_check",
    "set_priority",
    "set_watchdog_time",
    "set_whole_life_state",
]

_HOMES = {
    "WARN_TYPE": "_warn",
    "bind_hf_except_hook": "_except_hook",
    "disable_warn": "_warn",
    "get_whole_life_state": "_state",
    "go_suspend": "_go_suspend",
    "receive_suspend_command": "_receive",
    "self_health_check": "_health",
    "set_priority": "_priority",
    "set_watchdog_time": "_watchdog",
    "set_whole_life_state": "_state",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load a public name on its first use (PEP 562)."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(__import__(f"{__name__}.{_HOMES[name]}", fromlist=(name,)), name)
        globals()[name] = value
        return value
