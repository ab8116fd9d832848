"""``hai-cli haienv config``: what else is set while an environment is active."""
