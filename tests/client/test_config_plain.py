"""The quick reader of conf.yaml: never another meaning than that of YAML."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from hfai.client._config import Settings, load_settings, save_settings
from hfai.client._config_plain import plain_mapping


def as_yaml(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


PLAIN = "url token contexts current a true null yes 0x1f 1e5 12 ~ http://a:80/b a: a#b | > %x @x ` é 2020-01-01 inf .inf nan << --- ..."
ODD = ["", "'x y'", '"x"', "'it''s'", '"\\n"', "a #b", "- a", "{a: b}", "[1]", "*a", "&a b", "!!str 1", "\t", "x\ty", "\x85", "a b", "? a"]
WORDS = st.sampled_from([*PLAIN.split(), *ODD])
COLONS, TAILS = st.sampled_from([": ", ":", " : ", ":  ", ""]), st.sampled_from(["", " ", " # c", "#c", "  "])
LINES = st.tuples(st.integers(0, 6), WORDS, COLONS, WORDS, TAILS)


@given(st.lists(LINES, max_size=6).map(lambda lines: "".join(f"{' ' * n}{a}{b}{c}{d}\n" for n, a, b, c, d in lines)))
@example("url: http://a\ntoken: 'x'\n")
@example("contexts:\n  a:\n    url: http://a\n  b:\n# c\n    url: x1\n")
@example("contexts:\n\n  a:\n   \n    url: http://a\nurl: b\n")
@example("a: b:\n")
@example("a:\n  b: c\n    d: e\n")
def test_it_means_what_yaml_means(text: str) -> None:
    plain = plain_mapping(text)
    if plain is not None:
        assert plain == (as_yaml(text) or {})


@given(st.text(max_size=40))
def test_any_text(text: str) -> None:
    plain = plain_mapping(text)
    if plain is not None:
        try:
            assert plain == (as_yaml(text) or {})
        except YAMLError:
            pytest.fail(f"{text!r} is no YAML")


def test_what_init_writes_is_read_so(own_home: Path) -> None:
    """Then no command loads a YAML library."""
    save_settings(Settings("default", "http://a:80", "ACCESS-61626323-x_Y", "haiplatform", "ada"))
    save_settings(Settings("lab", "https://b.example.org", "hfai-3aB_-x", "hfai", "bob"))
    assert plain_mapping((own_home / "conf.yaml").read_text()) is not None
    code = "import sys; from hfai.client._config import load_settings; load_settings(); print('ruamel.yaml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert load_settings().context == "lab"
    stream = StringIO()
    YAML(typ="safe", pure=True).dump(plain_mapping((own_home / "conf.yaml").read_text()), stream)
    assert as_yaml(stream.getvalue())["contexts"]["lab"]["user"] == "bob"
