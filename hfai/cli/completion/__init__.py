"""``hai-cli completion``: what a shell has to know to complete hai-cli; the answers to a Tab are in :mod:`hfai.cli.tab`."""
