"""The scheduling policy as a pure function: who runs next, who has to yield, and why the others wait."""
