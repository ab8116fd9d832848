"""``hai-cli platform token``: what users show the engine."""
