"""A bundle → a trained model on the cluster. Needs the client only.

``PUT _ml/trained_models/<id>``, then the vocabulary, then the definition in parts of 1 MiB, so that a model whose
definition is complete (``fully_defined``) has its vocabulary too. An upload that was cut off goes on behind the parts that
are acknowledged (``provisioning.state.uploads``), unless it was of another ``model.pt``: parts of two are never mixed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from clipline.core.cluster import create, ensure
from clipline.core.errors import ModelError
from clipline.core.records import MARK
from provisioning.bundles.bundle import Bundle
from provisioning.bundles.parts import PART_BYTES, count_parts, send_parts
from provisioning.state.uploads import UploadMark

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

Progress = Callable[[int, int], None]
"""``(bytes sent, bytes in all)``."""


def push(
    client: Elasticsearch, bundle: Bundle, *, model_id: str, stack: str, space: str, progress: Progress | None = None
) -> None:
    """Create a trained model from a bundle.

    Raises:
        BundleError: the bundle is damaged.
        ModelError: all parts were taken, and the server does not call the model complete.
        elasticsearch.ApiError: the server refused a request.
        elasticsearch.TransportError: the connection broke for good.
    """
    bundle.verify()
    _Upload(client, bundle, model_id=model_id, stack=stack, space=space, progress=progress).begin()


def resume(
    client: Elasticsearch, bundle: Bundle, *, model_id: str, stack: str, space: str, progress: Progress | None = None
) -> int:
    """Go on with an upload that stopped half-way; gives the number of parts that were there.

    A half model of another ``model.pt``, or one that is not complete for all its parts, is deleted and begun again.

    Raises:
        BundleError, ModelError, elasticsearch.ApiError, elasticsearch.TransportError: as ``push``.
    """
    bundle.verify()
    upload = _Upload(client, bundle, model_id=model_id, stack=stack, space=space, progress=progress)
    config = _config(client, model_id)
    marks = ((config or {}).get("metadata") or {}).get(MARK) or {}
    if marks.get("model_pt_sha256") == bundle.model_sha256 and (there := upload.go_on()) is not None:
        return there
    client.options(ignore_status=404).ml.delete_trained_model(model_id=model_id, force=True)
    upload.begin()
    return 0


class _Upload:
    """The upload of one bundle under one id."""

    def __init__(
        self,
        client: Elasticsearch,
        bundle: Bundle,
        *,
        model_id: str,
        stack: str,
        space: str,
        progress: Progress | None,
    ) -> None:
        self._client = client
        self._bundle = bundle
        self._model_id = model_id
        self._marks = {
            "stack": stack, "digest": bundle.digest, "model_pt_sha256": bundle.model_sha256, "space": space
        }  # fmt: skip
        self._progress = progress
        self._mark = UploadMark(client, stack=stack, model_id=model_id, sha256=bundle.model_sha256)

    def begin(self) -> None:
        """Make the model and send everything."""
        self._mark.forget()  # one of an earlier model of this id, deleted by hand
        config = self._bundle.config()
        config["metadata"] = {**(config.get("metadata") or {}), MARK: self._marks}
        create(lambda: self._client.ml.put_trained_model(model_id=self._model_id, **config))
        self._vocabulary(create)
        if not self._parts(first=0):
            raise ModelError(
                "the server has taken every part and does not call the model complete",
                where=f"trained_model/{self._model_id}",
                hint="run it again: it is deleted and begun again; the cluster's log may say more",
            )

    def go_on(self) -> int | None:
        """Send what is missing; gives the number of parts that were known to be there, ``None`` if that did not do."""
        self._vocabulary(ensure)
        # The last part is offered in any case: it is the one that makes the others visible.
        first = min(self._mark.read(), count_parts(self._bundle) - 1)
        return first if self._parts(first=first) else None

    def _vocabulary(self, put: Callable[[Callable[[], object]], None]) -> None:
        vocabulary = self._bundle.vocabulary()
        put(
            lambda: self._client.perform_request(
                "PUT",
                f"/_ml/trained_models/{self._model_id}/vocabulary",
                headers={"accept": "application/json", "content-type": "application/json"},
                body=vocabulary,
            )
        )

    def _parts(self, *, first: int) -> bool:
        total, acknowledged = self._bundle.model_bytes, first

        def note(parts: int) -> None:
            nonlocal acknowledged
            acknowledged = parts
            self._mark.note(parts)
            if self._progress is not None:
                self._progress(min(parts * PART_BYTES, total), total)

        try:
            send_parts(self._client, self._bundle, model_id=self._model_id, first=first, acknowledged=note)
        except BaseException:
            self._mark.note(acknowledged, now=True)
            raise
        self._mark.forget()
        return bool((_config(self._client, self._model_id) or {}).get("fully_defined"))


def _config(client: Elasticsearch, model_id: str) -> dict[str, Any] | None:
    found = client.options(ignore_status=404).ml.get_trained_models(model_id=model_id, include="definition_status")
    configs = found.body.get("trained_model_configs") if found.meta.status == 200 else None
    return configs[0] if configs else None
