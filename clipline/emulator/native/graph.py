"""Which operators a loaded model has, and whether a version lets it run: CModelGraphValidator's checks.

Nothing of the model has run yet when it is asked. Only ``scan`` touches torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from clipline.emulator.native.rules import Rules


@dataclass(frozen=True, slots=True)
class Graph:
    """The kinds of all nodes of every method, calls inlined, nested blocks included; and ``forward``'s own level."""

    kinds: frozenset[str]
    nodes: int
    forward: tuple[str, ...]


def scan(module: Any, *, most_nodes: int) -> Graph:
    """Read a ScriptModule's methods; stops counting once there are too many nodes."""
    import torch

    kinds: set[str] = set()
    count = 0
    forward: tuple[str, ...] = ()
    for name in module._c._method_names():
        graph = module._c._get_method(name).graph
        if name == "forward":
            forward = tuple(node.kind() for node in graph.nodes())
        graph = graph.copy()
        torch._C._jit_pass_inline(graph)
        for kind in _kinds(graph):
            kinds.add(kind)
            count += 1
            if count > most_nodes:
                return Graph(frozenset(kinds), count, forward)
    return Graph(frozenset(kinds), count, forward)


def refusal(graph: Graph, rules: Rules) -> str | None:
    """Why a model is not loaded: the native process's words where this version has them, else the emulator's own."""
    if rules.allowed is not None:
        if graph.nodes > rules.most_nodes:
            return f"Model graph is too large: {graph.nodes} nodes exceeds limit of {rules.most_nodes}"
        if forbidden := graph.kinds & rules.forbidden:
            return f"Model contains forbidden operations: {_list(forbidden)}"
        if unknown := graph.kinds - rules.allowed:
            return f"Model graph does not match any supported architecture. Unrecognised operations: {_list(unknown)}"
    for kind in graph.forward:
        if kind in rules.legacy:
            return f"Loading the inference process failed because it contains forbidden operation: {kind}"
    if refused := graph.kinds & rules.refused:
        return (
            f"The emulator does not run this model on any version: it contains forbidden operations: {_list(refused)}. "
            f"Elasticsearch {rules.version} does not refuse it for them"
        )
    if graph.nodes > rules.most_nodes:
        return f"The emulator does not run this model: its graph has more than {rules.most_nodes} nodes"
    return None


def _kinds(graph: Any) -> Iterator[str]:
    waiting = [graph]
    while waiting:
        block = waiting.pop()
        for node in block.nodes():
            yield node.kind()
            waiting.extend(node.blocks())


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
