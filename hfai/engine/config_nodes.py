"""The virtual nodes of this machine: one per GPU, otherwise a few CPU nodes, or what ``engine.yaml`` says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hfai.model.records import Node

CPU_NODES = 4
_MOST_NODES = 10_000
_NODE_KEYS = ("name", "group", "gpus")


def default_nodes(group: str) -> tuple[Node, ...]:
    """One node per GPU of this machine, four CPU nodes where there is none."""
    gpus = find_gpus()
    if gpus:
        return _sized([Node(name=f"gpu-{gpu}", group=group, gpus=(gpu,)) for gpu in gpus])
    return counted_nodes(CPU_NODES, group)


def counted_nodes(count: int, group: str) -> tuple[Node, ...]:
    """That many nodes over which the GPUs of this machine are spread evenly; CPU nodes where there is none."""
    gpus = find_gpus()
    if not gpus:
        return _sized([Node(name=f"cpu-{number}", group=group) for number in range(count)])
    shares = [gpus[len(gpus) * number // count : len(gpus) * (number + 1) // count] for number in range(count)]
    return _sized([Node(name=f"node-{number}", group=group, gpus=share) for number, share in enumerate(shares)])


def read_nodes(value: Any, group: str) -> tuple[Node, ...]:
    """The nodes that ``nodes`` in engine.yaml means: nothing, a number, or a list of names or mappings.

    Raises:
        ValueError: anything else; the text says what.
    """
    if value is None:
        return default_nodes(group)
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= _MOST_NODES:
            raise ValueError(f"nodes is {value}: it must be from 1 to {_MOST_NODES}")
        return counted_nodes(value, group)
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_NODES:
        raise ValueError("nodes must be a number of nodes, or a list of names or of mappings with name, group and gpus")
    nodes = [_read_node(f"nodes[{number}]", item, group) for number, item in enumerate(value)]
    names = [node.name for node in nodes]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"nodes: the name {name} is there twice")
    return _sized(nodes)


def _read_node(key: str, item: Any, group: str) -> Node:
    if isinstance(item, str):
        item = {"name": item}
    if not isinstance(item, dict):
        raise ValueError(f"{key} must be a name or a mapping with name, group and gpus")
    for unknown in item:
        if unknown not in _NODE_KEYS:
            raise ValueError(f"{key}: unknown key {unknown}: known are {', '.join(_NODE_KEYS)}")
    name = _read_word(f"{key}.name", item.get("name"))
    own_group = _read_word(f"{key}.group", item.get("group", group))
    gpus = item.get("gpus", [])
    if not isinstance(gpus, list) or not all(isinstance(gpu, int) and gpu >= 0 for gpu in gpus):
        raise ValueError(f"{key}.gpus is {gpus!r}: it must be a list of GPU numbers")
    return Node(name=name, group=own_group, gpus=tuple(gpus))


def _read_word(key: str, text: Any) -> str:
    if not isinstance(text, str) or not text or any(sign.isspace() or sign in "#/" for sign in text):
        raise ValueError(f"{key} is {text!r}: it must be text without blanks, # and /")
    return text


def _sized(nodes: list[Node]) -> tuple[Node, ...]:
    cpus, memory_bytes = os.cpu_count() or 1, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return tuple(
        Node(
            name=node.name,
            group=node.group,
            gpus=node.gpus,
            cpu=max(1, cpus // len(nodes)),
            memory_bytes=memory_bytes // len(nodes),
        )
        for node in nodes
    )


def find_gpus() -> tuple[int, ...]:
    """The numbers of the NVIDIA GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` takes them.

    ``CUDA_VISIBLE_DEVICES`` of the engine limits them where it holds numbers.
    """
    present = _present_gpus()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return present
    if "-" in visible.lstrip(" -"):  # GPU-<uuid>: names that only the driver can translate
        return present
    chosen = [part.strip() for part in visible.split(",")]
    return tuple(gpu for gpu in present if str(gpu) in chosen)


def _present_gpus() -> tuple[int, ...]:
    driver = Path("/proc/driver/nvidia/gpus")
    if driver.is_dir():
        return tuple(range(len(list(driver.iterdir()))))
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    try:
        listing = subprocess.run(
            [program, "-L"], capture_output=True, timeout=10, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(range(sum(line.startswith(b"GPU ") for line in listing.stdout.splitlines())))
