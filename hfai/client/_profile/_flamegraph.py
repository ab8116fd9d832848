"""Stacks as a flame graph: an SVG that any browser shows, with a click to zoom in and the figures under the mouse."""

from __future__ import annotations

import zlib
from typing import Iterator, NamedTuple
from xml.sax.saxutils import escape

from hfai.client._profile._stacks import Stacks

_WIDTH, _ROW, _MARGIN, _TOP = 1200.0, 17, 10.0, 44
# Narrower than this there is nothing to see or to click on.
_NARROWEST = 0.3
_CHARACTER = 6.6
_DEEPEST = 250

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height}" viewBox="0 0 {width:g} {height}">
<style>
text {{ font: 11px monospace; fill: #222; pointer-events: none; }}
.title {{ font: bold 14px sans-serif; }}
rect {{ stroke: #fff; stroke-width: 0.6; }}
g:hover > rect {{ stroke: #000; }}
g.frame {{ cursor: pointer; }}
</style>
<rect width="100%" height="100%" fill="#fdfdf6"/>
<text class="title" x="{margin:g}" y="18">{title}</text>
<text x="{margin:g}" y="34" id="note">{note}</text>
"""
# Zooming: the frame that was clicked takes the whole width, what is below it grows with it, the rest is hidden.
_SCRIPT = """<script><![CDATA[
const margin = {margin:g}, width = {room:g}, character = {character:g};
const frames = [...document.querySelectorAll("g.frame")];
const place = g => ({{ x: +g.dataset.x, w: +g.dataset.w, depth: +g.dataset.depth }});
function show(whole) {{
  for (const g of frames) {{
    const one = place(g), above = one.depth < whole.depth;
    const isSeen = above ? one.x <= whole.x + 0.01 && one.x + one.w >= whole.x + whole.w - 0.01
                         : one.x >= whole.x - 0.01 && one.x + one.w <= whole.x + whole.w + 0.01;
    g.style.display = isSeen ? "" : "none";
    if (!isSeen) continue;
    const x = above ? margin : margin + (one.x - whole.x) / whole.w * width;
    const w = above ? width : one.w / whole.w * width;
    const [rect, text] = [g.querySelector("rect"), g.querySelector("text")];
    rect.setAttribute("x", x); rect.setAttribute("width", w);
    text.setAttribute("x", x + 3);
    const room = Math.floor((w - 6) / character), name = g.dataset.name;
    text.textContent = room < 3 ? "" : name.length <= room ? name : name.slice(0, room - 1) + "…";
  }}
}}
for (const g of frames) g.addEventListener("click", () => show(place(g)));
]]></script>
</svg>
"""


class _Box(NamedTuple):
    depth: int
    start: int
    samples: int
    name: str
    detail: str


def flamegraph(stacks: Stacks, title: str, note: str) -> str:
    """The SVG: the root is on top, each box as wide as its share of all samples.

    Args:
        title: the heading.
        note: a line below it.
    """
    whole = max(stacks.count, 1)
    boxes = list(_boxes(stacks))
    room = _WIDTH - 2 * _MARGIN
    height = _TOP + (1 + max((box.depth for box in boxes), default=0)) * _ROW + int(_MARGIN)
    parts = [_HEAD.format(width=_WIDTH, height=height, margin=_MARGIN, title=escape(title), note=escape(note))]
    for box in boxes:
        share = box.samples / whole
        if share * room >= _NARROWEST:
            parts.append(_drawn(box, _MARGIN + box.start / whole * room, share * room, share, stacks.interval_s))
    parts.append(_SCRIPT.format(margin=_MARGIN, room=room, character=_CHARACTER))
    return "".join(parts)


def _drawn(box: _Box, x: float, width: float, share: float, interval_s: float) -> str:
    y = _TOP + box.depth * _ROW
    letters = int((width - 6) / _CHARACTER)
    shown = "" if letters < 3 else box.name if len(box.name) <= letters else f"{box.name[: letters - 1]}…"
    tip = f"{box.detail}\n{box.samples * interval_s:.2f} s, {share:.1%}"
    quoted = escape(_plain(box.name), {'"': "&quot;"})
    return (
        f'<g class="frame" data-x="{x:.3f}" data-w="{width:.3f}" data-depth="{box.depth}" data-name="{quoted}">'
        f"<title>{escape(_plain(tip))}</title>"
        f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{_ROW - 1}" fill="{_colour(box.name)}"/>'
        f'<text x="{x + 3:.2f}" y="{y + 12}">{escape(_plain(shown))}</text></g>\n'
    )


class _Node:
    """A place in the tree of calls, with everything that was called from there."""

    __slots__ = ("below", "count")

    def __init__(self) -> None:
        self.count = 0
        self.below: dict[tuple[str, str], _Node] = {}


def _boxes(stacks: Stacks) -> Iterator[_Box]:
    """Everything to draw: all samples, the processes, their threads and then calls, the widest to the left."""
    root = _Node()
    for thread in stacks.threads:
        process = (f"process {thread.pid} {thread.command}".rstrip(), "")
        name = (f"thread {thread.name or thread.thread}", "")
        for stack, count in thread.samples:
            node = root
            node.count += count
            for key in (process, name, *((_name(stacks, at), _place(stacks, at)) for at in stack)):
                node = node.below.setdefault(key, _Node())
                node.count += count
    left: list[tuple[int, int, str, str, _Node]] = [(0, 0, "all", "", root)]
    while left:
        depth, start, shown, place, node = left.pop()
        yield _Box(depth, start, node.count, shown, f"{shown} {place}".rstrip())
        if depth >= _DEEPEST:
            continue
        for (name_below, place_below), below in sorted(node.below.items(), key=lambda item: (-item[1].count, item[0])):
            left.append((depth + 1, start, name_below, place_below, below))
            start += below.count


def _name(stacks: Stacks, at: int) -> str:
    return stacks.frames[at].function


def _place(stacks: Stacks, at: int) -> str:
    return f"({stacks.frames[at].file}:{stacks.frames[at].line})"


def _plain(text: str) -> str:
    """Without what XML does not allow."""
    return "".join(sign for sign in text if sign >= " " or sign in "\t\n")


def _colour(name: str) -> str:
    """A warm colour that is always the same for a name."""
    chance = zlib.crc32(name.encode(errors="replace"))
    return f"rgb({205 + chance % 50},{90 + chance // 50 % 120},{chance // 6000 % 60})"
