"""Hits as a page that needs nothing else: styles inside, pictures as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipline.core.errors import CliplineError
from clipline.search.hits import Hit
from clipline.search.originals import Originals
from clipline.search.pictures import data_uri, thumbnail

if TYPE_CHECKING:
    from jinja2 import Environment
    from PIL.Image import Image

NO_ROOTS = "Pictures are not shown: name the folder they were loaded from with --root [SOURCE=]DIR."


@dataclass(frozen=True, slots=True)
class Section:
    """One query with what it found, in how many seconds; ``picture`` is the query where that is an RGB picture."""

    label: str
    hits: Sequence[Hit]
    seconds: float
    picture: Image | None = None


@cache
def templates() -> Environment:
    """The templates of this package, with everything escaped."""
    from jinja2 import Environment, PackageLoader

    return Environment(loader=PackageLoader("clipline.search"), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def render_page(title: str, *, sections: Sequence[Section], originals: Originals | None) -> str:
    """The page as HTML."""
    shown: list[dict[str, Any]] = [
        {
            "label": section.label,
            "milliseconds": round(section.seconds * 1000),
            "query": data_uri(thumbnail(section.picture)) if section.picture else None,
            "hits": [{"hit": hit, "picture": _picture(hit, originals)} for hit in section.hits],
        }
        for section in sections
    ]
    notice = None if originals else NO_ROOTS
    return templates().get_template("page.html").render(title=title, sections=shown, notice=notice)


def write_page(file: Path, *, title: str, sections: Sequence[Section], originals: Originals | None) -> None:
    """Write the page to a file.

    Raises:
        CliplineError: it cannot be written.
    """
    html = render_page(title, sections=sections, originals=originals)
    try:
        # A file name that is not UTF-8 may stand in a label.
        file.write_bytes(html.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise CliplineError(f"the page cannot be written: {error.strerror}", where=str(file)) from error


def _picture(hit: Hit, originals: Originals | None) -> str | None:
    small = originals.thumbnail(hit) if originals else None
    return data_uri(small) if small else None
