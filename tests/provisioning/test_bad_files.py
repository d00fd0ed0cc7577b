"""Whatever lies in a stack's folder: a value, or a sentence with file and line; never anything else, and soon."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from clipline.core.errors import AssetError, UsageError
from provisioning.assets.documents import MAX_BYTES, MAX_DEPTH, read_document
from provisioning.assets.stack import read_stack
from provisioning.assets.validate import check
from provisioning.assets.variables import gather
from tests.conftest import Run

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases" / "bad_files.yml").read_text("utf-8"))


def validate(directory: Path, *flags: str) -> None:
    check(read_stack(directory, gather(stack=directory, flags=flags, environment={})))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["case"]))
def test_a_bad_file(stack_copy: Path, case: dict[str, Any]) -> None:
    (stack_copy / "mappings" / "components").mkdir(exist_ok=True)
    (stack_copy / case.get("file", "pipelines/x.yml")).write_text(case["text"], "utf-8")
    with pytest.raises(AssetError) as caught:
        validate(stack_copy)
    (finding,) = caught.value.findings
    assert re.match(f".*{case['says']}", f"{finding.where}: {finding.what}"), finding


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"processors: []\ndescription: \xff\n", r"x\.yml:2: this file is not UTF-8"),
        ("processors: []\n".encode("utf-16"), r"x\.yml:1: this file is UTF-16"),
        ("processors: []\n".encode("utf-16-le"), r"x\.yml:1: not valid YAML: the character U\+0000"),
        (b"processors: []\n" + b"#" * MAX_BYTES, r"x\.yml:1: this file is larger than 256 KiB"),
        (b"_meta: " + b"[" * 70 + b"]" * 70, rf"x\.yml:1: this is nested deeper than {MAX_DEPTH} levels"),
        (b"_meta: " + b"[" * 500 + b"]" * 500, r"x\.yml:1: is nested deeper than 64 levels"),
        (b"_meta: " + b"[" * 100_000, r"x\.yml:1: is nested deeper than"),
        (b"_meta: " + b"{a: " * 5000, r"x\.yml:\d+: "),
    ],
)
def test_bytes(stack_copy: Path, raw: bytes, says: str) -> None:
    (stack_copy / "pipelines" / "x.yml").write_bytes(raw)
    with pytest.raises(AssetError) as caught:
        validate(stack_copy)
    assert re.search(says, str(caught.value)), str(caught.value)


def test_a_deep_file_of_json(stack_copy: Path) -> None:
    (stack_copy / "pipelines" / "x.json").write_text("[" * 100_000, "utf-8")
    with pytest.raises(AssetError, match=f"is nested deeper than {MAX_DEPTH} levels"):
        validate(stack_copy)


BOMBS = {
    "aliases": "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)),
    "merges": "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 12)),
    "mappings": "".join(f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}\n" for n in range(1, 40)),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_of_aliases(tmp_path: Path, bomb: str) -> None:
    file = tmp_path / "x.yml"
    file.write_text(f"a0: &a0 {{b: c}}\n{BOMBS[bomb]}", "utf-8")
    before = time.process_time()
    with pytest.raises(AssetError, match=r"more than 25000 values, aliases followed"):
        read_document(file)
    assert time.process_time() - before < 30  # where it goes off, it takes longer than anyone waits


def test_aliases_of_one_long_text(tmp_path: Path) -> None:
    file = tmp_path / "x.yml"
    file.write_text(f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 20_000)}]\n", "utf-8")
    before = time.process_time()
    with pytest.raises(AssetError, match=r"more than 1048576 characters, aliases followed"):
        read_document(file)
    assert time.process_time() - before < 30  # unbounded, it takes longer than anyone waits


def test_the_largest_files_do_not_take_long(tmp_path: Path) -> None:
    line = "abc: {d: [1, 2, 3], e: x}\n"
    file = tmp_path / "x.yml"
    file.write_text("".join(f"k{n}{line}" for n in range(3_500)), "utf-8")
    before = time.process_time()
    assert len(read_document(file).mapping()) == 3_500
    assert time.process_time() - before < 30  # one of a megabyte took 20 s


@pytest.mark.parametrize("folder", ["pipelines", "models"])
def test_a_folder_that_is_a_link_to_nothing(stack_copy: Path, folder: str) -> None:
    shutil.rmtree(stack_copy / folder)
    (stack_copy / folder).symlink_to(folder)
    with pytest.raises(UsageError, match=rf"{folder}: is a symbolic link to nothing, or to itself"):
        validate(stack_copy)


@pytest.mark.parametrize("name", ["My Stack", "_x", "a/b", "x" * 65, "a\nb"])
def test_names_that_no_stack_may_have(stack_copy: Path, name: str) -> None:
    with pytest.raises(UsageError, match="the stack's name"):
        validate(stack_copy, f"stack={name}")


@pytest.mark.parametrize("kind", ["fifo", "folder", "loop"])
def test_variables_that_are_no_file(stack_copy: Path, kind: str) -> None:
    own = stack_copy / "vars.yml"
    own.unlink()
    if kind == "fifo":
        os.mkfifo(own)
    elif kind == "folder":
        own.mkdir()
    else:
        own.symlink_to(own.name)
    with pytest.raises(UsageError, match="is no file that can be read"):
        validate(stack_copy)


def test_two_files_that_claim_one_name(stack_copy: Path) -> None:
    for folder in ("mappings", "models"):
        (file,) = (stack_copy / folder).glob("*.yml")
        (stack_copy / folder / "zz.yml").write_bytes(file.read_bytes())
    with pytest.raises(AssetError) as caught:
        validate(stack_copy)
    taken = [
        (finding.where.partition(":")[0], finding.what) for finding in caught.value.findings if "taken" in finding.what
    ]
    model = "models/sentence-transformers__clip-vit-b-32-multilingual-v1.yml"
    assert taken == [
        ("mappings/zz.yml", "the index alias 'my-image-embeddings' is taken already, by mappings/image-embeddings.yml"),
        ("models/zz.yml", f"the model name 'clip-text' is taken already, by {model}"),
        (
            "models/zz.yml",
            f"the model name 'sentence-transformers__clip-vit-b-32-multilingual-v1' is taken already, by {model}",
        ),
    ]


def test_what_is_named_like_an_asset_and_is_no_file(stack_copy: Path) -> None:
    folder = stack_copy / "pipelines"
    os.mkfifo(folder / "fifo.yml")
    (folder / "folder.yml").mkdir()
    (folder / "nowhere.yml").symlink_to("gone")
    (folder / "self.yml").symlink_to("self.yml")
    with pytest.raises(AssetError) as caught:
        validate(stack_copy)
    found = {finding.where: finding.what for finding in caught.value.findings}
    assert found == {
        "pipelines/fifo.yml": "is named like an asset and is not a file",
        "pipelines/folder.yml": "is named like an asset and is not a file",
        "pipelines/nowhere.yml": "is named like an asset and is a symbolic link to nothing, or to itself",
        "pipelines/self.yml": "is named like an asset and is a symbolic link to nothing, or to itself",
    }


def test_what_the_system_does_not_let_read(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="cannot be read: Is a directory"):
        read_document(tmp_path)


def test_a_device_without_end() -> None:
    with pytest.raises(AssetError, match="larger than"):
        read_document(Path("/dev/zero"))


def test_pipelines_in_a_circle(stack_copy: Path) -> None:
    for name, called in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")):
        (stack_copy / "pipelines" / f"{name}.yml").write_text(
            f"processors:\n  - foreach:\n      field: x\n      processor: {{pipeline: {{name: '{called}'}}}}\n"
            if name == "b"
            else f"processors:\n  - pipeline: {{name: '{called}'}}\n",
            "utf-8",
        )
    with pytest.raises(
        AssetError, match=r"pipelines call each other in a circle: (a → b → c → a|b → c → a → b|c → a → b → c)"
    ):
        validate(stack_copy)


def test_a_pipeline_whose_name_each_document_says(stack_copy: Path) -> None:
    (stack_copy / "pipelines" / "x.yml").write_text("processors:\n  - pipeline: {name: '{{{which}}}'}\n", "utf-8")
    validate(stack_copy)


def test_what_is_allowed(tmp_path: Path) -> None:
    file = tmp_path / "x.yml"
    file.write_text(
        "\ufeffbase: &base {a: 1, b: 2}\nfirst: {<<: [*base, {b: 3, c: 4}], a: 0}\n"
        'scalars: [true, \'no\', "012", 0x1f, -5, 1.5e+3, ~, 2026-11-26, "\\ud83d\\ude00"]\n'
        "? 1\n: one\n",
        "utf-8",
    )
    assert read_document(file).value == {
        "base": {"a": 1, "b": 2},
        "first": {"a": 0, "b": 2, "c": 4},
        "scalars": [True, "no", "012", 31, -5, 1500.0, None, "2026-11-26", "😀"],
        "1": "one",
    }


def test_json_means_what_json_means(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(
        '{\n\t"a":\t[1e3, "no", "1:30", -0.5, true, null],\n\t"b/\\/": "\\ud83d\\ude00 \\u00e9"\n}', "utf-8"
    )
    document = read_document(file)
    assert document.value == {"a": [1000.0, "no", "1:30", -0.5, True, None], "b//": "😀 é"}
    assert document.mark("b//").line == 3


def test_a_variable_that_readers_disagree_about(stack_copy: Path) -> None:
    (stack_copy / "vars.yml").write_text("stack: x\nreplicas: 010\n", "utf-8")
    with pytest.raises(AssetError, match=r"mappings/.*:\d+: '010' is 8 in YAML 1\.1"):
        validate(stack_copy)


def test_the_command_says_every_sentence_and_exits_with_1(stack_copy: Path, clipline: Run) -> None:
    (stack_copy / "pipelines" / "x.yml").write_text("processors: []\nversion: 012\n", "utf-8")
    (stack_copy / "pipelines" / "y.yml").write_bytes(b"\xff")
    done = clipline("validate", "--stack", str(stack_copy), code=1)
    assert "pipelines/x.yml:2: '012' is 10" in done.stderr
    assert "pipelines/y.yml:1: this file is not UTF-8" in done.stderr
    assert "Traceback" not in done.stderr


PIECES = ["a", ": ", "\n", "  ", "- ", "{", "}", "[", "]", ",", "&a ", "*a", "<<: ", "!!int ", "!x ", "'", '"', "\\u", "|", ">",
          "\t", "?", "#", "---\n", "%YAML 1.1\n", "no", "1:30", ".nan", "1e9", "\x00", "é", "\ud800"]  # fmt: skip


@given(st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map("".join).map(
    lambda text: text.encode("utf-8", "surrogatepass"))), st.sampled_from(["yml", "json"]))  # fmt: skip
@example(b"- !!timestamp x", "yml")
@example(b"%YAML 9.9\n--- a", "yml")
@example(b"? !!null\n: *a", "yml")
@example(b'{"a": "\\ud800"}', "json")
@example(b"[9" + b"9" * 5000 + b"]", "json")
@example(b"a: 9" + b"9" * 5000, "yml")
@example(b"&a a: *a", "yml")
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, raw: bytes, suffix: str) -> None:
    file = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    file.write_bytes(raw)
    try:
        document = read_document(file)
    except AssetError:
        return
    assert () in document.marks or document.value is None
