"""``hai-cli monitor``: the platform as a whole, at one moment or all the time."""
