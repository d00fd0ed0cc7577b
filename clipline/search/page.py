"""Hits as a page that needs nothing else: styles inside, pictures as data."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipline.core.errors import CliplineError
from clipline.search.hits import Hit
from clipline.search.originals import Originals

if TYPE_CHECKING:
    from jinja2 import Environment

NO_ROOTS = "Pictures are not shown: name the folder they were loaded from with --root [SOURCE=]DIR."


@dataclass(frozen=True, slots=True)
class Section:
    """One query with what it found, in how many seconds."""

    label: str
    hits: Sequence[Hit]
    seconds: float


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
            "hits": [{"hit": hit, "picture": _data_uri(hit, originals)} for hit in section.hits],
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
    try:
        file.write_text(render_page(title, sections=sections, originals=originals), "utf-8")
    except OSError as error:
        raise CliplineError(f"the page cannot be written: {error.strerror}", where=str(file)) from error


def _data_uri(hit: Hit, originals: Originals | None) -> str | None:
    picture = originals.thumbnail(hit) if originals else None
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}" if picture else None
