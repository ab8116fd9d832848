"""``hai-cli platform quota``: what users are limited to."""
