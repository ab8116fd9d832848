"""The embedded platform: daemon, store, scheduling, executors, supervisors. Nothing is imported here."""
