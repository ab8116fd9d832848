"""Reading the logs that supervisors write: positions, following, searching. Nothing here writes a log."""
