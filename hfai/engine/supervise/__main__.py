"""``python -m hfai.engine.supervise RUN_DIR RANK``: one supervisor without a launcher, as Slurm's srun starts it."""

from __future__ import annotations

import sys

from hfai.engine.supervise import descriptors
from hfai.engine.supervise.supervisor import supervise


def main(arguments: list[str]) -> int:
    """Supervise one rank to its end.

    Returns:
        0 when the end marker is written or another supervisor has the rank, 1 when it could not be supervised, 2 for
        wrong arguments.
    """
    if len(arguments) != 2 or not arguments[1].isdecimal():
        print("usage: python -m hfai.engine.supervise RUN_DIR RANK", file=sys.stderr)
        return 2
    descriptors.tidy()
    return supervise(arguments[0], int(arguments[1]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
