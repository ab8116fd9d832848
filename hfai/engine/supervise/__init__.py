"""What stays with a running task: one supervisor per rank and run, and the launcher that forks them.

Standard library only, and little of that: the memory of a supervisor counts once per rank. Nothing is imported here.
"""
