"""Profiles of running tasks: asked for, gathered from the ranks, and written as files that other tools open."""
