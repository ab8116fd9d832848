"""Measurements against the budgets: ``python -m benchmarks [NAME ...]``; figures are noted in docs/performance.md."""
