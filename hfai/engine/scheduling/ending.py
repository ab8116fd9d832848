"""How a run ended, from how its ranks ended: what happened first counts.

========================== ============== ========= ==============================================
what came first            worker status  stop code exit status
========================== ============== ========= ==============================================
every rank exited with 0   succeeded      1         0
a rank failed by itself    failed         129       its exit code, 128+N for signal N
stopped by the user        stopped        1025      143, as of a process ended by SIGTERM
marked as failed           failed         8193      1
marked as succeeded        succeeded      4097      0
suspended                  stopped        17        143; the chain is queued again
watchdog or time limit     failed         513       137, as of a process ended by SIGKILL
lost by the platform       stopped        17        1; the chain is queued again
its node found unfit       stopped        17        1; the chain is queued again
the same, too often        failed         129       1
failed, restart asked for  failed         2177      its exit code; the chain is queued again
hung, restart asked for    failed         2561      137; the chain is queued again
========================== ============== ========= ==============================================

Stop codes: wire document, section 12.
"""

from __future__ import annotations

import signal
from typing import Optional

from attrs import evolve, frozen

from hfai.engine.executors.base import LOST, UNFIT, RankEnd
from hfai.engine.scheduling.live import LiveRun
from hfai.model.codes import StopCode
from hfai.model.phrase import Phrase
from hfai.model.records import Cause, End
from hfai.model.states import JobStatus

TERMINATED = 128 + signal.SIGTERM
KILLED = 128 + signal.SIGKILL

_STATUS_OF_WORD = {
    "stop": JobStatus.STOPPED_TERMINATING,
    "gang": JobStatus.STOPPED_TERMINATING,
    "suspend": JobStatus.STOPPED_TERMINATING,
    "fail": JobStatus.FAILED_TERMINATING,
    "succeed": JobStatus.SUCCEEDED_TERMINATING,
}
_S = StopCode
_OF_WORD = {
    "stop": (_S.STOP | _S.MANUAL_STOP, Cause.STOPPED, TERMINATED, Phrase("stopped by the user")),
    "fail": (_S.STOP | _S.MANUAL_FAILED, Cause.MARKED_FAILED, 1, Phrase("marked as failed by the user")),
    "succeed": (_S.STOP | _S.MANUAL_SUCCEEDED, Cause.MARKED_SUCCEEDED, 0, Phrase("marked as succeeded by the user")),
    "suspend": (_S.STOP | _S.INTERRUPT, Cause.SUSPENDED, TERMINATED, Phrase("suspended")),
}
CANCELED = End(
    cause=Cause.CANCELED, exit_status=TERMINATED, message=Phrase("canceled by the user before it was started")
)


@frozen
class Conclusion:
    """How a run ended; ``is_restarted`` whether its chain is queued again."""

    end: End
    stop_code: StopCode
    is_restarted: bool = False


def is_failure(end: RankEnd) -> bool:
    """Whether a rank failed by itself, rather than because it was told to end."""
    return end.asked is None and not end.is_success


def status_of(end: RankEnd, *, may_restart: bool, is_unfit: bool = False) -> JobStatus:
    """The status of a job whose rank has ended: ``*_terminating`` until the whole run has.

    Args:
        end: how it ended.
        may_restart: whether the platform starts the run again if it was the platform that failed the rank.
        is_unfit: whether the run is suspended because the node of this rank is not fit.
    """
    if is_unfit and not may_restart and end.asked == "suspend":
        return JobStatus.FAILED_TERMINATING
    if end.asked is not None:
        return _STATUS_OF_WORD[end.asked]
    if end.is_success:
        return JobStatus.SUCCEEDED_TERMINATING
    if end.is_platform_failure and may_restart:
        return JobStatus.STOPPED_TERMINATING
    return JobStatus.FAILED_TERMINATING


def conclude(run: LiveRun, *, may_restart: bool, may_retry: bool = False) -> Conclusion:
    """How a run ended, all of whose ranks have.

    Args:
        run: the run.
        may_restart: whether the platform starts it again if the platform has failed it.
        may_retry: whether it is started again if its own code has failed or hung.
    """
    failed = [end for end in run.ends.values() if is_failure(end)]
    if failed:
        first = min(failed, key=lambda end: (end.ended_at, end.rank))
        conclusion = _after(first, run, may_restart=may_restart)
        if may_retry and conclusion.end.cause in (Cause.USER_CODE, Cause.WATCHDOG):
            conclusion = evolve(conclusion, stop_code=conclusion.stop_code | _S.HOOK_RESTART, is_restarted=True)
    else:
        conclusion = _as_asked(run, _word(run))
        if conclusion.end.cause is Cause.SUSPENDED and run.suspension and run.suspension.unfit_rank is not None:
            conclusion = _failed_by_platform(run.suspension.why, run.suspension.unfit_rank, may_restart=may_restart)
    if conclusion.is_restarted and run.asked is not None:
        # The user wanted an end of the chain, whatever this run ended by.
        return _as_asked(run, run.asked)
    return conclusion


def _as_asked(run: LiveRun, word: Optional[str]) -> Conclusion:
    if word is None:
        return Conclusion(End(cause=Cause.SUCCEEDED, exit_status=0), StopCode.STOP)
    stop_code, cause, exit_status, message = _OF_WORD[word]
    if cause is Cause.SUSPENDED and run.suspension is not None:
        message = Phrase("suspended: {why}", why=run.suspension.why)
    end = End(cause=cause, exit_status=exit_status, message=message)
    return Conclusion(end, stop_code, is_restarted=cause is Cause.SUSPENDED)


def _word(run: LiveRun) -> Optional[str]:
    """The user's word that a rank has followed."""
    followed = {end.asked for end in run.ends.values()} & _OF_WORD.keys()
    if not followed:
        return None
    return run.asked if run.asked in followed else min(word for word in followed if word is not None)


def _after(first: RankEnd, run: LiveRun, *, may_restart: bool) -> Conclusion:
    """The run ended because this rank did."""
    who = Phrase("rank {rank}", rank=first.rank) if len(run.jobs) > 1 else Phrase("the task")
    stop_code = StopCode.STOP | StopCode.FAILED
    if first.outcome == LOST:
        return _failed_by_platform(_lost(who, first.message), first.rank, first, may_restart=may_restart)
    if first.outcome == UNFIT:
        what = Phrase("node {node} was not fit: {why}", node=run.jobs[first.rank].node, why=first.message)
        return _failed_by_platform(what, first.rank, may_restart=may_restart)
    if first.outcome in ("watchdog", "timeout"):
        stop_code = StopCode.STOP | StopCode.TIMEOUT
        cause = Cause.WATCHDOG if first.outcome == "watchdog" else Cause.TIMEOUT
        exit_status = KILLED
        message = Phrase("{who}: {what}", who=who, what=first.message or first.outcome)
    else:
        cause = Cause.USER_CODE
        exit_status = 128 + first.signal if first.signal else first.exit_code or 1
        message = _failure(who, first)
    end = End(
        cause=cause,
        exit_status=exit_status,
        rank=first.rank,
        exit_code=first.exit_code,
        signal=first.signal,
        last_lines=first.last_lines,
        message=message,
    )
    return Conclusion(end, stop_code)


def _failed_by_platform(what: str, rank: int, end: Optional[RankEnd] = None, *, may_restart: bool) -> Conclusion:
    """It was not the task's fault; ``end``: of the rank that is to blame, where it tells more."""
    message, stop_code = what, StopCode.STOP | StopCode.INTERRUPT
    if not may_restart:
        stop_code = StopCode.STOP | StopCode.FAILED
        message = Phrase("{what}; not started again, since this happened too often in a row", what=what)
    last_lines = () if end is None else end.last_lines
    record = End(cause=Cause.PLATFORM, exit_status=1, rank=rank, last_lines=last_lines, message=message)
    return Conclusion(record, stop_code, is_restarted=may_restart)


def _lost(who: str, message: str) -> Phrase:
    return Phrase("{who} was lost: {what}", who=who, what=message) if message else Phrase("{who} was lost", who=who)


def _failure(who: str, end: RankEnd) -> Phrase:
    if end.outcome == "exec_failed":
        return Phrase("{who} could not be started: {what}", who=who, what=end.message)
    if end.signal:
        how = end.message or Phrase("killed by signal {signal}", signal=end.signal)
        return Phrase("{who} was {how}", who=who, how=how)
    return Phrase("{who} exited with code {code}", who=who, code=end.exit_code)
