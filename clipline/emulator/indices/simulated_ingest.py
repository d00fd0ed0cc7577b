"""``_ingest[/{index}]/_simulate``: the whole way into an index, mapping included, with nothing stored.

As in ``TransportSimulateBulkAction``: default and final pipelines of the index or its template, then the mapping; pipelines and
templates may be substituted for this request. A document's answer::

    {"doc": {"_id": "1", "_index": "i", "_version": -3, "_source": {…}, "executed_pipelines": ["p"], "error": {…}}}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, validation_failed
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.identity import Version
from clipline.emulator.indices import mapping as mappings_of
from clipline.emulator.indices.composition import Composed, compose, winner
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.mappings.traits import traits_of
from clipline.emulator.indices.parse import parse
from clipline.emulator.indices.pipelined import Request
from clipline.emulator.indices.template_fields import read_component, read_index
from clipline.emulator.indices.write import Write
from clipline.emulator.ingest.compile import compile_pipeline
from clipline.emulator.ingest.config import Options
from clipline.emulator.ingest.document import MATCH_ANY, IngestDocument, java
from clipline.emulator.ingest.execute import Compiled, Execution, Failure
from clipline.emulator.ingest.processors import Dropped

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_UNNAMED = "<n/a>"
_UNNAMED_FAILURE = "auto-generated"
_CLASSES = {
    "parse_exception": "org.elasticsearch.ElasticsearchParseException",
    "illegal_argument_exception": "java.lang.IllegalArgumentException",
    "script_exception": "org.elasticsearch.script.ScriptException",
}
"""What compiling a pipeline throws, as Java writes it where one error tells of another."""


@dataclass(slots=True)
class _Simulation(Request):
    """A request whose pipelines and templates may be others than those that are stored."""

    pipelines: dict[str, Compiled] = field(default_factory=dict)
    components: dict[str, Any] = field(default_factory=dict)
    templates: dict[str, Any] = field(default_factory=dict)
    addition: dict[str, Any] = field(default_factory=dict)

    def find(self, name: str) -> Compiled | None:
        """A pipeline of this request, else a stored one."""
        return self.pipelines.get(name) or self.node.pipelines.find(name)

    def pipeline(self, name: str, document: IngestDocument, *, first: bool) -> IngestDocument | None:
        """Run one pipeline."""
        compiled = self.find(name)
        if compiled is None:
            raise illegal_argument(f"pipeline with id [{name}] does not exist")
        try:
            Execution(self.find).pipeline(compiled, document)
        except Failure as failure:
            raise failure.error from failure
        except Dropped:
            return None
        return document

    def settings(self, name: str) -> tuple[str, Mapping[str, str | None]]:
        """Those of the index, unless templates are substituted: then those of what it would be made by."""
        index = self.node.indices.write_index(name)
        if index is not None and not self.components and not self.templates:
            return index.name, index.settings
        found = self._composed(name)
        return name, found.settings if found else {}

    def _composed(self, name: str) -> Composed | None:
        """What the template for a name comes to, ``None`` when there is none."""
        indices = self.node.indices
        found = winner(indices, name, {**indices.templates("index"), **self.templates})
        if found is None:
            return None
        if found.data_stream:
            raise unsupported(f"data streams: [{name}] matches the index template [{found.name}], which makes them")
        return compose(indices, found.body, {**indices.templates("component"), **self.components})

    def mapping(self, name: str) -> tuple[Mapping[str, Any] | None, Index | None]:
        """The mapping that a document is read by, ``None`` for none at all, and the index it is of.

        Raises:
            ApiError: 400 when what is added does not go with what is there.
        """
        index = self.node.indices.write_index(name)
        plain = not self.components and not self.templates
        if index is not None and plain and not self.addition:
            return index.mappings, index
        traits = traits_of(self.node)
        found = self._composed(name)
        if found is not None:
            base: Mapping[str, Any] = found.mappings
        else:
            base = index.mappings if index is not None and self.addition else {}
            if not self.addition:
                return None, None
        return mappings_of.merge(base, mappings_of.normalise(self.addition, traits), traits), None


def simulate_index(node: Node, call: Call) -> Reply:
    """``POST /_ingest[/{index}]/_simulate``."""
    body = Options(node, None, None, dict(call.required_body()))
    addition = body.mapping("mapping_addition", {})
    documents = body.items("docs")
    if not documents:
        raise illegal_argument("must specify at least one document in [docs]")
    writes = [_write(node, call, given) for given in documents]
    simulation = _Simulation(
        node=node,
        pipelines=_pipelines(node, _maps(body, "pipeline_substitutions")),
        components=_templates(body, "component_template_substitutions", read_component),
        templates=_templates(body, "index_template_substitutions", read_index),
        addition=addition["_doc"] if set(addition) == {"_doc"} and isinstance(addition["_doc"], dict) else addition,
    )
    return Reply(body={"docs": [{"doc": _simulated(simulation, write)} for write in writes]})


def _pipelines(node: Node, given: Mapping[str, Mapping[str, Any]]) -> dict[str, Compiled]:
    """Pipelines that stand in for stored ones.

    Raises:
        ApiError: 500 for one that is not valid: SimulateIngestService wraps whatever is wrong.
    """
    try:
        return {name: compile_pipeline(node, name, config) for name, config in given.items()}
    except ApiError as error:
        if error.status != 400:
            raise
        reason = f"{_CLASSES.get(error.type, 'org.elasticsearch.ElasticsearchException')}: {error.reason}"
        raise ApiError(500, "runtime_exception", reason, caused_by=error.cause()) from error


def _maps(body: Options, name: str) -> dict[str, dict[str, Any]]:
    given: dict[str, Any] = body.mapping(name, {})
    for value in given.values():
        if not isinstance(value, dict):
            raise body.wrong(name, f"property isn't a map of maps, but has an entry of type [{java(value)}]")
    return given


def _templates(
    body: Options, name: str, read: Callable[[Mapping[str, Any], Version], dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Templates in the form that is stored."""
    return {key: read(value, body.node.version) for key, value in _maps(body, name).items()}


def _write(node: Node, call: Call, given: Any) -> Write:
    if not isinstance(given, dict):
        raise illegal_argument("malformed [docs] section, should include an inner object")
    doc = Options(node, None, None, dict(given))
    source = doc.mapping("_source")
    index = doc.string("_index", None) or call.args.get("index")
    if index is None:
        raise validation_failed("index is missing")
    return Write(
        op="index", index=index, id=doc.string("_id", None), source=source, pipeline=call.params.get("pipeline")
    )


def _simulated(simulation: _Simulation, write: Write) -> dict[str, Any]:
    try:
        done = simulation.ingested(write)
    except ApiError as error:
        if error.status == 501:
            raise
        return {"_id": write.id or _UNNAMED_FAILURE, "_index": write.index, "error": error.cause()}
    shown = {"_id": done.write.id or _UNNAMED, "_index": done.write.index, "_version": MATCH_ANY}
    if done.write.source is None:
        shards = {"total": 0, "successful": 0, "failed": 0}
        return {**shown, "_id": write.id or _UNNAMED_FAILURE, "result": "noop", "_shards": shards}
    shown |= {"_source": done.write.source, "executed_pipelines": list(done.pipelines)}
    return {**shown, **_read_by_mapping(simulation, done.write)}


def _read_by_mapping(simulation: _Simulation, write: Write) -> dict[str, Any]:
    """What the mapping says to a document: fields that it leaves out, its error, and from 9.2 on the mapping itself."""
    node = simulation.node
    shown: dict[str, Any] = {}
    mapping: Mapping[str, Any] | None = None
    try:
        mapping, index = simulation.mapping(write.index)
        if mapping is not None:
            parsed = parse(write.source or {}, mapping, write.id or "", traits_of(node, index))
            # Of an index that is there Elasticsearch does not say what it would leave out.
            ignored = parsed.values.get("_ignored", []) if index is None else []
            shown = {"ignored_fields": [{"field": name} for name in ignored]} if ignored else {}
    except ApiError as error:
        if error.status == 501:
            raise
        shown = {"error": error.cause()}
    if node.version >= (9, 2):
        shown["effective_mapping"] = {"_doc": mappings_of.shown(mapping)} if mapping else {}
    return shown


_REFUSED = {"merge_type", "_source", "_source_includes", "_source_excludes"}
_ACTION = "indices:data/write/simulate/bulk"

ROUTES = [
    Route(method, path, _ACTION, simulate_index, {"pipeline"}, _REFUSED)
    for method in ("GET", "POST")
    for path in ("/_ingest/_simulate", "/_ingest/{index}/_simulate")
]
