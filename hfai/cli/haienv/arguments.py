"""The arguments that the commands of ``haienv`` share."""

from __future__ import annotations

import argparse

from hfai.cli.language import tr

KEYS = ("extra_search_dir", "extra_search_bin_dir", "extra_environment")


def add_name(parser: argparse.ArgumentParser) -> None:
    """``NAME``, which Tab completes."""
    parser.add_argument("name", metavar="ENVIRONMENT", help=tr("name of an environment"))


def add_owner(parser: argparse.ArgumentParser) -> None:
    """``-u OWNER``."""
    parser.add_argument("-u", "--user", metavar="OWNER", help=tr("whose environment; default: yours"))


def add_which(parser: argparse.ArgumentParser) -> None:
    """``-n NAME``."""
    parser.add_argument("-n", "--name", required=True, metavar="ENVIRONMENT", help=tr("name of an environment"))
