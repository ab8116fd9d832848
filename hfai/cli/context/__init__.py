"""``hai-cli context``: the servers in the configuration, and which of them commands go to."""
