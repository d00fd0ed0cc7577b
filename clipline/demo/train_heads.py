"""What helps the image tower to learn, and is thrown away afterwards.

From the contrastive loss alone a small tower learns colours at once and shapes very slowly: a text says of the
whole picture what only a few patches show. So, while training, linear heads must name every fact of the picture
from its class token, and the shape under every patch from that patch's token.

Combinations that are held out must not be *denied* either. No trained circle is red, so "red, hence no circle"
would lower the loss and ruin exactly what is measured. `Denials` takes such pairs out of every softmax.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from clipline.demo.pictures_scene import BACKGROUNDS, COLOURS, COUNTS, SHAPES, SIZES, Scene, held_out
from clipline.demo.train_texts import ANYTHING
from clipline.demo.train_towers import PATCHES

if TYPE_CHECKING:
    from clipline.demo.train_towers import Sight

# How much a fact counts, in the order of `train_texts.Code`.
_FACTS: Final = (
    (len(SHAPES), 1.0),
    (len(COLOURS), 1.0),
    (len(COUNTS), 0.3),
    (len(SIZES), 0.3),
    (len(BACKGROUNDS), 0.3),
)
_SHAPE, _COLOUR = 0, 1
_NO_SHAPE: Final = len(SHAPES)
_NEVER: Final = -1e4


class Heads(nn.Module):
    """Linear classifiers on the class token and on the patch tokens, of `width` numbers each."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.facts = nn.ModuleList(nn.Linear(width, choices) for choices, _ in _FACTS)
        self.ground = nn.Linear(width, len(SHAPES) + 1)
        self.denials = Denials()

    def forward(self, sight: Sight, *, codes: Tensor, patches: Tensor) -> Tensor:
        """The loss; `codes` [pictures, 5] as in `train_texts.Code`, `patches` [pictures, patches] shape numbers."""
        shapes, colours = codes[:, _SHAPE], codes[:, _COLOUR]
        unasked = {_SHAPE: self.denials.shapes[colours], _COLOUR: self.denials.colours[shapes]}
        loss = torch.zeros(())
        for number, (head, (_, weight)) in enumerate(zip(self.facts, _FACTS, strict=True)):
            logits = head(sight.whole)
            if number in unasked:
                logits = logits.masked_fill(unasked[number], _NEVER)
            loss = loss + weight * cross_entropy(logits, codes[:, number])
        # No column for "no shape": that is never denied.
        seen = self.ground(sight.patches)
        denied = torch.nn.functional.pad(unasked[_SHAPE], (0, 1)).unsqueeze(1)
        return loss + cross_entropy(seen.masked_fill(denied, _NEVER).flatten(0, 1), patches.flatten())


class Denials:
    """Which pairs of shape and colour may not be counted as wrong answers."""

    def __init__(self) -> None:
        self.colours = torch.zeros((len(SHAPES), len(COLOURS)), dtype=torch.bool)
        for shape, colour in held_out():
            self.colours[SHAPES.index(shape), COLOURS.index(colour)] = True
        self.shapes = self.colours.T.contiguous()

    def between(self, texts: Tensor, *, pictures: Tensor) -> Tensor:
        """[texts, pictures], true where the shape of one and the colour of the other are held out together."""
        one = self.colours[texts[:, _SHAPE]][:, pictures[:, _COLOUR]] & _said(texts, _SHAPE)
        other = self.shapes[texts[:, _COLOUR]][:, pictures[:, _SHAPE]] & _said(texts, _COLOUR)
        return one | other


def _said(texts: Tensor, fact: int) -> Tensor:
    return (texts[:, fact] != ANYTHING).unsqueeze(1)


def patch_labels(scenes: Sequence[Scene]) -> Tensor:
    """[pictures, patches, patches]: the number of the shape around each patch's centre, the last for none."""
    centres = (torch.arange(PATCHES) + 0.5) / PATCHES
    labels = torch.full((len(scenes), PATCHES, PATCHES), _NO_SHAPE)
    for label, scene in zip(labels, scenes, strict=True):
        for place in scene.placements:
            square = (centres.unsqueeze(0) - place.x) ** 2 + (centres.unsqueeze(1) - place.y) ** 2
            label[square < place.radius**2] = SHAPES.index(scene.shape)
    return labels
