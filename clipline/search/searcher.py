"""Searches on one index. The only module of search that holds a client; every request here is read-only."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from clipline.core.encoders import ImageEncoder
from clipline.core.errors import CliplineError, ClusterError, NotProvisionedError, TextError, UsageError
from clipline.core.records import CAPTION_VECTOR_FIELD, VECTOR_FIELD, EncoderIdentity, IndexMarks
from clipline.core.text_encoders import TextEncoder, load_text_encoder
from clipline.core.text_models import TextEncoderIdentity
from clipline.search import queries
from clipline.search.hits import Hit, read_document, read_hits

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from PIL.Image import Image

T = TypeVar("T")

INPUT_FIELD = "text_field"
"""The field of ``_infer`` documents: eland's and the series' name."""

MARKS_SECONDS = 30.0
"""How long the marks are believed: a migration moves the alias below a page that is open for days."""


class Searcher:
    """Searches by text, by a picture, and by a document of the index behind an alias. May be used by many threads."""

    def __init__(
        self,
        client: Elasticsearch,
        *,
        alias: str,
        load_encoder: Callable[[EncoderIdentity], ImageEncoder],
        load_text: Callable[[TextEncoderIdentity], TextEncoder] = load_text_encoder,
    ) -> None:
        self._client = client
        self._alias = alias
        self._load_encoder = load_encoder
        self._load_text = load_text
        self._lock = threading.Lock()
        self._marks: IndexMarks | None = None
        self._read_at = 0.0
        self._encoder: tuple[EncoderIdentity, ImageEncoder] | None = None
        self._text_encoder: tuple[TextEncoderIdentity, TextEncoder] | None = None

    def marks(self) -> IndexMarks:
        """What the index says of itself.

        Raises:
            NotProvisionedError: there is no such index, or ``clipline apply`` did not make it.
        """
        now = time.monotonic()
        if self._marks is None or now - self._read_at > MARKS_SECONDS:
            self._marks, self._read_at = self._read_marks(), now
        return self._marks

    def by_text(self, text: str, *, k: int, exact: bool = False) -> list[Hit]:
        """The pictures that a text describes best; the text is encoded where the index says, in the cluster or here.

        Raises:
            UsageError: the text is empty, or no search can have ``k`` hits.
            ModelError: the index's texts are encoded here, and its text model cannot be had, or is another one.
            TextError: the text cannot be encoded.
        """
        if not text.strip():
            raise UsageError("the text is empty", hint='clipline search "a mountain covered in snow"')
        queries.check_k(k)
        marks = self.marks()
        if marks.text_encoder is not None:
            return self._by_vector(self._encoded(text, marks.text_encoder), k=k, exact=exact)
        model = marks.text_model
        if exact:
            vector = _again(lambda: self._text_vector(model, text))
            return read_hits(self._search(queries.exact(vector, k=k)), exact=True)
        return read_hits(_again(lambda: self._search(queries.by_text(text, model=model, k=k))))

    def by_image(self, picture: Image, *, k: int, exact: bool = False) -> list[Hit]:
        """The pictures most like an RGB picture.

        Raises:
            ModelError: the index's image encoder cannot be had, or is another one.
        """
        queries.check_k(k)
        vector = [float(value) for value in self.image_encoder().encode([picture])[0]]
        return self._by_vector(vector, k=k, exact=exact)

    def like(self, document_id: str, *, k: int, exact: bool = False) -> list[Hit]:
        """The pictures most like one of the index, without itself.

        Raises:
            CliplineError: there is no such document, or it has no vector.
        """
        queries.check_k(k)
        vector = self._source(document_id).get(VECTOR_FIELD) or self._vector_field(document_id)
        if not vector:
            raise CliplineError("this document has no vector", where=document_id)
        return self._by_vector(vector, k=k, exact=exact, without=document_id)

    def document(self, document_id: str) -> Hit:
        """One document of the index, as a hit with score 1.

        Raises:
            CliplineError: there is no such document.
        """
        return read_document(document_id, self._source(document_id, excludes=[VECTOR_FIELD, CAPTION_VECTOR_FIELD]))

    def image_encoder(self) -> ImageEncoder:
        """The encoder of the index, loaded when it is first asked for.

        Raises:
            ModelError: it cannot be had, or is another one.
        """
        wanted = self.marks().encoder
        with self._lock:
            if self._encoder is None or not _is_for(*self._encoder, wanted):
                self._encoder = (wanted, self._load_encoder(wanted))
            return self._encoder[1]

    def _encoded(self, text: str, wanted: TextEncoderIdentity) -> list[float]:
        """A text's vector, by the index's text model, which is loaded when it is first asked for."""
        with self._lock:
            if self._text_encoder is None or not _is_for(*self._text_encoder, wanted):
                self._text_encoder = (wanted, self._load_text(wanted))
            encoder = self._text_encoder[1]
        vector = [float(value) for value in encoder.encode([text], use="search")[0]]
        if not all(map(math.isfinite, vector)) or not any(vector):
            raise TextError("the text model gives no usable vector for this text", hint="search for other words")
        return vector

    def _read_marks(self) -> IndexMarks:
        found = self._client.options(ignore_status=404).indices.get_mapping(index=self._alias)
        if found.meta.status == 404 or not found.body:
            raise NotProvisionedError(
                f"there is no index {self._alias}", hint="run `clipline apply` first, or name the alias with --index"
            )
        marks = [IndexMarks.from_mapping(value["mappings"]) for value in found.body.values()]
        if len(marks) != 1 or marks[0] is None:
            raise NotProvisionedError(
                "it does not say which models its vectors are of: it is not one index that `clipline apply` made",
                where=self._alias,
                hint="run `clipline apply`, or name the alias of a provisioned index with --index",
            )
        return marks[0]

    def _source(self, document_id: str, *, excludes: list[str] | None = None) -> Mapping[str, Any]:
        self.marks()
        if not document_id:
            raise UsageError("the document id is empty", hint="ids stand in the hits")
        found = self._client.options(ignore_status=404).get(index=self._alias, id=document_id, source_excludes=excludes)
        if not found.body.get("found"):
            raise CliplineError(
                "there is no such document in the index", where=document_id, hint="ids stand in the hits"
            )
        source: Mapping[str, Any] = found.body["_source"]
        return source

    def _vector_field(self, document_id: str) -> list[float]:
        """A vector that ``_source`` leaves out (``exclude_source_vectors``)."""
        hits = self._search(queries.vector_of(document_id))["hits"]["hits"]
        return list((hits[0].get("fields") or {}).get(VECTOR_FIELD, [])) if hits else []

    def _by_vector(self, vector: list[float], *, k: int, exact: bool, without: str | None = None) -> list[Hit]:
        build = queries.exact if exact else queries.by_vector
        return read_hits(self._search(build(vector, k=k, without=without)), exact=exact)

    def _text_vector(self, model: str, text: str) -> list[float]:
        answer = self._client.ml.infer_trained_model(
            model_id=model, docs=[{INPUT_FIELD: self._search_prefix(model) + text}]
        )
        result = answer["inference_results"][0]
        if "predicted_value" not in result:
            raise ClusterError(f"the text model gives no vector: {result.get('warning', result)}", where=model)
        return [float(value) for value in result["predicted_value"]]

    def _search_prefix(self, model: str) -> str:
        """What stands before a text that is searched for: the server adds it to what a search brings, not to ``_infer``."""
        configs = self._client.ml.get_trained_models(model_id=model)["trained_model_configs"]
        prefixes = (configs[0].get("prefix_strings") if configs else None) or {}
        return str(prefixes.get("search") or "")

    def _search(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._client.search(index=self._alias, body=dict(body)).body
        shards = found["_shards"]
        if shards["failed"]:
            # Such an answer has status 200 and looks like a complete one.
            reason = (shards.get("failures") or [{}])[0].get("reason", {}).get("reason", "no reason given")
            raise ClusterError(
                f"{shards['failed']} of {shards['total']} shards did not answer: {reason}", where=self._alias
            )
        return found


def _is_for(
    loaded_for: EncoderIdentity | TextEncoderIdentity,
    encoder: ImageEncoder | TextEncoder,
    wanted: EncoderIdentity | TextEncoderIdentity,
) -> bool:
    """Whether the encoder at hand is still the index's: the first load writes its digest, which makes it no other one."""
    return loaded_for == wanted or (wanted.digest == encoder.digest and replace(wanted, digest=None) == loaded_for)


def _again(ask: Callable[[], T]) -> T:
    """Ask once more when a deployment is just being exchanged: an alias may still lead to the one that stops."""
    from elasticsearch import ApiError

    try:
        return ask()
    except ApiError as error:
        if error.meta.status != 409 and "canceled as process is stopping" not in str(error.body):
            raise
        return ask()
