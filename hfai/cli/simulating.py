"""``++``: run here as if this process were a task that is told to suspend (client API, simulation)."""

from __future__ import annotations

import argparse
import os

from hfai.cli.argument_types import seconds
from hfai.cli.language import tr


def add_simulate_options(parser: argparse.ArgumentParser) -> None:
    """Everything that may stand behind ``++``."""
    parser.add_argument(
        "-ss",
        "--suspend_seconds",
        type=seconds,
        metavar="S",
        help=tr("seconds until the task is told to suspend; default: never"),
    )
    parser.add_argument(
        "-ls",
        "--life_state",
        type=int,
        default=0,
        metavar="N",
        help=tr("the whole_life_state that it finds; default: {value}", value=0),
    )


def simulated(options: argparse.Namespace) -> dict[str, str]:
    """This environment with the variables of a simulated task."""
    environment = {
        **os.environ,
        "HFAI_SIMULATE": "1",
        "MARSV2_WHOLE_LIFE_STATE": str(options.life_state),
        "WORLD_SIZE": "1",
        "RANK": "0",
        "MASTER_IP": "127.0.0.1",
        "MASTER_PORT": "29510",
    }
    if options.suspend_seconds is not None:
        environment["SIMULATE_SUSPEND"] = f"{options.suspend_seconds:g}"
    return environment
