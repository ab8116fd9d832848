"""Runs that have just been queued, as the scheduler takes them up."""

from __future__ import annotations

from hfai.engine.scheduling.live import LiveRun
from hfai.engine.store.chains import NewChain
from hfai.model.records import Run, Task
from hfai.model.states import QueueStatus


def first_run(run_id: int, new: NewChain) -> LiveRun:
    """The first run of a chain that the store has just taken."""
    return LiveRun(
        id=run_id,
        first_id=run_id,
        chain_id=new.chain_id,
        user_name=new.user_name,
        nb_name=new.spec.name,
        group=new.group,
        width=new.spec.node_count,
        priority=new.spec.priority,
        created_at=new.created_at,
        queued_at=new.created_at,
        whole_life_state=new.spec.whole_life_state,
        pinned_to=new.pinned_to,
    )


def not_queued(new: NewChain) -> Task:
    """The task that a submission would make; its run has the id 0."""
    spec = new.spec
    run = Run(id=0, queue_status=QueueStatus.QUEUED, created_at=new.created_at, whole_life_state=spec.whole_life_state)
    return Task(
        chain_id=new.chain_id,
        user_name=new.user_name,
        nb_name=spec.name,
        task_type=spec.task_type,
        group=new.group,
        nodes=spec.node_count,
        priority=spec.priority,
        workspace=spec.workspace,
        code_file=spec.code_file,
        backend=spec.image,
        schema=spec.to_wire(),
        tags=spec.tags,
        runs=(run,),
        config={"client_group": spec.group},
    )
