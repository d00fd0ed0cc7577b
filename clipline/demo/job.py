"""The main job from start to end: emulator, apply, load, search, a page of what was found.

Nothing here is special to the demo but the pictures and the tiny model pair: the same stack, the same rooms, the same
requests over HTTP as against a real cluster.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from clipline.commands.carry_out import carry_out
from clipline.commands.load import DEFAULT_ALIAS, encoder_loader, progress_bar, show_outcome, text_encoder_loader
from clipline.commands.options import StackChoice, TargetChoice, open_stack, open_target, started_emulator
from clipline.commands.packaged import packaged_stack
from clipline.commands.planning import make_plan, show_plan
from clipline.commands.search import open_picture, show_hits
from clipline.core.errors import CliplineError
from clipline.core.output import say, show
from clipline.demo.pictures import generate

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from PIL.Image import Image

    from clipline.search.hits import Hit

SEED = 7
SOURCE = "pictures"
HITS = 6
QUERIES = (
    ("en", "two red circles"),
    ("de", "drei blaue Sterne"),
    ("fr", "un triangle vert"),
    ("es", "dos cuadrados amarillos"),
    ("zh", "三个紫色的圆形"),
)


def run_demo(folder: Path, *, html: Path, pictures: int) -> None:
    """Run the whole job below a folder and write the page of found pictures.

    Raises:
        CliplineError: a stage failed, or a search found nothing.
    """
    here = Path(__file__).parent
    originals = folder / SOURCE
    with _stage(f"drawing {pictures} pictures"):
        generate(originals, count=pictures, seed=SEED)
    choice = StackChoice(
        directory=packaged_stack(),
        flags=(f"text_model={here / 'text'}", f"image_model={here / 'image'}", "replicas=0"),
        files=(),
    )
    stack = open_stack(choice)
    with started_emulator(folder) as url:
        say(f"emulator at {url}")
        target = TargetChoice(url=url, cloud_id=None, emulator=False, emulator_data=folder, timeout=60.0, verbose=False)
        with open_target(target) as (connection, client):
            with _stage("planning and applying the default stack with the tiny model pair"):
                planned = make_plan(stack, client, target=connection.name, build=True)
                show_plan(planned.plan)
                if planned.plan.problems:
                    raise CliplineError("the plan has problems", hint="choose another folder with --data")
                done = carry_out(planned, client, wait_timeout=120.0)
                show(f"Applied: {len(done)} changes.")
            with _stage("loading"):
                _load(client, originals, folder)
            with _stage("searching"):
                _search(client, originals, html)


def _load(client: Elasticsearch, originals: Path, folder: Path) -> None:
    from loader.discover import Root
    from loader.run import load

    with progress_bar() as progress:
        outcome = load(
            [Root(originals, SOURCE)],
            client=client,
            alias=DEFAULT_ALIAS,
            load_encoder=encoder_loader(None),
            load_text=text_encoder_loader(None),
            batch_size=32,
            dead_letters=folder / "dead-letters.jsonl",
            progress=progress,
        )
    show_outcome(outcome, alias=DEFAULT_ALIAS)
    if outcome.rejected:
        raise CliplineError("some of the demo's own pictures were rejected", where=str(outcome.dead_letters_file))


def _search(client: Elasticsearch, originals: Path, html: Path) -> None:
    from clipline.search.originals import Originals
    from clipline.search.page import Section, write_page
    from clipline.search.searcher import Searcher

    searcher = Searcher(
        client, alias=DEFAULT_ALIAS, load_encoder=encoder_loader(None), load_text=text_encoder_loader(None)
    )
    sections: list[Section] = []

    def add(label: str, search: Callable[[], list[Hit]], picture: Image | None = None) -> None:
        started = time.perf_counter()
        hits = search()
        if not hits:
            raise CliplineError(f"the search {label!r} found nothing")
        sections.append(Section(label, hits, time.perf_counter() - started, picture))

    for language, text in QUERIES:
        add(f"{text} ({language})", partial(searcher.by_text, text, k=HITS))
    query = sorted(originals.rglob("*.jpeg"))[0]
    picture = open_picture(query)
    searcher.image_encoder()  # loading it is not the time of the search by a picture
    add(f"by the picture {query.relative_to(originals)}", partial(searcher.by_image, picture, k=HITS), picture)
    like = sections[0].hits[0]
    add(f"more like {like.relative_path}", partial(searcher.like, like.id, k=HITS))
    for section in sections:
        show(f"\n{section.label}")
        show_hits(section.hits[:3])
    shown = Originals.from_options([f"{SOURCE}={originals}"])
    write_page(html, title="clipline demo", sections=sections, originals=shown)
    say(f"wrote {html}")


@contextmanager
def _stage(name: str) -> Iterator[None]:
    say(f"— {name}")
    started = time.monotonic()
    yield
    say(f"— {name}: {time.monotonic() - started:.1f} s")
