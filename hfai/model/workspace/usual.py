"""Names that mean something in every workspace. A module of their own: an unchanged push needs nothing else of the rules."""

from __future__ import annotations

import os

# The client's own files in the root of a workspace.
STATE_DIR = ".hfai"
IGNORE_FILE = ".hfignore"
# Left out wherever nothing says otherwise (`!.venv/` in .hfignore does): what is made anew on the other side, or is of no use there,
# and hfai's own directory, where a home directory is the workspace: tokens are in it, and the workspaces of an engine.
DEFAULTS = (
    b".hai .git .hg .svn .venv .tox .nox .mypy_cache .pytest_cache .ruff_cache .ipynb_checkpoints __pycache__ node_modules "
    b".DS_Store *.pyc *.swp"
).split()
# The same by heart, for those who have no time for expressions.
USUAL_NAMES = frozenset(os.fsdecode(one) for one in DEFAULTS if not one.startswith(b"*"))
USUAL_ENDINGS = tuple(os.fsdecode(one[1:]) for one in DEFAULTS if one.startswith(b"*"))
