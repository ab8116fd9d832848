"""From queued to finished: the live runs, their moves, and the loop that plans. Import the module you mean."""
