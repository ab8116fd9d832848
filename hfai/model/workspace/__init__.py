"""Workspaces as both sides see them: entries, the rules for paths, how a tree is read, what is left out of it, packs of content."""
