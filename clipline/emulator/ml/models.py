"""All trained models of a node: names, deployments, and who resolves what."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, not_found, status_error
from clipline.emulator.ml.capacity import Fit, Need, Room, fit
from clipline.emulator.ml.deployment import Deployment
from clipline.emulator.ml.serving import embed_query, infer_docs, infer_text
from clipline.emulator.ml.store import ModelStore

if TYPE_CHECKING:
    from clipline.emulator.node import Node


class Models:
    """Configurations in SQLite, deployments as running processes."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.store = ModelStore(node.database, node.data)
        self.lock = threading.RLock()
        self.deployments: dict[str, Deployment] = {}
        for left in node.data.glob("model-*.pt"):
            left.unlink(missing_ok=True)  # both the server and the native process were killed while it was read
        # What ran before the server ended comes back by itself, in the background, as far as there is room.
        for deployment_id, model_id, parameters, started in self.store.deployments():
            self._deploy(deployment_id, model_id, parameters, started, self.room_for(Need.of(parameters)))

    def close(self) -> None:
        """End the native processes; the deployments stay wanted."""
        for deployment in list(self.deployments.values()):
            deployment.stop(finish_pending=False)
        self.store.close()

    def wait_started(self, seconds: float) -> None:
        """Wait until every start has ended either way, together no longer than this; not for starts that are delayed."""
        if self.node.identity.start_delay:
            return
        deadline = time.monotonic() + seconds
        for deployment in list(self.deployments.values()):
            deployment.wait(max(0.0, deadline - time.monotonic()))

    @property
    def room(self) -> Room:
        """What the node has for models."""
        identity = self.node.identity
        return Room(
            node_id=self.node.node_id,
            memory=identity.ml_memory,
            processors=identity.ml_processors,
            ml=self.node.ml_tier.there,
        )

    def taken(self, besides: str | None = None) -> list[tuple[Need, int]]:
        """What the deployments have of it, one perhaps left out."""
        return [(item.need, item.allocations) for item in list(self.deployments.values()) if item.id != besides]

    def room_for(self, need: Need, besides: str | None = None) -> Fit:
        """The allocations that there is room for."""
        return fit(self.room, self.taken(besides), need)

    def start(self, deployment_id: str, model_id: str, parameters: dict[str, Any]) -> Deployment:
        """Remember and start a deployment.

        Raises:
            ApiError: 429 when there is no room for all its allocations, and none may come.
        """
        with self.lock:
            placed, tier = self.room_for(Need.of(parameters)), self.node.ml_tier
            if not placed.allocations and not tier.may_grow:
                raise _no_node(placed.explanation)
            if placed.explanation is not None and not tier.may_grow:
                raise status_error(
                    429,
                    "Could not start deployment because there are not enough resources to provide all requested allocations",
                )
            started = int(time.time() * 1000)
            self.store.put_deployment(deployment_id, model_id, parameters, started)
            return self._deploy(deployment_id, model_id, parameters, started, placed)

    def update(self, deployment: Deployment, parameters: dict[str, Any]) -> None:
        """Give a deployment other parameters.

        Raises:
            ApiError: 429 when there is no room for more allocations, and none may come.
        """
        with self.lock:
            placed = self.room_for(Need.of(parameters), besides=deployment.id)
            wanted = parameters["number_of_allocations"]
            more = wanted > deployment.parameters["number_of_allocations"]
            if more and placed.allocations < wanted and not self.node.ml_tier.may_grow:
                raise status_error(
                    429,
                    "Could not update deployment because there are not enough resources to provide all requested allocations",
                )
            self.store.put_deployment(deployment.id, deployment.model_id, parameters, deployment.started)
            deployment.update(parameters, placed)
            self._rebalance()

    def remove(self, deployment_id: str, *, finish_pending: bool) -> None:
        """Stop and forget a deployment; others may get what it had."""
        with self.lock:
            deployment = self.deployments.get(deployment_id)
        if deployment is None:
            return
        deployment.stop(finish_pending=finish_pending)
        with self.lock:
            # Another call may have removed it meanwhile, and a new one of this name may have been started.
            if self.deployments.get(deployment_id) is deployment:
                del self.deployments[deployment_id]
                self.store.delete_deployment(deployment_id)
                self._rebalance()

    def resolve_model(self, name: str) -> str | None:
        """A model id or model alias as a model id."""
        if self.store.config(name) is not None:
            return name
        return self.store.aliases().get(name)

    def deployments_of(self, model_id: str) -> list[Deployment]:
        """A model's deployments by id."""
        found = (item for item in list(self.deployments.values()) if item.model_id == model_id)
        return sorted(found, key=lambda item: item.id)

    def infer(
        self,
        name: str,
        docs: Sequence[Mapping[str, Any]],
        *,
        prefix: str,
        config_update: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """The inference results of documents that are ingested; they wait as long as it takes.

        Raises:
            ApiError: unknown, not deployed, or a document failed.
        """
        return infer_docs(self, name, docs, prefix=prefix, override=config_update)

    def infer_text(
        self, name: str, text: str, *, prefix: str, config_update: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The inference result of a text that is ingested.

        Raises:
            ApiError: 404 when the name is neither deployed nor an endpoint.
        """
        return infer_text(self, name, text, prefix=prefix, override=config_update)

    def embed_query(self, name: str, text: str) -> list[float]:
        """The vector of a query text.

        Raises:
            ApiError: not deployed, or not a text embedding model.
        """
        return embed_query(self, name, text)

    def reported_id(self, name: str) -> str:
        """The id that a response names: an alias as its model, a deployment as itself."""
        return self.store.aliases().get(name, name)

    def references(self, model_id: str) -> tuple[bool, str | None]:
        """Whether pipelines name a model or deployment itself, and an alias of it that they name."""
        direct = bool(self.node.pipelines.references(model_id))
        aliases = [alias for alias, target in self.store.aliases().items() if target == model_id]
        return direct, next((alias for alias in aliases if self.node.pipelines.references(alias)), None)

    def _deploy(
        self, deployment_id: str, model_id: str, parameters: dict[str, Any], started: int, placed: Fit
    ) -> Deployment:
        deployment = Deployment(
            deployment_id,
            model_id,
            parameters=parameters,
            started=started,
            placed=placed,
            start_delay=self.node.identity.start_delay,
            store=self.store,
            data=self.node.data,
            version=str(self.node.version),
        )
        self.deployments[deployment_id] = deployment
        if placed.explanation is not None:
            self.node.ml_tier.want(self._node_joined)
        return deployment

    def _node_joined(self) -> None:
        with self.lock:
            self._rebalance()

    def _rebalance(self) -> None:
        for item in self.deployments.values():
            if item.explanation is not None and item.state in ("starting", "started"):
                item.place(self.room_for(item.need, besides=item.id))


def _no_node(explanation: str | None) -> ApiError:
    detail = f"Could not start deployment because no suitable nodes were found, allocation explanation [{explanation}]"
    return ApiError(
        429,
        "status_exception",
        "Could not start deployment because no ML nodes with sufficient capacity were found",
        caused_by={"type": "illegal_state_exception", "reason": detail},
    )


def model_missing(name: str) -> ApiError:
    """404 of the APIs that read models."""
    return not_found(f"No known trained model with model_id [{name}]")
