"""``hai-cli workspace``: take a directory to the platform, and what tasks make of it back."""
