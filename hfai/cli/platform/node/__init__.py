"""``hai-cli platform node``: which nodes take tasks."""
