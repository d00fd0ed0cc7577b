"""Whether a text model and an image encoder are of one vector space: both towers are asked, before a bundle is written.

Vectors of two spaces can be compared without any error, and every search then finds pictures by chance. Two things are looked
at: the length of the vectors, and, where the stack has pictures with captions (``assets.pairs``), whether a caption is nearer to
its own picture than to the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipline.core.encoders import SentenceTransformerEncoder, image_encoder_digest
from clipline.core.errors import ImageError, ModelError
from clipline.core.hub import at_hand
from provisioning.assets.model_asset import ModelAsset
from provisioning.assets.pairs import Pair, pairs_digest
from provisioning.bundles.parity import cosine

if TYPE_CHECKING:
    from PIL.Image import Image

Vectors = Sequence[Sequence[float]]

LEAST_WON = 0.75
"""The share of comparisons, own picture against another, that the captions must win. In unrelated spaces it is a half; it is not
1 in one space, because pictures may be alike. The more pairs, the surer: two are passed by
chance one time in four, five one in thirteen, ten one in 160 (simulated with vectors of chance)."""
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What there is to compare a text model with: the image encoder's digest (``None``: not at hand), and the pairs' digest."""

    encoder: str | None
    pairs: str | None


def evidence(model: ModelAsset, pairs: Sequence[Pair]) -> Evidence:
    """What is at hand for a model; the pairs say nothing without the encoder."""
    directory = at_hand(model.image_encoder)
    if directory is None:
        return Evidence(encoder=None, pairs=None)
    return Evidence(encoder=image_encoder_digest(directory), pairs=pairs_digest(pairs))


def known(manifest_space: Any) -> Evidence | None:
    """What a bundle's model was compared with when it was built."""
    if not isinstance(manifest_space, dict):
        return None
    return Evidence(encoder=manifest_space.get("encoder_digest"), pairs=manifest_space.get("pairs_digest"))


def check_space(
    model: ModelAsset, pairs: Sequence[Pair], *, dims: int, encode: Callable[[list[str]], Vectors]
) -> dict[str, Any]:
    """Compare the towers; gives what a manifest says of it.

    Args:
        model: the model file.
        pairs: the stack's pictures with captions.
        dims: the length of the text model's vectors.
        encode: gives the text model's vectors of some texts.

    Raises:
        ModelError: they are not of one space, or a picture cannot be read.
    """
    what = evidence(model, pairs)
    found: dict[str, Any] = {"name": model.space, "encoder_digest": what.encoder, "pairs_digest": what.pairs}
    directory = at_hand(model.image_encoder)
    if directory is None or what.encoder is None:
        return {**found, "pairs": 0, "won": None}
    encoder = SentenceTransformerEncoder(directory, digest=what.encoder)
    if encoder.dims != dims:
        raise ModelError(
            f"the text model {model.source} gives vectors of {dims} dims, and the image encoder {model.image_encoder} of"
            f" {encoder.dims}",
            where=model.where,
            hint="they are not of one space: correct source or image_encoder",
        )
    if len(pairs) < 2:
        return {**found, "pairs": len(pairs), "won": None}
    pictures = [_picture(pair.picture) for pair in pairs]
    vectors = [[float(value) for value in row] for row in encoder.encode(pictures)]
    share, worst = won(encode([pair.caption for pair in pairs]), vectors)
    if share < LEAST_WON:
        shown = "; ".join(
            f"{pairs[caption].caption!r} is nearer to {pairs[other].picture.name} ({high:.2f}) than to its own"
            f" {pairs[caption].picture.name} ({own:.2f})"
            for caption, own, other, high in worst[:_SHOWN]
        )
        raise ModelError(
            f"the text model {model.source} and the image encoder {model.image_encoder} are not of one space: captions are"
            f" nearer to their own pictures in {share:.0%} of the comparisons, {LEAST_WON:.0%} are the least: {shown}",
            where=model.where,
            hint="correct source or image_encoder, or the captions in probes/",
        )
    return {**found, "pairs": len(pairs), "won": round(share, 4)}


def won(captions: Vectors, pictures: Vectors) -> tuple[float, list[tuple[int, float, int, float]]]:
    """The share of comparisons that captions win, and the captions that lost, the worst first.

    A caption is compared with every picture that is not its own. Of one that lost: its number, its own picture's cosine, the
    number of the nearest other picture and its cosine.
    """
    wins = comparisons = 0
    lost = []
    for number, caption in enumerate(captions):
        near = [cosine(caption, picture) for picture in pictures]
        own = near[number]
        others = [(value, index) for index, value in enumerate(near) if index != number]
        wins += sum(own > value for value, _ in others)
        comparisons += len(others)
        best, other = max(others)
        if not own > best:
            lost.append((number, own, other, best))
    return wins / comparisons, sorted(lost, key=lambda item: item[1] - item[3])


def sentence(space: dict[str, Any]) -> str:
    """What a manifest says of the comparison, for people."""
    if space.get("encoder_digest") is None:
        return f"{space.get('name')}; not compared with the image encoder, whose files were not at hand"
    if space.get("won") is None:
        return f"{space.get('name')}; as long as the image encoder's vectors; no pairs in probes/ to compare them by"
    return f"{space['name']}; captions of {space['pairs']} pictures nearer to their own in {space['won']:.0%} of the comparisons"


def _picture(file: Path) -> Image:
    from clipline.core.pixels import read_picture

    try:
        return read_picture(file.read_bytes())
    except OSError as error:
        raise ModelError(f"the picture cannot be read: {error.strerror}", where=str(file)) from error
    except ImageError as error:
        raise ModelError(error.what, where=str(file), hint="take it out of probes/, with its caption") from error
