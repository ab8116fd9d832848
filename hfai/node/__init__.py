"""What a node says of itself: looks that cost next to nothing, and the one door to its GPUs.

For the engine, for its supervisors and for what runs inside a training task, so: standard library, and NVML only where it is used.
"""
