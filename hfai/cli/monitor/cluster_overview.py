"""``hai-cli monitor cluster-overview``: how many nodes work, by group, and how busy the machines are."""

from __future__ import annotations

import argparse

from hfai.cli.bars import add_ascii, bar_signs
from hfai.cli.language import mark
from hfai.cli.output import add_output, show_text

EXAMPLES = (
    ("hai-cli monitor cluster-overview", mark("nodes by group and state, processors, memory, GPUs")),
    ("hai-cli monitor cluster-overview --json", mark("the same for programs, with every node")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_ascii(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    from hfai.cli.monitor.cluster_tables import cluster_json, cluster_text
    from hfai.client import cluster_overview

    cluster = cluster_overview()
    signs = bar_signs(is_ascii=arguments.ascii)
    return show_text(arguments, lambda: cluster_text(cluster, signs), lambda: cluster_json(cluster))
