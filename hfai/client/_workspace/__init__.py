"""Workspaces: pushing a directory to the platform and pulling what tasks make of it."""
