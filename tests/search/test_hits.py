"""Responses and documents → hits, and what bodies leave to be said beside ``test_queries``."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipline.core.errors import UsageError
from clipline.search import queries
from clipline.search.hits import read_document, read_hits

FIELDS = {
    "image_name": ["IMG_1.jpeg"],
    "relative_path": ["phone/IMG_1.jpeg"],
    "source": ["album"],
    "caption": ["two red circles"],
    "exif.date": ["2024-05-17T09:41:03.000Z"],
    "exif.location": [{"type": "Point", "coordinates": [6.8, 46.4]}],
}


def test_a_whole_hit() -> None:
    (hit,) = read_hits({"hits": {"hits": [{"_id": "a", "_score": 0.75, "fields": FIELDS}]}})
    assert hit.to_json() == {
        "id": "a",
        "score": 0.75,
        "image_name": "IMG_1.jpeg",
        "relative_path": "phone/IMG_1.jpeg",
        "source": "album",
        "caption": "two red circles",
        "date": "2024-05-17T09:41:03.000Z",
        "location": (46.4, 6.8),
    }


def test_a_hit_of_a_document_that_another_program_wrote() -> None:
    (hit,) = read_hits({"hits": {"hits": [{"_id": "a", "_score": 0.75}]}})
    assert (hit.image_name, hit.caption, hit.location) == ("", None, None)


@pytest.mark.parametrize(
    ("location", "wanted"),
    [({"lat": 46.4, "lon": 6.8}, (46.4, 6.8)), ("46.4,6.8", None), (None, None)],
)
def test_a_document(location: Any, wanted: tuple[float, float] | None) -> None:
    hit = read_document("a", {"image_name": "x", "exif": {"location": location}})
    assert (hit.id, hit.image_name, hit.location) == ("a", "x", wanted)


@given(k=st.integers(-5, 20_000), exact=st.booleans())
def test_bodies_obey_the_servers_limits(k: int, exact: bool) -> None:
    build = queries.exact if exact else queries.by_vector
    if not 1 <= k <= 10_000:
        with pytest.raises(UsageError):
            build([1.0], k=k)
        return
    body = json.loads(json.dumps(build([1.0], k=k)))
    assert (body["size"], body["_source"]) == (k, False)
    if not exact:
        assert k <= body["knn"]["num_candidates"] <= 10_000


def test_a_filter_is_part_of_every_kind_of_search() -> None:
    only = {"term": {"source": "album"}}
    bodies = [queries.by_vector([1.0], k=1, only=only), queries.by_text("x", model="m", k=1, only=only)]
    assert [body["knn"]["filter"] for body in bodies] == [{"bool": {"filter": [only]}}] * 2
    inner = queries.exact([1.0], k=1, only=only)["query"]["script_score"]["query"]
    assert inner == {"bool": {"filter": [{"exists": {"field": "image_embedding"}}, only]}}


def test_a_search_without_filter_has_none() -> None:
    assert "filter" not in queries.by_vector([1.0], k=1)["knn"]
