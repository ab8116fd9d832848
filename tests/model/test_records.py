"""The task object of the wire document, section 2, made from records."""

from __future__ import annotations

import json

from attrs import evolve

from hfai.model.codes import StopCode
from hfai.model.records import Cause, End, Job, Pending, Run, Task, local_time, run_worker_status
from hfai.model.states import JobStatus, QueueStatus

END = End(Cause.USER_CODE, 3, rank=1, exit_code=3, last_lines=("boom",), message="rank 1 failed with 3")
FIRST = Run(7, QueueStatus.FINISHED, 1e9, 1e9 + 1, 1e9 + 5, StopCode.STOP | StopCode.INTERRUPT, worker_status="stopped")
SECOND = Run(9, QueueStatus.SCHEDULED, 1e9 + 6, 1e9 + 7, worker_status="running", whole_life_state=4)
TASK = Task(
    chain_id="c",
    user_name="some_one",
    nb_name="sample_exp",
    task_type="training",
    group="default",
    nodes=2,
    priority=30,
    workspace="/w",
    code_file="/w/train.py ",
    backend="default",
    schema={"version": 2},
    tags=("star", "digits"),
    runs=(FIRST, SECOND),
    jobs=(Job(0, JobStatus.RUNNING, "cpu-0", 1e9), Job(1, JobStatus.BUILDING, "cpu-1", 1e9, 1e9 + 1, exit_code=0)),
    assigned_nodes=("cpu-0", "cpu-1"),
)

# Every field that an existing server sends (wire document, section 2).
WIRE_FIELDS = """_pods_ assigned_nodes backend begin_at end_at created_at chain_id chain_status code_file config_json first_id
id group id_list queue_status_list begin_at_list end_at_list created_at_list stop_code_list suspend_code_list
whole_life_state_list worker_status_list mount_code nb_name user_name workspace nodes notes priority queue_status
restart_count scheduled_info star stop_code suspend_code whole_life_state suspend_updated_at tags task_type worker_status"""
POD_FIELDS = """task_id pod_id job_id status node role created_at begin_at end_at memory cpu exit_code started_at job_uid
assigned_gpus"""


def test_every_field_of_the_wire_is_there_in_order() -> None:
    """Existing clients index them without asking; the keys are sorted, those of pods in their own order."""
    body = json.loads(json.dumps(TASK.to_wire()))
    assert set(WIRE_FIELDS.split()) <= set(body)
    assert list(body) == sorted(body)
    assert list(body["_pods_"][0]) == POD_FIELDS.split()


def test_the_newest_run_in_front_and_one_entry_per_run_in_the_lists() -> None:
    """A chain that was suspended once."""
    body = TASK.to_wire()
    assert (body["id"], body["first_id"], body["id_list"], body["restart_count"]) == (9, 7, [7, 9], 1)
    assert (body["chain_status"], body["worker_status"], body["whole_life_state"]) == ("running", "running", 4)
    assert (body["stop_code"], body["stop_code_list"]) == (0, [17, 0])
    assert all(len(value) == 2 for key, value in body.items() if key.endswith("_list"))
    assert body["star"] is True


def test_pods_name_rank_and_user_as_existing_clients_expect() -> None:
    """``_`` of the user name is ``-`` in a pod id; an exit code is text, ``nan`` until it is known."""
    first, second = TASK.to_wire()["_pods_"]
    assert (first["pod_id"], first["role"], first["exit_code"]) == ("some-one-9-0", "master", "nan")
    assert (second["pod_id"], second["role"], second["exit_code"]) == ("some-one-9-1", "worker", "0")
    assert TASK.to_wire(select_pods=False)["_pods_"] == []
    assert run_worker_status(TASK.jobs) == "building"


def test_times_are_local_iso_text_and_fall_back_as_on_an_existing_server() -> None:
    """``begin_at`` is the creation until the run begins, ``end_at`` is ``begin_at`` until it ends."""
    body = evolve(TASK, runs=(evolve(SECOND, begin_at=None),), jobs=()).to_wire()
    assert body["begin_at"] == body["end_at"] == body["created_at"] == local_time(SECOND.created_at)
    assert local_time(None) is None


def test_end_and_pending_reason_survive_json() -> None:
    """What we add to the wire's task object."""
    assert End.from_wire(json.loads(json.dumps(END.to_wire()))) == END
    pending = Pending("position", "{ahead} tasks are ahead", {"ahead": 3}, position=4)
    body = evolve(TASK, runs=(evolve(SECOND, queue_status=QueueStatus.QUEUED, end=END),), pending=pending).to_wire()
    assert body["pending"]["text"] == "3 tasks are ahead"
    assert body["end"]["last_lines"] == ["boom"]
    assert body["chain_status"] == "waiting_init"


def test_a_suspended_chain_is_never_failed() -> None:
    """Whatever its last run looked like."""
    queued = evolve(SECOND, queue_status=QueueStatus.QUEUED, worker_status="queued", begin_at=None)
    body = evolve(TASK, runs=(FIRST, queued)).to_wire()
    assert (body["chain_status"], body["worker_status"], body["stop_code"]) == ("suspended", "queued", 0)
