"""The profiler: a program beside a rank that samples all of its processes and writes what it sees to stdout.

It runs as a guest of the rank's supervisor (``kind`` ``profiler``), with the engine's own interpreter. What it writes:
docs/architecture.md, "Profiling".
"""
