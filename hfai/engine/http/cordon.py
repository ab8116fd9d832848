"""``operating/node/cordon`` and ``operating/node/uncordon``: nothing new onto a node, and again."""

from __future__ import annotations

from hfai.engine.http.auth import ensure_admin
from hfai.engine.http.call import Answer, Call
from hfai.engine.http.nodes import node_row


async def cordon(call: Call) -> Answer:
    """What runs on the node stays; a second time replaces the reason."""
    name, reason = call.arguments.text("name"), call.arguments.text("reason", "")
    call.arguments.ensure_valid()
    ensure_admin(call.user)
    call.engine.cordons.put(name, reason, by=call.user.name)
    return _answer(call, name)


async def uncordon(call: Call) -> Answer:
    """The node takes runs again; one that is not cordoned is no error."""
    name = call.arguments.text("name")
    call.arguments.ensure_valid()
    ensure_admin(call.user)
    call.engine.cordons.lift(name)
    return _answer(call, name)


def _answer(call: Call, name: str) -> Answer:
    view = next(view for view in call.engine.nodes() if view.node.name == name)
    return {"success": 1, "node": node_row(view)}
