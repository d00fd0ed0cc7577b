"""The layers of values and what stands for a reference."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipline.core.errors import UsageError
from provisioning.assets.documents import read_document
from provisioning.assets.variables import Layer, Value, Variables, gather
from tests.conftest import Run


def substitute(text: str, **values: str) -> str:
    """Replace references in a text by values given as flags."""
    layer = {name: Value(value, Layer.FLAG, "--var", Path()) for name, value in values.items()}
    return Variables({Layer.FLAG: layer}).substitute(text, where="x:1", base=Path()).text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("${a}", "1"),
        ("<${a}>", "<1>"),
        ("${a}${b:-two}", "1two"),
        ("${b:-}", ""),
        ("$${a}", "${a}"),
        ("$a {a}", "$a {a}"),
        ("{{{_ingest.timestamp}}}", "{{{_ingest.timestamp}}}"),
    ],
)
def test_references(text: str, wanted: str) -> None:
    assert substitute(text, a="1") == wanted


@pytest.mark.parametrize("text", ["${a:-${b}}", "${1}", "${", "${a"])
def test_broken_references(text: str) -> None:
    with pytest.raises(UsageError, match="has a broken reference"):
        substitute(text)


def test_a_literal_dollar_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "vars.yml").write_text("a: $${b}\n", "utf-8")
    assert gather(stack=tmp_path, environment={}).get("a").text == "${b}"  # type: ignore[union-attr]


@given(st.text())
def test_values_are_never_read_again(value: str) -> None:
    assert substitute("${a}", a=value) == value


@given(st.text(alphabet=st.characters(exclude_characters="$")))
def test_text_without_references_stays(text: str) -> None:
    assert substitute(text) == text


def test_layers(tmp_path: Path) -> None:
    (tmp_path / "vars.yml").write_text("a: stack\nb: stack\nc: stack\nd: stack\n")
    (tmp_path / "more.yml").write_text("a: file\nb: file\n")
    variables = gather(
        stack=tmp_path,
        flags=["a=flag"],
        files=[tmp_path / "more.yml"],
        environment={"CLIPLINE_VAR_a": "env", "CLIPLINE_VAR_b": "env", "CLIPLINE_VAR_c": "env", "OTHER_d": "x"},
    )
    found = {name: value.text for name in "abcd" if (value := variables.get(name))}
    assert found == {"a": "flag", "b": "file", "c": "env", "d": "stack"}


@pytest.mark.parametrize(("text", "wanted"), [("3", 3), ("true", True), ("x-1", "x-1"), ("", None), ("[1", "[1")])
def test_a_whole_reference_is_a_yaml_scalar(tmp_path: Path, text: str, wanted: object) -> None:
    file = tmp_path / "x.yml"
    file.write_text("value: ${a}\ntext: v${a}\n")
    document = read_document(
        file, substitute=lambda scalar, _: (scalar.replace("${a}", text), tmp_path, scalar == "${a}")
    )
    assert document.mapping() == {"value": wanted, "text": f"v{text}"}


@pytest.mark.parametrize("flag", ["a", "=1", "a b=1", "1a=2"])
def test_a_flag_that_is_no_assignment(tmp_path: Path, flag: str) -> None:
    with pytest.raises(UsageError):
        gather(stack=tmp_path, flags=[flag], environment={})


def test_paths_belong_to_where_they_were_written(tmp_path: Path) -> None:
    (tmp_path / "vars.yml").write_text("a: sub/model\n")
    variables = gather(stack=tmp_path, flags=["b=sub/model"], environment={})
    assert variables.substitute("${a}", where="x:1", base=Path("/file")).base == tmp_path
    assert variables.substitute("${b}", where="x:1", base=Path("/file")).base == Path.cwd()
    assert variables.substitute("${c:-sub}", where="x:1", base=Path("/file")).base == Path("/file")


def test_a_slip_in_the_stacks_own_variables(stack_copy: Path, clipline: Run) -> None:
    with (stack_copy / "vars.yml").open("a", encoding="utf-8") as file:
        file.write("replcas: 1\n")
    done = clipline("validate", "--stack", str(stack_copy), code=2)
    assert "no file of this stack uses the variable replcas" in done.stderr
    assert "did you mean replicas?" in done.stderr
