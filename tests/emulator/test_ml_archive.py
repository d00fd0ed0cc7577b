"""Archives of strangers: what is looked at before torch opens them, and that nothing in them is run."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipline.emulator.native import archive
from clipline.emulator.native.archive import Refused, check_archive, search
from clipline.emulator.native.rules import rules
from tests.emulator.ml_archives import loaded
from tests.emulator.ml_tiny import archive as tiny


def zipped(records: list[tuple[str, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as made:
        for name, data in records:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of two records with one name
                made.writestr(name, data)
    return stream.getvalue()


class Harm:
    """Would run a command when Python unpickles it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("/tmp/clipline-harm"),))


def with_record(name: str, data: bytes) -> bytes:
    """The tiny archive with one record replaced."""
    with zipfile.ZipFile(io.BytesIO(tiny())) as made:
        records = [(item.filename, made.read(item)) for item in made.infolist()]
    root = records[0][0].split("/")[0]
    return zipped(
        [(item, content) for item, content in records if item != f"{root}/{name}"] + [(f"{root}/{name}", data)]
    )


BROKEN = "unreadable or truncated zip record; possible evasion"
READER = "Error loading the model: PytorchStreamReader failed reading "
EVASION = f"Model archive failed pre-load state-hook scan ({BROKEN})"
DIRECTORY = "The emulator does not load this model: its archive has bytes around it"
# name → the archive, what 9.5.2 says of it, what 9.2.0 says
ARCHIVES: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "hooks": (lambda: tiny("hooked"), "Model archive contains custom state hooks: __getstate__, __setstate__",
              "The emulator does not load this model on any version: its archive contains custom state hooks: __get"),
    "hook in a name of a record that torch never reads": (
        lambda: zipped([("a/extra/x", b"..__setstate__..")]), "Model archive contains custom state hooks: __setstate__",
        "The emulator does not load this model on any version"),
    "first of two records": (
        lambda: zipped([("a/data.pkl", b"__setstate__"), ("a/data.pkl", b"x")]),
        "Model archive contains custom state hooks: __setstate__", "The emulator does not load this model on any version"),
    "no archive": (lambda: b"no TorchScript at all", f"{READER}zip archive: ", f"{READER}zip archive: "),
    "nothing": (lambda: b"", f"{READER}zip archive: ", f"{READER}zip archive: "),
    "cut off": (lambda: tiny()[:-400], f"{READER}zip archive: ", f"{READER}zip archive: "),
    "broken record": (
        lambda: (data := zipped([("a/data.pkl", bytes(range(256)) * 20)]))[:60] + bytes(20) + data[80:],
        f"Model archive failed pre-load state-hook scan ({BROKEN})", f"{READER}file a/data.pkl: "),
    "long name": (lambda: zipped([("a/" + "x" * 300, b"")]), f"Model archive failed pre-load state-hook scan ({BROKEN})",
                  f"{READER}file a/xxx"),
    "bytes before": (lambda: b"x" * 30 + tiny(), EVASION, DIRECTORY),
    "a comment": (lambda: tiny()[:-2] + b"\x01\x00x", EVASION, DIRECTORY),
    "another archive after it": (lambda: tiny("hooked") + zipped([("a/x", b"")]), EVASION, DIRECTORY),
    "bomb": (lambda: zipped([("a/data/0", bytes(200 * 1024**2))]), "The emulator does not load this model: 2",
             "The emulator does not load this model: 2"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARCHIVES)
def test_hostile_archives(tmp_path: Path, name: str) -> None:
    make, newest, older = ARCHIVES[name]
    (tmp_path / "model.pt").write_bytes(make())
    for version, words in (("9.5.2", newest), ("9.2.0", older)):
        with pytest.raises(Refused) as caught:
            check_archive(tmp_path / "model.pt", rules(version))
        assert str(caught.value).startswith(words), version
    assert sorted(item.name for item in tmp_path.iterdir()) == ["model.pt"]


def state_dict() -> bytes:
    import torch

    stream = io.BytesIO()
    torch.save(torch.nn.Linear(2, 2).state_dict(), stream)
    return stream.getvalue()


UNLOADABLE: dict[str, Callable[[], bytes]] = {
    "pickle with code": lambda: with_record("data.pkl", pickle.dumps(Harm(), protocol=2)),
    "constants with code": lambda: with_record("constants.pkl", pickle.dumps((Harm(),), protocol=2)),
    "state dict": state_dict,
    "other zip": lambda: zipped([("../../outside", b"x"), ("/etc/passwd", b"x")]),
}


@pytest.mark.parametrize("name", UNLOADABLE)
def test_archives_that_torch_refuses(tmp_path: Path, name: str) -> None:
    Path("/tmp/clipline-harm").unlink(missing_ok=True)
    file = tmp_path / "model.pt"
    file.write_bytes(UNLOADABLE[name]())
    check_archive(file, rules("9.5.2"))
    with pytest.raises(RuntimeError):
        loaded(file.read_bytes())
    assert not Path("/tmp/clipline-harm").exists()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["model.pt"]


def test_a_harmless_archive_passes(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(tiny())
    for version in ("8.19.20", "9.2.0", "9.5.2"):
        check_archive(tmp_path / "model.pt", rules(version))


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(1, 9), st.integers(0, 60))
def test_words_are_found_across_pieces(noise: bytes, piece: int, place: int) -> None:
    words = ("__setstate__", "__getstate__")
    text = noise[:place] + b"__setstate__" + noise[place:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "_PIECE", piece)
        assert search(io.BytesIO(text), words) >= {"__setstate__"}
        assert search(io.BytesIO(noise), words) == {word for word in words if word.encode() in noise}
