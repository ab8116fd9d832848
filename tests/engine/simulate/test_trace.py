"""Traces as they come: good ones are read alike everywhere, bad ones named to the line."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from hfai.engine.simulate.chart import svg
from hfai.engine.simulate.replay import Usage
from hfai.engine.simulate.trace import read_trace
from hfai.model.errors import UsageError

GOOD = "timestamp,duration,num_gpus,gpu_time,cluster\n2017-10-09 07:01:55,66.0,3,66.0,x\n2017-10-09 07:00:41,64.0,1,64.0,x\n"


def test_a_trace_is_read_in_order_of_submission(tmp_path: Path) -> None:
    """Times count from the first submission, GPUs become nodes, users come from a fixed hash."""
    path = tmp_path / "trace.csv"
    path.write_text(GOOD)
    first, second = read_trace(path, users=20, gpus_per_node=2)
    assert (first.submit_s, first.work_s, first.width) == (0.0, 64.0, 1)
    assert (second.submit_s, second.width) == (74.0, 2)
    assert (first.user, second.user) == tuple(job.user for job in read_trace(path))


def test_named_users_and_priorities_are_kept(tmp_path: Path) -> None:
    """A trace may say who and how urgent."""
    path = tmp_path / "trace.csv"
    path.write_text("timestamp,duration,nodes,user,priority\n5,10,2,ann,HIGH\n9,10,1,bob,-1\n")
    assert [(job.user, job.priority) for job in read_trace(path)] == [("ann", 30), ("bob", -1)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("timestamp,num_gpus\n1,1\n", "no column duration"),
        ("timestamp,duration\n1,1\n", "no column num_gpus or nodes"),
        ("timestamp,duration,nodes\nsoon,1,1\n", ":2: timestamp is 'soon'"),
        ("timestamp,duration,nodes\n1,2,3\n1,long,1\n", ":3: duration is 'long'"),
        ("timestamp,duration,nodes,priority\n1,2,3,URGENT\n", ":2: priority is 'URGENT'"),
        ("timestamp,duration,nodes\n1,0,1\n", "no submission with work"),
    ],
)
def test_a_bad_trace_is_named_to_the_line(tmp_path: Path, text: str, names: str) -> None:
    """What, where and which value."""
    path = tmp_path / "trace.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=names):
        read_trace(path)


def test_a_missing_trace(tmp_path: Path) -> None:
    """The file is named."""
    with pytest.raises(UsageError, match=r"nowhere\.csv"):
        read_trace(tmp_path / "nowhere.csv")


def test_the_chart_is_whole_svg() -> None:
    """One line per series, inside the frame."""
    usage = [Usage(0.0, 2), Usage(50.0, 4), Usage(100.0, 0)]
    root = ElementTree.fromstring(svg([("ours", "#1668a8", usage), ("FIFO", "#c0392b", usage)], 4, 100.0))
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 2
    heights = [float(point.split(",")[1]) for point in lines[0].attrib["points"].split()]
    assert heights[0] > heights[-1], "four nodes in use stand higher than two"
