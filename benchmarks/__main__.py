"""``python -m benchmarks [NAME ...]``: run the named measurements, all by default, and print tables."""

from __future__ import annotations

import importlib
import sys

from benchmarks.measure import print_rows

NAMES = ("startup", "in_task", "latency", "throughput", "logs", "memory", "planning", "history", "prof", "workspace")


def main() -> int:
    wanted = sys.argv[1:] or NAMES
    unknown = sorted(set(wanted) - set(NAMES))
    if unknown:
        print(f"no measurement {unknown[0]}: there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    missed = 0
    for name in wanted:
        module = importlib.import_module(f"benchmarks.{name}")
        rows = module.measure()
        print_rows(module.TITLE, rows)
        missed += sum(row.is_kept is False for row in rows)
    print(f"\n{missed} budgets missed" if missed else "\nall budgets kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
