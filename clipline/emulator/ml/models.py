"""All trained models of a node: names, deployments, and who resolves what."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, not_found, status_error, unsupported
from clipline.emulator.ml.deployment import Deployment
from clipline.emulator.ml.inference import infer
from clipline.emulator.ml.store import ModelStore

if TYPE_CHECKING:
    from clipline.emulator.node import Node

BUILT_IN = "lang_ident_model_1"
"""The model that every server has; it is listed here, and cannot be run."""


class Models:
    """Configurations in SQLite, deployments as running processes."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.store = ModelStore(node.database)
        self.lock = threading.RLock()
        # What ran before the server ended comes back by itself, in the background.
        self.deployments: dict[str, Deployment] = {
            deployment_id: self._deploy(deployment_id, model_id, parameters, started)
            for deployment_id, model_id, parameters, started in self.store.deployments()
        }

    def close(self) -> None:
        """End the native processes; the deployments stay wanted."""
        for deployment in list(self.deployments.values()):
            deployment.stop(finish_pending=False)

    def wait_started(self, seconds: float) -> None:
        """Wait until every start has ended either way, together no longer than this."""
        deadline = time.monotonic() + seconds
        for deployment in list(self.deployments.values()):
            deployment.wait(max(0.0, deadline - time.monotonic()))

    def start(self, deployment_id: str, model_id: str, parameters: dict[str, Any]) -> Deployment:
        """Remember and start a deployment."""
        started = int(time.time() * 1000)
        self.store.put_deployment(deployment_id, model_id, parameters, started)
        deployment = self._deploy(deployment_id, model_id, parameters, started)
        self.deployments[deployment_id] = deployment
        return deployment

    def remove(self, deployment_id: str, *, finish_pending: bool) -> None:
        """Stop and forget a deployment."""
        with self.lock:
            deployment = self.deployments.get(deployment_id)
        if deployment is None:
            return
        deployment.stop(finish_pending=finish_pending)
        with self.lock:
            self.deployments.pop(deployment_id, None)
            self.store.delete_deployment(deployment_id)

    def resolve_model(self, name: str) -> str | None:
        """A model id or model alias as a model id."""
        if self.store.config(name) is not None:
            return name
        return self.store.aliases().get(name)

    def serving(self, name: str) -> Deployment | None:
        """The deployment that a name is answered by: a deployment id, else one of the model's, a started one first."""
        if (deployment := self.deployments.get(name)) is not None:
            return deployment
        model_id = self.resolve_model(name)
        found = self.deployments_of(model_id) if model_id is not None else []
        return next((item for item in found if item.state == "started"), found[0] if found else None)

    def deployments_of(self, model_id: str) -> list[Deployment]:
        """A model's deployments by id."""
        found = (item for item in list(self.deployments.values()) if item.model_id == model_id)
        return sorted(found, key=lambda item: item.id)

    def infer(
        self,
        name: str,
        docs: list[dict[str, Any]],
        *,
        prefix: str | None,
        config_update: Mapping[str, Any] | None = None,
        timeout: float = 10.0,
    ) -> list[dict[str, Any]]:
        """The inference results of some documents.

        Raises:
            ApiError: unknown, not deployed, or a document failed.
        """
        deployment = self.serving(name)
        if deployment is None:
            if name == BUILT_IN:
                raise unsupported(f"inference with the built-in model [{name}]")
            if self.resolve_model(name) is None:
                raise not_found(f"Could not find trained model [{name}]")
            raise status_error(
                409,
                f"Model [{name}] must be deployed to use. Please deploy with the start trained model deployment API.",
            )
        return [infer(deployment, doc, prefix=prefix, override=config_update, timeout=timeout) for doc in docs]

    def reported_id(self, name: str) -> str:
        """The id that a response names: an alias as its model, a deployment as itself."""
        return self.store.aliases().get(name, name)

    def infer_text(
        self, name: str, text: str, *, prefix: str, config_update: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Inference on a text alone, as the coordinated action does it: the input field is the model's own.

        Raises:
            ApiError: 404 when the name is neither deployed nor an endpoint.
        """
        deployment = self.serving(name)
        if deployment is None:
            raise status_error(404, f"[{name}] is not an inference service model or a deployed ml model")
        config = self.store.config(deployment.model_id) or {}
        field = config["input"]["field_names"][0]
        return infer(deployment, {field: text}, prefix=prefix, override=config_update, timeout=10.0)

    def embed_query(self, name: str, text: str) -> list[float]:
        """The vector of a query text.

        Raises:
            ApiError: not deployed, or not a text embedding model.
        """
        result = self.infer_text(name, text, prefix="search")
        vector = next((value for value in result.values() if isinstance(value, list)), None)
        if vector is None:
            raise illegal_argument(
                f"expected a result of type [text_embedding_result]. Is [{name}] a text embedding model?"
            )
        return vector

    def references(self, model_id: str) -> tuple[bool, str | None]:
        """Whether pipelines name a model or deployment itself, and an alias of it that they name."""
        direct = bool(self.node.pipelines.references(model_id))
        aliases = [alias for alias, target in self.store.aliases().items() if target == model_id]
        return direct, next((alias for alias in aliases if self.node.pipelines.references(alias)), None)

    def _deploy(self, deployment_id: str, model_id: str, parameters: dict[str, Any], started: int) -> Deployment:
        return Deployment(
            deployment_id,
            model_id,
            parameters=parameters,
            started=started,
            store=self.store,
            data=self.node.data,
            version=str(self.node.version),
        )


def model_missing(name: str) -> ApiError:
    """404 of the APIs that read models."""
    return not_found(f"No known trained model with model_id [{name}]")
