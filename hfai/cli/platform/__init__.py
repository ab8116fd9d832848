"""``hai-cli platform``: the engine on this machine."""
