"""Checks of nodes: the program that runs on a node, and what the engine makes of its report."""
