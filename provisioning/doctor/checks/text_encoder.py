"""Which texts the cluster has nothing to do with, because the client encodes them."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.doctor.facts import Facts
from provisioning.doctor.finding import Finding, Level
from provisioning.doctor.needs import Needs

_CHECK = "text_encoder"


def judge(facts: Facts, needs: Needs) -> Iterator[Finding]:
    """One finding for each such model; facts of the cluster do not matter to it."""
    for model in needs.client_models:
        yield Finding(
            check=_CHECK,
            level=Level.NOTE,
            subject=f"models/{model.stem}.yml",
            what="texts are encoded on the client; licence, ML nodes and their memory do not matter to it",
            cause="text_encoder is client",
            next_step="clipline[models] and the model's files wherever pictures with captions are loaded or searched by text",
        )
