"""Workspaces on the engine's side: trees that are pushed, that tasks run in, and that outputs are pulled from.

Layout, order of steps and what survives what: docs/architecture.md, "Workspaces".
"""
