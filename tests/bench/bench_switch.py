"""A text model of the real one's size is replaced by another while a client asks 20 times a second.

Both models have the same weights; the second reads texts of half the length, which is another digest. The client asks the alias
and the lasting deployment id, without repeating anything. The goal: no question to the alias is refused. How long the lasting id
is away is what a rename of a deployment costs, which Elasticsearch does not have.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from elasticsearch import ApiError, Elasticsearch

from clipline.emulator.launch import running_emulator

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
STEM = "sentence-transformers__clip-vit-b-32-multilingual-v1"
ALIAS = "clip-text"
EVERY = 1 / 20


@dataclass
class Asker(threading.Thread):
    """Asks one name at a steady pace; a question that takes long does not hold up the next one."""

    url: str
    name_: str
    asked: int = 0
    slowest: float = 0.0
    refused: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._end = threading.Event()

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        """Ask until told to stop."""
        due = time.monotonic()
        under_way: list[threading.Thread] = []
        with Elasticsearch(self.url, max_retries=0, request_timeout=60) as client:
            while not self._end.is_set():
                one = threading.Thread(target=self._ask, args=(client, self.asked))
                self.asked += 1
                one.start()
                under_way.append(one)
                due += EVERY
                time.sleep(max(0.0, due - time.monotonic()))
            for one in under_way:
                one.join()

    def stop(self) -> None:
        """Let what was asked be answered, and end."""
        self._end.set()
        self.join()

    def away(self) -> float:
        """Seconds from the first refusal to the last, and one interval."""
        times = [at for at, _ in self.refused]
        return max(times) - min(times) + EVERY if times else 0.0

    def _ask(self, client: Elasticsearch, number: int) -> None:
        at = time.monotonic()
        try:
            client.ml.infer_trained_model(model_id=self.name_, docs=[{"text_field": f"snow {number}"}], timeout="60s")
        except ApiError as error:
            self.refused.append((at, f"{error.meta.status} {error.body['error']['reason'][:90]}"))
        self.slowest = max(self.slowest, time.monotonic() - at)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        subprocess.run([sys.executable, "-m", "tests.full_size", name], check=True, capture_output=True, cwd=ROOT)
        stack = folder / "stack"
        for part in ("mappings", "pipelines", "models"):
            shutil.copytree(ROOT / part, stack / part)
        shutil.copy(ROOT / "vars.yml", stack)
        with running_emulator(folder / "data") as url:
            words = ["--stack", str(stack), "--url", url, "--yes", "--wait-timeout", "600"]
            words += ["--var", f"text_model={folder / 'text'}", "--var", f"image_model={folder / 'image'}"]
            _apply(words)
            file = stack / "models" / f"{STEM}.yml"
            shorter = file.read_text("utf-8").replace(
                "embedding_size: 512", "embedding_size: 512\n  max_model_input_size: 64"
            )
            file.write_text(shorter, "utf-8")
            subprocess.run(
                [str(BIN / "clipline"), "bundle", "build", *words[:2], *words[-4:]], check=True, capture_output=True
            )
            askers = [Asker(url, ALIAS), Asker(url, STEM)]
            for asker in askers:
                asker.start()
            started = time.perf_counter()
            _apply(words)
            seconds = time.perf_counter() - started
            for asker in askers:
                asker.stop()
    alias, fixed = askers
    print(f"the switch took {seconds:.1f} s, the upload of the second model included")
    for asker, what in ((alias, "the alias"), (fixed, "the lasting id")):
        print(
            f"{what:<15} {asker.asked:5} questions, {len(asker.refused):4} refused; away for {asker.away():5.2f} s,"
            f" {asker.away() / seconds:6.2%} of the switch; the slowest answer took {asker.slowest:.2f} s"
        )
        for reason in sorted({reason for _, reason in asker.refused}):
            print(f"                {reason}")


def _apply(words: list[str]) -> None:
    done = subprocess.run([str(BIN / "clipline"), "apply", *words], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


if __name__ == "__main__":
    main()
