"""What runs the ranks of a task: one protocol (``base``), one module per implementation, loaded by name."""
