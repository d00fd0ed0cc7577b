"""Responses → hits. Pure.

What arrives for each hit::

    {"_id": "0a1b…", "_score": 0.63, "fields": {"image_name": ["IMG_1.jpeg"], "relative_path": ["phone/IMG_1.jpeg"],
     "source": ["Pictures"], "exif.date": ["2024-05-17T09:41:03.000Z"],
     "exif.location": [{"type": "Point", "coordinates": [6.8, 46.4]}]}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One picture found.

    ``score`` is ``(1 + cosine) / 2``, between 0 and 1; ``location`` is latitude and longitude in degrees.
    """

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
    return Hit(
        id=document_id,
        score=1.0,
        image_name=str(source.get("image_name") or ""),
        relative_path=str(source.get("relative_path") or ""),
        source=str(source.get("source") or ""),
        caption=source.get("caption"),
        date=exif.get("date"),
        location=_place(exif.get("location")),
    )


def _hit(entry: Mapping[str, Any], scale: float) -> Hit:
    fields = entry.get("fields") or {}

    def first(name: str) -> Any:
        values = fields.get(name)
        return values[0] if values else None

    return Hit(
        id=entry["_id"],
        score=float(entry["_score"]) / scale,
        image_name=str(first("image_name") or ""),
        relative_path=str(first("relative_path") or ""),
        source=str(first("source") or ""),
        caption=first("caption"),
        date=first("exif.date"),
        location=_place(first("exif.location")),
    )


def _place(value: Any) -> tuple[float, float] | None:
    """A geo_point as the loader writes it or as ``fields`` returns it; other writers' forms are not shown."""
    if not isinstance(value, Mapping):
        return None
    if "lat" in value and "lon" in value:
        return float(value["lat"]), float(value["lon"])
    coordinates = value.get("coordinates")
    return (float(coordinates[1]), float(coordinates[0])) if coordinates else None
