"""``hai-cli platform user``: who may use the engine."""
