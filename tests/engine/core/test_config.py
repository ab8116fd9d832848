"""``engine.yaml``: what may stand there, and one clear line for everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hfai.engine.config import EngineConfig
from hfai.engine.config_nodes import find_gpus, read_nodes
from hfai.engine.config_precheck import Precheck
from hfai.engine.policy.snapshot import PolicySettings
from hfai.engine.validation.options import ValidationLimits
from hfai.model.errors import ConfigError
from tests.nvml.machine import GPU_IS_LOST, LIB_RM_VERSION_MISMATCH, Builder, GpuMachine


def load(tmp_path: Path, text: str) -> EngineConfig:
    (tmp_path / "engine.yaml").write_text(text)
    return EngineConfig.load(tmp_path)


def test_without_a_file(tmp_path: Path) -> None:
    """One node per GPU, else four CPU nodes, all in one group."""
    config = EngineConfig.load(tmp_path)
    gpus = find_gpus()
    assert [node.name for node in config.nodes] == [f"gpu-{n}" for n in gpus] or [f"cpu-{n}" for n in range(4)]
    assert config.groups == {"default": len(gpus) or 4}
    assert load(tmp_path, "# nothing\n") == config


def test_everything(tmp_path: Path) -> None:
    """Every key, nodes in each of their forms."""
    config = load(
        tmp_path,
        "executor: local\nport: 8000\ndefault_group: mine\nstop_grace_s: 0.5\ngang_grace_s: 1\nwatchdog_s: 60\n"
        "suspend_grace_s: 5\nlog_segment_bytes: 65536\nmax_restarts: 0\nrestart_delay_s: 2\nrestart_reset_s: 9\n"
        "nodes: [a, {name: b, group: big, gpus: [0, 1]}]\n",
    )
    assert (config.port, config.stop_grace_s, config.max_restarts) == (8000, 0.5, 0)
    assert [(node.name, node.group, node.gpus) for node in config.nodes] == [("a", "mine", ()), ("b", "big", (0, 1))]
    assert config.groups == {"mine": 1, "big": 1}
    assert len(load(tmp_path, "nodes: 7").nodes) == 7
    config = load(tmp_path, "slice_s: 2\nmin_slice_s: 1\npatience_s: 3\ndemote_after_s: 4\nsuspend_grace_max_s: 9\n")
    assert config.policy == PolicySettings(2, 1, 3, 4)
    assert (config.suspend_grace_s, config.suspend_grace_max_s) == (5, 9)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Precheck()),
        ("precheck: on", Precheck()),
        ("precheck: off", Precheck(is_on=False)),
        ("precheck: false", Precheck(is_on=False)),
        ("precheck: {memory_bytes: 5, log_disk_bytes: null}", Precheck(memory_bytes=5)),
    ],
)
def test_precheck(tmp_path: Path, text: str, wanted: Precheck) -> None:
    assert load(tmp_path, text).precheck == wanted


def test_validation(tmp_path: Path) -> None:
    """What is left out has its default."""
    assert load(tmp_path, "validation: {clock_s: 1}").validation == ValidationLimits(clock_s=1.0)


def test_quotas(tmp_path: Path) -> None:
    """The most particular row counts: by user, then by group, then by priority."""
    config = load(
        tmp_path,
        "quotas:\n- {nodes: 1}\n- {user: a, nodes: 2}\n- {user: a, group: g, nodes: 3}\n- {user: a, priority: HIGH, nodes: 4}\n"
        "- {user: '*', group: g, priority: 30, nodes: 5}\n",
    )
    limits = [config.quotas.limit(user, group, 30) for user in "ab" for group in "gh"]
    assert limits == [3, 4, 5, 1]
    assert load(tmp_path, "quotas: []").quotas.limit("a", "g", 30) is None
    assert config.quotas.most("b", "h", -1) == 1
    assert config.quotas.most("a", "h", -1) == 4


BAD: list[tuple[str, str]] = [
    ("stop_grace: 5", "unknown key stop_grace: did you mean stop_grace_s?"),
    ("colour: red", "unknown key colour: known are executor"),
    ("port: 70000", "port is 70000: it must be a whole number from 1 to 65535"),
    ("port: true", "port is True"),
    ("stop_grace_s: soon", "stop_grace_s is 'soon': it must be a number of seconds"),
    ("stop_grace_s: -1", "stop_grace_s is -1"),
    ("stop_grace_s: .nan", "stop_grace_s is nan"),
    ("executor: kubernetes", "executor is 'kubernetes': it must be local"),
    ("nodes: 0", "nodes is 0"),
    ("nodes: []", "nodes must be a number"),
    ("nodes: [a, a]", "the name a is there twice"),
    ("nodes: [a b]", "nodes[0].name is 'a b'"),
    ("nodes: [{name: a, gpu: 1}]", "nodes[0]: unknown key gpu"),
    ("nodes: [{group: a}]", "nodes[0].name is None"),
    ("nodes: [{name: a, gpus: all}]", "nodes[0].gpus is 'all'"),
    ("quotas: 3", "quotas is 3: it must be a list"),
    ("quotas: [4]", "quotas[0] must be a mapping"),
    ("quotas: [{node: 4}]", "quotas[0]: unknown key node"),
    ("quotas: [{user: a}]", "quotas[0].nodes is None"),
    ("quotas: [{user: 7, nodes: 1}]", "quotas[0].user is 7"),
    (
        "quotas: [{priority: AUTO, nodes: 1}]",
        "quotas[0].priority is 'AUTO': it must be '*' or one of EXTREME_HIGH (50)",
    ),
    ("quotas: [{nodes: 1}, {user: '*', nodes: 2}]", "quotas[1]: there is another row"),
    ("slice_s: -1", "slice_s is -1"),
    ("precheck: maybe", "precheck is 'maybe': it must be on, off, or a mapping with memory_bytes, log_disk_bytes"),
    ("precheck: {memory: 1}", "precheck: unknown key memory: known are memory_bytes"),
    ("precheck: {memory_bytes: 1.5}", "precheck.memory_bytes is 1.5: it must be a whole number of bytes"),
    ("validation: 1", "validation is 1: it must be a mapping with write_bytes_per_s"),
    ("validation: {speed: 1}", "validation: unknown key speed: known are write_bytes_per_s"),
    ("validation: {clock_s: -1}", "validation.clock_s is -1: it must be a number from 0 on"),
    ("- a\n- b\n", "it must be a mapping"),
    ("a: [", "is no YAML"),
    ("port: 1\nport: 2\n", "is no YAML"),
]


@pytest.mark.parametrize(("text", "says"), BAD)
def test_refused(tmp_path: Path, text: str, says: str) -> None:
    """In one line that names the file."""
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, text)
    assert says in str(refused.value)
    assert "engine.yaml" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "engine.yaml").write_bytes(b"port: \xff\xfe")
    with pytest.raises(ConfigError, match="is no YAML"):
        EngineConfig.load(tmp_path)


@pytest.mark.parametrize(("visible", "expected"), [("", ()), ("-1", ()), ("99", ())])
def test_visible_gpus_limit_the_nodes(monkeypatch: Any, visible: str, expected: tuple[int, ...]) -> None:
    """``CUDA_VISIBLE_DEVICES`` hides GPUs from the engine as from any program."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert find_gpus() == expected


@pytest.mark.parametrize(
    ("visible", "nodes", "expected"),
    [
        (None, None, {"gpu-0": (0,), "gpu-1": (1,), "gpu-2": (2,)}),
        ("0,2", None, {"gpu-0": (0,), "gpu-2": (2,)}),
        ("GPU-00000001", None, {"gpu-0": (0,), "gpu-1": (1,), "gpu-2": (2,)}),
        (None, 2, {"node-0": (0,), "node-1": (1, 2)}),
        ("-1", 2, {"cpu-0": (), "cpu-1": ()}),
    ],
)
def test_nodes_of_a_machine_with_gpus(
    nvml_builder: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visible: Any, nodes: Any, expected: dict[str, tuple[int, ...]]
) -> None:
    """As many as nvidia-smi lists."""
    monkeypatch.setenv("PATH", GpuMachine(tmp_path, nvml_builder, gpus=3).environ["PATH"])
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert {node.name: node.gpus for node in read_nodes(nodes, "default")} == expected


@pytest.mark.parametrize(("function", "code", "gpu"), [("nvmlInit", LIB_RM_VERSION_MISMATCH, None), ("every", GPU_IS_LOST, 0)])
def test_a_driver_that_fails_means_no_gpu(gpu_machine: GpuMachine, function: str, code: int, gpu: Any) -> None:
    gpu_machine.answers(function, code, gpu=gpu)
    assert find_gpus() == ()
