"""What is wrong with pipelines of a stack whose texts are encoded on the client (``text_encoder: client``).

The pipelines go on naming the model, which is not on the cluster then; the loader brings the vector of each caption. So a
pipeline may ask it for nothing else, and only where the vector has not come with the document.
"""

from __future__ import annotations

from collections.abc import Iterator

from clipline.core.errors import Finding
from clipline.core.records import CAPTION_VECTOR_FIELD
from clipline.core.text_models import CLIENT
from provisioning.assets.stack import Asset, Stack, placed_processors
from provisioning.processors import outputs

_CONDITION = f"ctx.{CAPTION_VECTOR_FIELD} == null"


def findings(stack: Stack) -> Iterator[Finding]:
    """What no caption's vector from the client can make good."""
    names = {
        name: asset.document.name
        for asset in stack.of("model")
        if asset.body.get("text_encoder") == CLIENT
        for name in (asset.body["model_alias"], asset.body["deployment"]["deployment_id"])
    }
    for asset in stack.of("ingest_pipeline") if names else ():
        yield from _of_pipeline(asset, names)


def _of_pipeline(asset: Asset, names: dict[str, str]) -> Iterator[Finding]:
    for path, processor in placed_processors(asset, "inference"):
        model = processor["model_id"]
        if model not in names:
            continue
        others = sorted(outputs(processor) - {CAPTION_VECTOR_FIELD})
        if others:
            yield asset.document.finding(
                f"asks the model {model!r} for {', '.join(others)}, but its texts are encoded on the client, which brings"
                f" {CAPTION_VECTOR_FIELD} only",
                *path,
                "model_id",
                hint=f"take the processor away, or set text_encoder: cluster in {names[model]}",
            )
        elif CAPTION_VECTOR_FIELD not in str(processor.get("if", "")):
            yield asset.document.finding(
                f"asks the model {model!r} for {CAPTION_VECTOR_FIELD} also where the client has brought it",
                *path,
                "model_id",
                hint=f"add to its condition: {_CONDITION}",
            )
