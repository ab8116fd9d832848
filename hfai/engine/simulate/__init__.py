"""Replay a trace of submissions through the very policy that the engine runs (`hai-cli platform simulate`)."""
