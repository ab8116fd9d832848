"""Who uses an environment, of processes that are at it just now."""

from __future__ import annotations

import os
import subprocess

from hfai.haienv.users import tasks_using

# It becomes a new program again and again, three thousand times.
AGAIN = 'n=$((${N:-0}+1)); export N=$n; [ $n -gt 3000 ] && exec sleep 60; exec /bin/sh -c "$0" "$0"'


def test_one_that_becomes_another_program() -> None:
    """At that moment it has no variables; it is found each time all the same."""
    env = {**os.environ, "HFAI_RUN": "e:1:0", "MARSV2_NB_NAME": "busy", "VIRTUAL_ENV": "/envs/of this test"}
    with subprocess.Popen(["/bin/sh", "-c", AGAIN, AGAIN], env=env) as process:
        try:
            assert all(tasks_using("/envs/of this test") == ["busy"] for _ in range(50))
        finally:
            process.kill()
    assert tasks_using("/envs/of this test") == []
