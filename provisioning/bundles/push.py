"""A bundle → a trained model on the cluster, part by part. Needs the client only.

``PUT _ml/trained_models/<id>``, then the vocabulary, then the definition in parts of 1 MiB, so that a model whose
definition is complete (``fully_defined``) has its vocabulary too.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from clipline.core.cluster import create
from clipline.core.records import MARK
from provisioning.bundles.bundle import Bundle

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

PART_BYTES = 1024 * 1024
"""eland's part size; 4 MB put pressure on the server's memory."""

Progress = Callable[[int, int], None]
"""``(bytes sent, bytes in all)``."""


def push(
    client: Elasticsearch, bundle: Bundle, *, model_id: str, stack: str, space: str, progress: Progress | None = None
) -> None:
    """Create a trained model from a verified bundle.

    Raises:
        BundleError: a member of the bundle is damaged.
        elasticsearch.ApiError: the server refused a request.
        elasticsearch.TransportError: the connection broke twice.
    """
    bundle.verify()
    config = bundle.config()
    marks = {"stack": stack, "digest": bundle.digest, "model_pt_sha256": bundle.model_sha256, "space": space}
    config["metadata"] = {**(config.get("metadata") or {}), MARK: marks}
    create(lambda: client.ml.put_trained_model(model_id=model_id, **config))
    vocabulary = bundle.vocabulary()
    create(
        lambda: client.perform_request(
            "PUT",
            f"/_ml/trained_models/{model_id}/vocabulary",
            headers={"accept": "application/json", "content-type": "application/json"},
            body=vocabulary,
        )
    )
    total = bundle.model_bytes
    parts = -(-total // PART_BYTES)
    sent = 0
    for number, part in enumerate(bundle.model_parts(PART_BYTES)):
        create(
            partial(
                client.ml.put_trained_model_definition_part,
                model_id=model_id,
                part=number,
                total_definition_length=total,
                total_parts=parts,
                definition=base64.b64encode(part).decode("ascii"),
            )
        )
        sent += len(part)
        if progress is not None:
            progress(sent, total)
