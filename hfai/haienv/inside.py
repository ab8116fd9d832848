"""``set_env``: a running Python goes over to an environment."""

from __future__ import annotations

import os
import site
import sys
from typing import Optional

from hfai.haienv.activation import entered
from hfai.haienv.registry import Environment, find
from hfai.model.errors import UsageError


def set_env(name: str, owner: Optional[str] = None) -> Environment:
    """Use the packages, programs and variables of an environment from here on, in this process and those that it starts.

    What has been imported stays as it is. May be called again with another environment; the last stands in front.

    Args:
        name: of the environment; ``NAME[OWNER]`` is understood.
        owner: whose it is, by default one's own.

    Returns:
        The environment.

    Raises:
        EnvironmentNotFound: there is none of that name.
        UsageError: it is for another version of Python than this process is.

    Source: HAI's documentation of haienv. Does not block.

    Example:
        >>> from hfai import haienv
        >>> haienv.set_env("extenv").py  # doctest: +SKIP
        '3.11.2'
    """
    one = find(name, owner)
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if ".".join(one.py.split(".")[:2]) != here:
        template = "environment {name} is for Python {py}, this process is {here}: start it with {python}"
        raise UsageError(template, name=one.name, py=one.py, here=here, python=str(one.python))
    for key, value in entered(one, os.environ).items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value
    before = list(sys.path)
    site.addsitedir(str(one.site_packages))
    added = [place for place in sys.path if place not in before]
    # Its own come before what this process had, those of its base behind, as in the environment itself.
    own = {str(one.site_packages), *one.config["extra_search_dir"]}
    first = [place for place in sys.path if place in own]
    sys.path[:] = [
        *first,
        *(place for place in before if place not in own),
        *(place for place in added if place not in own),
    ]
    return one
