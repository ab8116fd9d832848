"""Runs inside the peers' own environment: one measurement of one peer for every line read, its seconds as the answer.

Standard library and the peer only: their requirements and ours do not fit into one environment.
"""

import os
import sys
import tempfile
import time


def submitit_first_line(work):
    import submitit

    executor = submitit.LocalExecutor(folder=os.path.join(work, "submitit"))  # noqa: PTH118
    executor.update_parameters(timeout_min=1)

    def once():
        began = time.perf_counter()
        job = executor.submit(print, "hello")
        while "hello" not in (job.stdout() or ""):
            time.sleep(0.002)
        spent = time.perf_counter() - began
        job.result()
        return spent

    return once


def submitit_twenty(work):
    import submitit

    executor = submitit.LocalExecutor(folder=os.path.join(work, "submitit-twenty"))  # noqa: PTH118

    def once():
        began = time.perf_counter()
        for job in [executor.submit(int) for _ in range(20)]:
            job.result()
        return time.perf_counter() - began

    return once


def torchx_first_line(work):
    from torchx.runner import get_runner

    runner = get_runner()

    def once():
        began = time.perf_counter()
        log_dir = tempfile.mkdtemp(dir=work)
        # It stays a moment: of a task that has ended already its follower may show nothing.
        app = runner.run_component("utils.sh", ["sh", "-c", "echo hello; sleep 0.5"], "local_cwd", {"log_dir": log_dir})
        line = next(iter(runner.log_lines(app, "sh", 0, should_tail=True)))
        spent = time.perf_counter() - began
        runner.wait(app, wait_interval=0.05)
        if "hello" not in line:
            raise RuntimeError(f"torchx gave {line!r}")
        return spent

    return once


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a peer prints must not get between the answers
    measure = globals()[sys.argv[1]](sys.argv[2])
    for _ in sys.stdin:
        answers.write(f"{measure()}\n")
