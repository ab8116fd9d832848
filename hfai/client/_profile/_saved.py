"""``saved_profile``: what was sampled from the start of a task that was submitted with ``profile.time``."""

from __future__ import annotations

import contextlib
from typing import Sequence, Union

from hfai.client import _session
from hfai.client._log_frames import read_frames
from hfai.client._profile._profile import Profile, RankProfile, RankRecording
from hfai.client._profile._profiling import nothing_sampled, ranks_of
from hfai.client._select import ExperimentLike, query_task, selector, subject
from hfai.client._transport import TransportError
from hfai.model.errors import RefusedError, StreamLost, from_wire


def saved_profile(experiment: ExperimentLike, ranks: Union[int, str, Sequence[int]] = 0) -> Profile:
    """The profile that began with a task, because its task file says ``options: {profile: {time: 60}}``.

    The newest run that has one counts. The task may have ended; while the sampling goes on this is what there is so far.

    Args:
        experiment: an Experiment, the id of a run, or a name; only tasks of your own.
        ranks: one rank, several, ``"0,3-5"`` or ``"all"``.

    Raises:
        RefusedError: it was not submitted with ``profile.time`` or has not begun; or nothing could be sampled, and why.
        RankNotFound, TaskNotFound: it is not there.
        HfaiError: no answer, or another refusal.

    Blocks until it has come; may be called again. Source: the SDK's command options (``profile.time=60``).

    Example:
        >>> saved_profile("sample_exp", ranks="all").save("profile")  # doctest: +SKIP
    """
    task = query_task(selector(experiment), subject=subject(experiment))
    found = tuple(_rank(experiment, rank) for rank in ranks_of(experiment, ranks))
    run, name = found[0].run, str(task["nb_name"])
    if all(rank.is_empty and rank.skipped for rank in found):
        raise nothing_sampled(run, name, found)
    return Profile(run, name, found)


def _rank(experiment: ExperimentLike, rank: int) -> RankProfile:
    session = _session.current()
    if session.is_haiplatform:
        raise RefusedError("{url} is a HAI Platform: it keeps no profiles that could be read from here", url=session.url)
    name = subject(experiment)
    stream = session.stream("query/task/profile", {**selector(experiment), "rank": str(rank)}, subject=name)
    try:
        frames = read_frames(stream)
        head = next(frames)[0]
        if "success" in head:
            raise from_wire(head)
        recording = RankRecording(rank, str(head["node"]), int(head["run"]))
        data = b""
        # What is being written ends anywhere.
        with contextlib.suppress(TransportError):
            for header, piece, missing in frames:
                data += piece
                if not missing:
                    recording.take(header, data)
                    data = b""
        return recording.result("unfinished")
    except (TransportError, StopIteration) as error:
        template = "the profile of task {experiment} was not sent to its end ({reason}): try again"
        raise StreamLost(template, experiment=name, reason=str(error) or "no answer") from None
    finally:
        stream.close()
