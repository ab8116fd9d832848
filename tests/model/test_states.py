"""Where a task is: the table of moves, and what follows from it for runs and chains."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hfai.model.errors import IllegalMove
from hfai.model.states import LEGAL_MOVES, ChainStatus, JobStatus, QueueStatus, chain_status, move, worker_status


def reachable(start: JobStatus) -> set[JobStatus]:
    seen: set[JobStatus] = set()
    todo = [start]
    while todo:
        for status in LEGAL_MOVES[todo.pop()] - seen:
            seen.add(status)
            todo.append(status)
    return seen


def test_only_the_moves_of_the_table_are_possible() -> None:
    """Every pair: either in the table, or an IllegalMove that names both."""
    for old, new in itertools.product(JobStatus, JobStatus):
        if new in LEGAL_MOVES[old]:
            assert move(old, new) is new
        else:
            with pytest.raises(IllegalMove, match=f"from {old.value} to {new.value}"):
                move(old, new)


def test_every_job_can_end_and_nothing_leads_back() -> None:
    """An end can be reached from everywhere; only ``unschedulable`` and ``building`` may alternate."""
    assert set(LEGAL_MOVES) == set(JobStatus)
    for status in JobStatus:
        assert status.is_terminal or any(end.is_terminal for end in reachable(status))
        assert JobStatus.CREATED not in reachable(status)
        if status in reachable(status):
            assert status in (JobStatus.UNSCHEDULABLE, JobStatus.BUILDING)


def test_ending_states_lead_only_to_their_own_end() -> None:
    """``X_terminating`` becomes ``x``; what ends is ending."""
    for status in JobStatus:
        if status.value.endswith("_terminating"):
            assert LEGAL_MOVES[status] == {JobStatus(status.value[: -len("_terminating")])}
        assert status.is_ending == (status.is_terminal or status.value.endswith("_terminating"))


@pytest.mark.parametrize(
    ("queue_status", "is_first_run", "expected"),
    [
        (QueueStatus.QUEUED, True, ChainStatus.WAITING_INIT),
        (QueueStatus.QUEUED, False, ChainStatus.SUSPENDED),
        (QueueStatus.SCHEDULED, True, ChainStatus.RUNNING),
        (QueueStatus.SCHEDULED, False, ChainStatus.RUNNING),
        (QueueStatus.FINISHED, True, ChainStatus.FINISHED),
        (QueueStatus.FINISHED, False, ChainStatus.FINISHED),
    ],
)
def test_chain_status(queue_status: QueueStatus, is_first_run: bool, expected: ChainStatus) -> None:
    """The wire document, section 12."""
    assert chain_status(queue_status, is_first_run=is_first_run) is expected


@given(st.lists(st.sampled_from(JobStatus), min_size=1))
def test_a_run_is_as_its_worst_job(jobs: list[JobStatus]) -> None:
    """It is the status of one of its jobs, does not depend on their order, and a failed job shows."""
    status = worker_status(jobs)
    assert JobStatus(status) in jobs
    assert status == worker_status(reversed(jobs))
    assert (status == "failed") == (JobStatus.FAILED in jobs)


def test_a_run_without_jobs_is_queued() -> None:
    """The word that an existing server uses before there are pods."""
    assert worker_status([]) == "queued"
