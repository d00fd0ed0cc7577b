"""Searches on one index. The only module of search that holds a client; every request here is read-only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from clipline.core.encoders import ImageEncoder
from clipline.core.errors import CliplineError, NotProvisionedError, UsageError
from clipline.core.records import VECTOR_FIELD, EncoderIdentity, IndexMarks
from clipline.search import queries
from clipline.search.hits import Hit, read_document, read_hits

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from PIL.Image import Image

T = TypeVar("T")
INPUT_FIELD = "text_field"
"""The field of ``_infer`` documents: eland's and the series' name."""


class Searcher:
    """Searches by text, by a picture, and by a document of the index behind an alias."""

    def __init__(
        self, client: Elasticsearch, *, alias: str, load_encoder: Callable[[EncoderIdentity], ImageEncoder]
    ) -> None:
        self._client = client
        self._alias = alias
        self._load_encoder = load_encoder
        self._marks: IndexMarks | None = None
        self._encoder: ImageEncoder | None = None

    def marks(self) -> IndexMarks:
        """What the index says of itself; asked once.

        Raises:
            NotProvisionedError: there is no such index, or ``clipline apply`` did not make it.
        """
        if self._marks is None:
            found = self._client.options(ignore_status=404).indices.get_mapping(index=self._alias)
            answers = found.body.values() if found.meta.status == 200 else ()
            mappings = [value["mappings"] for value in answers]
            if not mappings:
                raise NotProvisionedError(
                    "there is no such index", where=self._alias, hint="run `clipline apply` first"
                )
            marks = IndexMarks.from_mapping(mappings[0])
            if marks is None:
                raise NotProvisionedError(
                    "the index does not say which models its vectors are of: it was not made by `clipline apply`",
                    where=self._alias,
                    hint="name an index that clipline provisioned with --index",
                )
            self._marks = marks
        return self._marks

    def by_text(self, text: str, *, k: int, exact: bool = False) -> list[Hit]:
        """The pictures that a text describes best.

        Raises:
            UsageError: the text is empty.
        """
        if not text.strip():
            raise UsageError("the text is empty", hint='clipline search "a mountain covered in snow"')
        model = self.marks().text_model
        if not exact:
            return read_hits(_again(lambda: self._search(queries.by_text(text, model=model, k=k))))
        vector = _again(lambda: self._text_vector(model, text))
        return self._by_vector(vector, k=k, exact=True)

    def by_image(self, picture: Image, *, k: int, exact: bool = False) -> list[Hit]:
        """The pictures most like an RGB picture.

        Raises:
            ModelError: the index's image encoder cannot be had, or is another one.
        """
        if self._encoder is None:
            self._encoder = self._load_encoder(self.marks().encoder)
        vector = [float(value) for value in self._encoder.encode([picture])[0]]
        return self._by_vector(vector, k=k, exact=exact)

    def like(self, document_id: str, *, k: int, exact: bool = False) -> list[Hit]:
        """The pictures most like one of the index, without itself.

        Raises:
            CliplineError: there is no such document, or it has no vector.
        """
        source = self._source(document_id, vectors=True)
        if not source.get(VECTOR_FIELD):
            raise CliplineError("this document has no vector", where=document_id)
        return self._by_vector(source[VECTOR_FIELD], k=k, exact=exact, without=document_id)

    def document(self, document_id: str) -> Hit:
        """One document of the index.

        Raises:
            CliplineError: there is no such document.
        """
        return read_document(document_id, self._source(document_id, vectors=False))

    def _source(self, document_id: str, *, vectors: bool) -> Mapping[str, Any]:
        self.marks()
        options: dict[str, Any] = {} if vectors else {"source_excludes": [VECTOR_FIELD, "caption_embedding"]}
        found = self._client.options(ignore_status=404).get(index=self._alias, id=document_id, **options)
        if not found.body.get("found"):
            raise CliplineError(
                "there is no such document in the index", where=document_id, hint="ids stand in the hits"
            )
        source: dict[str, Any] = dict(found.body["_source"])
        if vectors and VECTOR_FIELD not in source:
            source[VECTOR_FIELD] = self._vector_field(document_id)
        return source

    def _vector_field(self, document_id: str) -> list[float]:
        """A vector that ``_source`` leaves out, by ``fields``."""
        body = {"query": {"ids": {"values": [document_id]}}, "size": 1, "source": False, "fields": [VECTOR_FIELD]}
        hits = self._search(body)["hits"]["hits"]
        return list((hits[0].get("fields") or {}).get(VECTOR_FIELD, [])) if hits else []

    def _by_vector(self, vector: list[float], *, k: int, exact: bool, without: str | None = None) -> list[Hit]:
        self.marks()
        build = queries.exact if exact else queries.by_vector
        return read_hits(self._search(build(vector, k=k, without=without)), exact=exact)

    def _text_vector(self, model: str, text: str) -> list[float]:
        answer = self._client.ml.infer_trained_model(model_id=model, docs=[{INPUT_FIELD: text}])
        return [float(value) for value in answer["inference_results"][0]["predicted_value"]]

    def _search(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._client.search(index=self._alias, **body).body
        return found


def _again(ask: Callable[[], T]) -> T:
    """Ask once more when a deployment is just being exchanged: an alias may still lead to the one that stops."""
    from elasticsearch import ApiError

    try:
        return ask()
    except ApiError as error:
        if error.meta.status != 409 and "canceled as process is stopping" not in str(error.body):
            raise
        return ask()
