"""``clipline load``: pictures → documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clipline.commands.options import open_target, read_choices, target_options
from clipline.core.encoders import ImageEncoder, load_image_encoder
from clipline.core.errors import ExitCode, UsageError
from clipline.core.hub import ModelSource
from clipline.core.output import say, show, show_json, talk
from clipline.core.text_encoders import TextEncoder, load_text_encoder

if TYPE_CHECKING:
    from clipline.core.records import EncoderIdentity
    from clipline.core.text_models import TextEncoderIdentity
    from loader.outcome import Outcome
    from loader.run import Progress

DEFAULT_ALIAS = "my-image-embeddings"


@click.command("load")
@click.argument("directories", nargs=-1, required=True, type=click.Path(path_type=Path))
@target_options
@click.option("--index", "alias", default=DEFAULT_ALIAS, show_default=True, help="The index alias to load into.")
@click.option("--source", help="The name of the pictures' root in ids and documents; by default the folder's name.")
@click.option("--image-model", help="Where the index's image encoder lies on this machine, if not where it says.")
@click.option(
    "--text-model", help="Where the index's text model lies, if texts are encoded here and it lies elsewhere."
)
@click.option("--batch-size", type=click.IntRange(1, 4096), default=32, show_default=True, help="Pictures a batch.")
@click.option(
    "--dead-letters",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file for what could not be loaded; by default dead-letters-<time>.jsonl, written only if needed.",
)
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON on stdout.")
def load_command(
    directories: tuple[Path, ...],
    alias: str,
    source: str | None,
    image_model: str | None,
    text_model: str | None,
    batch_size: int,
    dead_letters: Path | None,
    as_json: bool,
    **values: Any,
) -> int:
    """Load the pictures below DIRECTORIES into the index, through its ingest pipeline.

    What is unchanged (same size and time of modification) is skipped. Exit code 4: done, but some pictures could not
    be loaded; the dead-letter file says which and why.

    \b
    Example: clipline load ~/Pictures --url https://host:9200
    """
    from loader.discover import Root
    from loader.run import load

    _, target_choice = read_choices(values)
    if source is not None and len(directories) > 1:
        raise UsageError("--source names one root, but several folders are given", hint="load them one by one")
    roots = []
    for directory in directories:
        if not directory.is_dir():
            raise UsageError(
                "this is not a folder", where=str(directory), hint="name the folder that holds the pictures"
            )
        roots.append(Root(directory.resolve(), source or directory.resolve().name))
    letters = dead_letters or Path(f"dead-letters-{datetime.now():%Y%m%d-%H%M%S}.jsonl")
    with open_target(target_choice) as (_, client), progress_bar() as progress:
        outcome = load(
            roots,
            client=client,
            alias=alias,
            load_encoder=encoder_loader(image_model),
            load_text=text_encoder_loader(text_model),
            batch_size=batch_size,
            dead_letters=letters,
            progress=progress,
        )
    if as_json:
        show_json(outcome.to_json())
    else:
        show_outcome(outcome, alias=alias)
    return ExitCode.DEAD_LETTERS if outcome.rejected else ExitCode.DONE


def encoder_loader(image_model: str | None) -> Callable[[EncoderIdentity], ImageEncoder]:
    """How the encoder that an index names is loaded, from its own source or from the folder given.

    Raises:
        UsageError: the folder does not exist.
    """
    override = _folder("--image-model", image_model)

    def load(identity: EncoderIdentity) -> ImageEncoder:
        say(f"loading the image encoder {override or identity.model} …")
        return load_image_encoder(identity, override=override)

    return load


def text_encoder_loader(text_model: str | None) -> Callable[[TextEncoderIdentity], TextEncoder]:
    """How the text model of an index whose texts are encoded here is loaded, from its own source or from the folder given.

    Raises:
        UsageError: the folder does not exist.
    """
    override = _folder("--text-model", text_model)

    def load(identity: TextEncoderIdentity) -> TextEncoder:
        say(f"loading the text model {override or identity.model} …")
        return load_text_encoder(identity, override=override)

    return load


def _folder(option: str, given: str | None) -> ModelSource | None:
    if given is None:
        return None
    directory = Path(given).expanduser()
    if not directory.is_dir():
        raise UsageError(f"{option} names a folder that does not exist", where=given)
    return ModelSource(str(directory.resolve()))


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None] | None]:
    """A progress display on a terminal; nothing elsewhere."""
    console = talk()
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("loading", total=None)

        def update(state: Any) -> None:
            bars.update(task, total=state.total, completed=state.done)

        yield update


def show_outcome(outcome: Outcome, *, alias: str) -> None:
    """The outcome of a load for people."""
    parts = [f"{outcome.indexed} indexed", f"{outcome.skipped} unchanged", f"{outcome.rejected} rejected"]
    show(f"{alias}: {', '.join(parts)} in {outcome.seconds:.1f} s ({outcome.pictures_per_second:.1f} pictures/s)")
    if not outcome.indexed and not outcome.rejected:
        show("Nothing to do: every picture is in the index already.")
    if outcome.captions_without_vector:
        show(f"{outcome.captions_without_vector} captions without a vector; why: {outcome.dead_letters_file}")
    if outcome.rejected:
        show(f"What could not be loaded, and why: {outcome.dead_letters_file}")
