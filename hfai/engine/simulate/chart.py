"""Nodes in use over time as an SVG: no plotting library for one area and two axes."""

from __future__ import annotations

from collections.abc import Sequence

from hfai.engine.simulate.replay import Usage

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 960, 320, 56, 40, 28
BUCKETS = 480


def svg(series: Sequence[tuple[str, str, Sequence[Usage]]], nodes: int, until_s: float) -> str:
    """Draw one stepped line per series (name, colour, usage), averaged over equal spans of time up to ``until_s`` seconds."""
    right, floor = WIDTH - 16, HEIGHT - BOTTOM
    days = until_s / 86400
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = floor - share * (floor - TOP)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{nodes * share:g}</text>')
    for step in range(6):
        x = LEFT + step / 5 * (right - LEFT)
        parts.append(f'<text x="{x:.1f}" y="{floor + 18}" text-anchor="middle">{days * step / 5:.1f} d</text>')
    for number, (name, colour, usage) in enumerate(series):
        means = _means(usage, until_s)
        points = " ".join(
            f"{LEFT + (place + 0.5) / BUCKETS * (right - LEFT):.1f},{floor - mean / nodes * (floor - TOP):.1f}"
            for place, mean in enumerate(means)
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.3"/>')
        parts.append(f'<text x="{LEFT + 220 * number}" y="18" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _means(usage: Sequence[Usage], until_s: float) -> list[float]:
    """Node-seconds per bucket, divided by its length."""
    span = until_s / BUCKETS
    sums = [0.0] * BUCKETS
    ends = [*(entry.at_s for entry in usage[1:]), until_s]
    for entry, end in zip(usage, ends):
        at, end = entry.at_s, min(end, until_s)
        while at < end:
            bucket = min(int(at / span), BUCKETS - 1)
            edge = min(end, (bucket + 1) * span) if bucket < BUCKETS - 1 else end
            if edge <= at:  # a bucket's edge that rounds down onto itself
                edge = min(end, at + span)
            sums[bucket] += entry.in_use * (edge - at)
            at = edge
    return [total / span for total in sums]
