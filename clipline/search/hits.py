"""Search responses → hits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One picture found; ``score`` is between 0 and 1, ``(1 + cosine) / 2``."""

    id: str
    score: float
    image_name: str
    relative_path: str
    source: str
    caption: str | None = None
    date: str | None = None
    location: tuple[float, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """The hit as JSON."""
        return asdict(self)


def read_hits(response: Mapping[str, Any], *, exact: bool = False) -> list[Hit]:
    """The hits of a response; the scores of an exact search are brought to the scale of kNN."""
    return [_hit(entry, 2.0 if exact else 1.0) for entry in response["hits"]["hits"]]


def read_document(document_id: str, source: Mapping[str, Any]) -> Hit:
    """A document that was fetched by its id, as a hit with score 1."""
    exif = source.get("exif") or {}
    place = exif.get("location")
    return Hit(
        id=document_id,
        score=1.0,
        image_name=str(source.get("image_name", "")),
        relative_path=str(source.get("relative_path", "")),
        source=str(source.get("source", "")),
        caption=source.get("caption"),
        date=exif.get("date"),
        location=(place["lat"], place["lon"]) if isinstance(place, Mapping) and "lat" in place else None,
    )


def _hit(entry: Mapping[str, Any], scale: float) -> Hit:
    fields = entry.get("fields") or {}

    def first(name: str) -> Any:
        values = fields.get(name)
        return values[0] if values else None

    place = first("exif.location")
    return Hit(
        id=entry["_id"],
        score=float(entry["_score"]) / scale,
        image_name=str(first("image_name") or ""),
        relative_path=str(first("relative_path") or ""),
        source=str(first("source") or ""),
        caption=first("caption"),
        date=first("exif.date"),
        location=(place["coordinates"][1], place["coordinates"][0]) if place else None,
    )
