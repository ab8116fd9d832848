"""The engine's REST face: the routes of HAI Platform and our own, as docs/architecture.md lists them."""
