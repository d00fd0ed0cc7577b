"""``clipline search`` and ``clipline web``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clipline.commands.load import DEFAULT_ALIAS, encoder_loader, text_encoder_loader
from clipline.commands.options import TargetChoice, open_target, read_choices, target_options
from clipline.core.errors import ImageError, MissingExtraError, UsageError
from clipline.core.output import say, show, show_json, show_table

if TYPE_CHECKING:
    from PIL.Image import Image

    from clipline.search.hits import Hit
    from clipline.search.searcher import Searcher

_VISITORS_PATIENCE = 5.0
"""Seconds: a page says that the cluster is busy before its visitor believes that it hangs."""

_index_option = click.option("--index", "alias", default=DEFAULT_ALIAS, show_default=True, help="The index alias.")
_model_option = click.option("--image-model", help="Where the index's image encoder lies on this machine.")
_text_option = click.option(
    "--text-model", help="Where the index's text model lies on this machine, if texts are encoded here."
)
_root_option = click.option(
    "--root", "roots", multiple=True, metavar="[SOURCE=]DIR", help="A folder of originals to show pictures from."
)


@click.command("search")
@click.argument("text", required=False)
@target_options
@_index_option
@_model_option
@_text_option
@_root_option
@click.option("--image", type=click.Path(path_type=Path, dir_okay=False), help="Search by a picture.")
@click.option("--like", metavar="ID", help="Search by a document of the index.")
@click.option("-k", "--k", type=int, default=10, show_default=True, help="How many hits.")
@click.option("--exact", is_flag=True, help="Compare with every document instead of the approximate search.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the hits as a page with pictures.")
@click.option("--json", "as_json", is_flag=True, help="The hits as JSON on stdout.")
def search_command(
    text: str | None,
    alias: str,
    image_model: str | None,
    text_model: str | None,
    roots: tuple[str, ...],
    image: Path | None,
    like: str | None,
    k: int,
    exact: bool,
    html: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Search pictures by TEXT in any language, by a picture, or by a document of the index.

    \b
    Examples: clipline search "two red circles" --url https://host:9200
              clipline search --image photo.jpg --root ~/Pictures --html hits.html
    """
    from clipline.search.originals import Originals
    from clipline.search.page import Section, write_page
    from clipline.search.queries import check_k

    if sum(given is not None for given in (text, image, like)) != 1:
        raise UsageError("give one of TEXT, --image and --like", hint='clipline search "a mountain covered in snow"')
    check_k(k)
    _, target_choice = read_choices(values)
    picture = open_picture(image) if image is not None else None
    originals = Originals.from_options(roots) if roots else None
    with open_searcher(target_choice, alias=alias, image_model=image_model, text_model=text_model) as searcher:
        started = time.perf_counter()
        if picture is not None:
            hits = searcher.by_image(picture, k=k, exact=exact)
        elif like is not None:
            hits = searcher.like(like, k=k, exact=exact)
        else:
            hits = searcher.by_text(text or "", k=k, exact=exact)
        seconds = time.perf_counter() - started
    label = text or (image.name if image else f"like {like}")
    if html is not None:
        write_page(html, title="clipline search", sections=[Section(label, hits, seconds)], originals=originals)
        say(f"wrote {html}")
    if as_json:
        show_json({"query": label, "hits": [hit.to_json() for hit in hits]})
    else:
        show_hits(hits)


@click.command("web")
@target_options
@_index_option
@_model_option
@_text_option
@_root_option
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="The page's port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
def web_command(
    alias: str,
    image_model: str | None,
    text_model: str | None,
    roots: tuple[str, ...],
    port: int,
    host: str,
    **values: Any,
) -> None:
    """Serve a search page: a text box, a picture upload, the pictures found.

    \b
    Example: clipline web --root ~/Pictures --url https://host:9200
    """
    try:
        import python_multipart  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("web", purpose="the search page", package=error.name or "starlette") from error
    from clipline.search.originals import Originals
    from clipline.search.web import build_app, serve

    _, target_choice = read_choices(values)
    target_choice = replace(target_choice, patience=min(target_choice.patience, _VISITORS_PATIENCE))
    originals = Originals.from_options(roots) if roots else None
    with open_searcher(target_choice, alias=alias, image_model=image_model, text_model=text_model) as searcher:
        searcher.marks()  # an index that cannot be searched is said now, not at the first visitor
        serve(build_app(searcher, originals), host=host, port=port, ready=lambda url: say(f"search page at {url}"))


@contextmanager
def open_searcher(
    choice: TargetChoice, *, alias: str, image_model: str | None, text_model: str | None
) -> Iterator[Searcher]:
    """A searcher on the chosen cluster."""
    from clipline.search.searcher import Searcher

    with open_target(choice) as (_, client):
        yield Searcher(
            client,
            alias=alias,
            load_encoder=encoder_loader(image_model),
            load_text=text_encoder_loader(text_model),
        )


def open_picture(file: Path) -> Image:
    """A query picture as RGB, its orientation applied.

    Raises:
        UsageError: it does not exist or is no picture.
    """
    from clipline.core.pixels import read_picture

    try:
        return read_picture(file.read_bytes())
    except FileNotFoundError:
        raise UsageError("the picture does not exist", where=str(file)) from None
    except OSError as error:
        raise UsageError(f"the picture cannot be read: {error.strerror}", where=str(file)) from error
    except ImageError as error:
        raise UsageError(error.what, where=str(file)) from error


def show_hits(hits: Sequence[Hit]) -> None:
    """Hits as a table on stdout."""
    if not hits:
        show("No hits.")
        return
    rows = [(f"{hit.score:.4f}", hit.image_name, f"{hit.source}/{hit.relative_path}", hit.id) for hit in hits]
    show_table(("score", "name", "path", "id"), rows)
