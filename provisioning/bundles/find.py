"""Which bundle serves a model: the one given, the one in the stack, the one in the cache, or one built now.

The cache is ``$XDG_CACHE_HOME/clipline/bundles-<format>/<64 hex of the digest>.tar``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clipline.core.digest import model_digest
from clipline.core.encoders import image_encoder_digest
from clipline.core.errors import BundleError
from clipline.core.hub import at_hand, obtain
from provisioning.assets.model_asset import ModelAsset
from provisioning.bundles.bundle import FORMAT, Bundle, open_bundle
from provisioning.desired import Digests
from provisioning.plan import PlannedModel


@dataclass(slots=True)
class Bundles:
    """The bundles at hand for the models of one stack, and a way to build what is missing."""

    models: Mapping[str, ModelAsset]
    found: dict[str, Bundle] = field(default_factory=dict)
    expected: Mapping[str, str] = field(default_factory=dict)
    """The digests that a plan was made for: a bundle of the cache is found by them where the files are not at hand."""

    def digests(self) -> Digests:
        """The digests that can be known without building anything, by the stem of the model file."""
        return Digests(
            text={stem: self._digest(model) for stem, model in self.models.items()},
            image={stem: _image_digest(model) for stem, model in self.models.items()},
        )

    def at_hand(self, stem: str) -> Bundle | None:
        """The bundle of a model, if one is there; nothing is built."""
        if stem in self.found:
            return self.found[stem]
        digest = self._digest(self.models[stem])
        cached = cache_path(digest) if digest else None
        if cached is None or not cached.is_file():
            return None
        bundle = open_bundle(cached)
        self.found[stem] = bundle
        return bundle

    def obtain(self, stem: str) -> Bundle:
        """The bundle of a model, built and cached when there is none; that needs ``clipline[models]``."""
        bundle = self.at_hand(stem)
        if bundle is None:
            from provisioning.bundles.build import build_bundle

            model = self.models[stem]
            directory = obtain(model.source)
            digest = model_digest(directory, parameters=model.parameters)
            bundle = build_bundle(model, directory=directory, digest=digest, out=cache_path(digest))
            self.found[stem] = bundle
        return bundle

    def _digest(self, model: ModelAsset) -> str | None:
        if model.stem in self.found:
            return self.found[model.stem].digest
        directory = at_hand(model.source)
        return model_digest(directory, parameters=model.parameters) if directory else self.expected.get(model.stem)


class BundlesOfPlan:
    """The bundles of the models that a plan names, by their digests; nothing can be built."""

    def __init__(self, models: Iterable[PlannedModel], *, given: Iterable[Path]) -> None:
        """Open the bundles given; another one is looked for in the cache when it is asked for.

        Raises:
            BundleError: a bundle given is of none of these models.
        """
        self._digests = {model.asset.stem: model.digest for model in models}
        self._given = {bundle.digest: bundle for bundle in map(open_bundle, given)}
        for digest, bundle in self._given.items():
            if digest not in self._digests.values():
                hint = "leave it out, or give the bundle that the model was pushed from"
                raise BundleError("is of none of the models of this plan", where=str(bundle.path), hint=hint)

    def at_hand(self, stem: str) -> Bundle | None:
        """The bundle of a model, if one is there."""
        digest = self._digests[stem]
        if digest in self._given:
            return self._given[digest]
        cached = cache_path(digest)
        return open_bundle(cached) if digest and cached.is_file() else None

    def obtain(self, stem: str) -> Bundle:
        """The bundle of a model.

        Raises:
            BundleError: it is not at hand.
        """
        bundle = self.at_hand(stem)
        if bundle is None:
            raise BundleError("its bundle is not at hand", where=f"models/{stem}.yml", hint="give --bundle FILE")
        return bundle


def find_bundles(models: Iterable[ModelAsset], *, given: Iterable[Path], stack: Path | None) -> Bundles:
    """The bundles given by ``--bundle`` and those in the stack as ``models/<stem>.tar``, matched to their models.

    ``stack`` is ``None`` for a plan that was read from a file.

    Raises:
        BundleError: a bundle given that belongs to none of the models, or one that was built from something else.
    """
    by_stem = {model.stem: model for model in models}
    bundles = Bundles(by_stem)
    for stem, model in by_stem.items():
        beside = stack / "models" / f"{stem}.tar" if stack is not None else None
        if beside is not None and beside.is_file():
            bundle = open_bundle(beside)
            if wrong := _mismatch(bundle, model):
                raise BundleError(
                    f"does not belong to {model.where}: {wrong}", where=str(beside), hint="build it again"
                )
            bundles.found[stem] = bundle
    for path in given:
        bundle = open_bundle(path)
        wrongs = {stem: _mismatch(bundle, model) for stem, model in by_stem.items()}
        fitting = [stem for stem, wrong in wrongs.items() if wrong is None]
        if not fitting:
            reasons = "; ".join(f"{by_stem[stem].where}: {wrong}" for stem, wrong in wrongs.items())
            raise BundleError(
                f"belongs to no model of this stack ({reasons or 'it declares none'})",
                where=str(path),
                hint="build the bundle from this stack's model file",
            )
        for stem in fitting:
            bundles.found[stem] = bundle
    return bundles


def cache_path(digest: str) -> Path:
    """Where the cache keeps the bundle of a digest."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    # The format is part of the place, so that what another clipline left there is not tripped over.
    return root / "clipline" / f"bundles-{FORMAT}" / f"{digest.removeprefix('sha256:')}.tar"


def _mismatch(bundle: Bundle, model: ModelAsset) -> str | None:
    manifest = bundle.manifest
    if manifest["import"] != model.parameters:
        return "it was built with other import parameters"
    if model.source.is_directory:
        # A folder's name says nothing; its content does.
        digest = model_digest(Path(model.source.model), parameters=model.parameters)
        return None if digest == bundle.digest else "it was built from other files"
    built = manifest["source"]
    if (built["model"], built["revision"]) != (model.source.model, model.source.revision):
        return f"it was built from {built['model']}@{built['revision']}, not from {model.source}"
    return None


def _image_digest(model: ModelAsset) -> str | None:
    directory = at_hand(model.image_encoder)
    return image_encoder_digest(directory) if directory else None
