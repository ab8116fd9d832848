"""How requests are asked, asked again, and what becomes of refusals."""

from __future__ import annotations

import threading

import pytest

import hfai
from hfai.client import _session, get_experiment, get_experiments, nodes, user_info
from hfai.model.errors import (
    InvalidTask,
    NotAuthorised,
    ProtocolMismatch,
    RefusedError,
    TaskNotFound,
    UnreachableError,
    UsageError,
)

USER = {"success": 1, "result": {"user_name": "ada", "user_id": 3, "group_list": ["a"], "token": "ACCESS-leak"}}


def test_our_engine_gets_the_token_in_the_header(engine) -> None:
    """Never in the address, and what we are beside it."""
    engine.routes["query/user/info"] = USER
    assert user_info().user_name == "ada"
    (request,) = engine.asked("query/user/info")
    assert request.headers["authorization"] == "Bearer secret-token"
    assert request.headers["hfai-protocol"] == str(hfai.PROTOCOL)
    assert "token" not in request.query


def test_a_hai_platform_gets_it_in_the_query(haiplatform) -> None:
    """It takes it nowhere else."""
    haiplatform.routes["query/user/info"] = USER
    user_info()
    (request,) = haiplatform.asked("query/user/info")
    assert request.query == {"token": "ACCESS-secret"}
    assert "authorization" not in request.headers


def test_the_kind_is_asked_once(engine) -> None:
    """And one connection serves all of it."""
    engine.routes["query/user/info"] = USER
    for _ in range(3):
        user_info()
    assert len(engine.asked("api_server_status")) == 1
    assert engine.connections == 1


def test_a_known_kind_is_not_asked(engine, own_home, monkeypatch) -> None:
    (own_home / "conf.yaml").write_text(f"url: {engine.url}\ntoken: t\nkind: hfai\n")
    engine.routes["query/user/info"] = USER
    user_info()
    assert engine.asked("api_server_status") == []


def test_another_protocol(engine) -> None:
    """Names both versions."""
    engine.routes["api_server_status"] = {"success": 1, "engine": "hfai", "version": "9.9", "protocol": 99}
    with pytest.raises(ProtocolMismatch, match=rf"hfai 9\.9, this client is hfai {hfai.__version__}"):
        user_info()


def test_another_version_is_a_note(engine, capsys) -> None:
    """Once."""
    status = {"success": 1, "engine": "hfai", "version": "0.0.7", "protocol": hfai.PROTOCOL}
    engine.routes["api_server_status"] = status
    engine.routes["query/user/info"] = USER
    user_info()
    _session.forget()
    user_info()
    assert capsys.readouterr().err == f"hfai: the engine is hfai 0.0.7, this is hfai {hfai.__version__}\n"


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        ((403, {"success": 0, "msg": "根据 token 未找到用户"}), NotAuthorised, "does not know this token"),
        ((401, {"success": 0, "msg": "该 token 已经过期了，请重新提供凭证"}), NotAuthorised, "expired"),
        ((401, {"success": 0, "msg": "no task of user [a] with id [1]"}), TaskNotFound, "no task 1"),
        ({"success": 0, "msg": "没有符合条件的任务"}, TaskNotFound, "no task 1"),
        ({"success": 0, "msg": "无效的 priority"}, RefusedError, "无效的 priority"),
        (
            (422, {"detail": [{"loc": ["query", "page"], "msg": "field required", "type": "value_error.missing"}]}),
            UsageError,
            "page: field required",
        ),
        ((404, {"success": 0, "msg": "Not Found"}), RefusedError, "does not offer this"),
        ((500, "Internal Server Error"), UnreachableError, "HTTP status 500"),
        ((502, "<html>"), UnreachableError, "HTTP status 502"),
        ("<html>", UnreachableError, "not that of a HAI Platform"),
        ({"status_code": 403, "detail": "无权操作他人任务", "headers": None}, NotAuthorised, "无权操作他人任务"),
        (
            {"success": 0, "code": "invalid_task", "msg": "中文", "template": "{key} is wrong", "data": {"key": "k"}},
            InvalidTask,
            "k is wrong",
        ),
    ],
)
def test_refusals(haiplatform, answer, kind, text) -> None:
    """Each becomes the error that it stands for; none shows the token."""
    haiplatform.routes["query/task"] = answer
    with pytest.raises(kind, match=text) as caught:
        get_experiment(id=1)
    assert "ACCESS-secret" not in str(caught.value)


def test_nobody_there(haiplatform, own_home) -> None:
    """The address is named, the token is not, not even in the traceback's causes."""
    (own_home / "conf.yaml").write_text(f"url: {haiplatform.url}\ntoken: ACCESS-secret\nkind: haiplatform\n")
    haiplatform.close()
    with pytest.raises(UnreachableError) as caught:
        user_info()
    assert haiplatform.url in str(caught.value)
    assert "ACCESS-secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_connection_that_breaks_off_is_no_error_for_a_question(engine, drop) -> None:
    engine.routes["query/user/info"] = [drop(), drop(), USER]
    assert user_info().user_name == "ada"


def test_but_not_for_ever(engine, drop) -> None:
    engine.routes["query/user/info"] = drop()
    with pytest.raises(UnreachableError):
        user_info()
    assert len(engine.asked("query/user/info")) == 3


def test_each_thread_has_its_own_connection(engine, task) -> None:
    """Answers never cross."""
    engine.routes["query/task"] = lambda request: {"success": 1, "result": {"task": task(id=int(request.query["id"]))}}
    wrong = []

    def ask(number: int) -> None:
        for _ in range(50):
            if get_experiment(id=number).id != number:
                wrong.append(number)
        _session.current().close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert engine.connections == 4


def test_nodes(engine) -> None:
    row = {
        "name": "n0",
        "group": "g",
        "mars_group": "a.g",
        "status": "Ready",
        "gpu_num": 8,
        "cpu": 4,
        "memory": 1 << 30,
    }
    engine.routes["query/node/list"] = {"success": 1, "cluster_df": [row]}
    (node,) = nodes()
    assert (node.name, node.group, node.label, node.is_ready, node.memory_bytes) == ("n0", "g", "a.g", True, 1 << 30)
    assert node.working_user is None


@pytest.mark.parametrize(
    ("page", "page_size"), [(0, 10), (-1, 10), (1, 0), (1, 51), (1, -3), ("1", 10), (1.5, 10), (True, 10)]
)
def test_pages_out_of_range(engine, page, page_size) -> None:
    """Said here, before anything is asked."""
    with pytest.raises(UsageError, match=r"page(_size)? must be"):
        get_experiments(page, page_size)
    assert engine.requests == []


def test_a_page(engine, task) -> None:
    """Every filter goes out under its wire name; the total and the tasks come back."""
    engine.routes["query/task/list"] = {"success": 1, "result": {"total": 9, "tasks": [task(id=3), task(id=2)]}}
    total, tasks = get_experiments(4, 2, True, False, "sample", tag_list=["a", "b"], chain_status_list=["finished"])
    assert (total, [one.id for one in tasks]) == (9, [3, 2])
    (request,) = engine.asked("query/task/list")
    assert request.many == {
        "page": ["4"],
        "page_size": ["2"],
        "only_star": ["True"],
        "select_pods": ["False"],
        "nb_name_pattern": ["sample"],
        "task_type": ["training", "virtual", "background"],
        "tag": ["a", "b"],
        "chain_status": ["finished"],
    }


def test_a_page_of_a_hai_platform_by_chain_status(haiplatform, task) -> None:
    """It knows queue states only; what is too much is left out here."""
    rows = [task(id=3, chain_status="suspended"), task(id=2, chain_status="waiting_init")]
    haiplatform.routes["query/task/list"] = {"success": 1, "result": {"total": 2, "tasks": rows}}
    _, tasks = get_experiments(1, 10, chain_status_list=["suspended"])
    assert [one.id for one in tasks] == [3]
    assert haiplatform.asked("query/task/list")[0].many["queue_status"] == ["queued"]


def test_names_for_completion(engine, own_home, task) -> None:
    """What a remote server has told of, newest first, a chain once."""
    rows = [task(id=2, nb_name="b"), task(id=1, id_list=[1], nb_name="a", chain_status="finished")]
    engine.routes["query/task/list"] = {"success": 1, "result": {"total": 2, "tasks": rows}}
    get_experiments(1, 10)
    engine.routes["query/task/list"]["result"]["tasks"] = [task(id=5, id_list=[2, 5], nb_name="b")]
    get_experiments(1, 10)
    assert (own_home / "cache" / "default.names").read_text() == "5\tb\trunning\n1\ta\tfinished\n"
