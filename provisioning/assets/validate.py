"""What is wrong with a stack's files, without a cluster: shape, names, references, dimensions.

Every check yields findings with file and line; none stops the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from clipline.core.errors import AssetError, CliplineError, Finding
from clipline.core.records import CAPTION_VECTOR_FIELD, MARK, VECTOR_FIELD
from provisioning.assets import client_texts, names
from provisioning.assets.documents import PathKey
from provisioning.assets.model_asset import model_asset
from provisioning.assets.schema import shape_findings
from provisioning.assets.stack import Asset, Stack, paths, placed_processors, value_at

_MAPPING_MARKS = ("template", "mappings", "_meta", MARK)


def check(stack: Stack) -> None:
    """Check a whole stack.

    Raises:
        AssetError: with every finding.
        UsageError: a hub model without its revision.
    """
    findings = [finding for asset in stack.assets for finding in shape_findings(asset)]
    if not findings:  # the checks below rely on the shape
        findings = [*_names(stack), *_claimed_twice(stack), *_references(stack), *_counts(stack), *_dimensions(stack)]
        findings += client_texts.findings(stack)
    if findings:
        raise AssetError(_by_line(findings))
    for asset in stack.of("model"):
        _source_findings(asset)


def _by_line(findings: list[Finding]) -> list[Finding]:
    """Files in the order of their first finding, which is often the others' cause; each file from above."""
    places = [finding.where.rpartition(":") for finding in findings]
    first = {file: number for number, (file, *_) in reversed(list(enumerate(places)))}
    keys = [(first[file], int(line) if line.isdigit() else 0, number) for number, (file, _, line) in enumerate(places)]
    return [findings[number] for *_, number in sorted(keys)]


def _source_findings(asset: Asset) -> None:
    try:
        model_asset(asset)
    except CliplineError as error:
        if isinstance(error, AssetError) or error.exit_code == 2:
            raise
        raise AssetError([Finding(error.where or asset.document.name, error.what, error.hint)]) from error


def _names(stack: Stack) -> Iterator[Finding]:
    for asset in stack.of("model"):
        document, body = asset.document, asset.body
        if wrong := names.model_id(asset.name, longest=names.MAX_STEM):
            yield document.finding(f"the file's name {asset.name!r} becomes a model id and {wrong}")
        if wrong := names.model_alias(body["model_alias"]):
            yield document.finding(f"the model alias {body['model_alias']!r} {wrong}", "model_alias")
        deployment_id = body["deployment"]["deployment_id"]
        if wrong := names.model_id(deployment_id):
            yield document.finding(f"the deployment id {deployment_id!r} {wrong}", "deployment", "deployment_id")
        if deployment_id == f"{asset.name}-next":
            what = f"the deployment id {deployment_id!r} is the one a successor is proven under"
            yield document.finding(what, "deployment", "deployment_id", hint="choose another")
        yield from _adaptive(asset)
    for asset in stack.of("index_template"):
        for path, pattern in _patterns(asset):
            if wrong := names.index_name(pattern.replace("*", "x")):
                yield asset.document.finding(f"the index pattern {pattern!r} {wrong}", *path)
        alias = value_at(asset.document, "_meta", MARK, "alias")
        if alias is not None and (wrong := names.index_name(alias)):
            yield asset.document.finding(f"the alias {alias!r} {wrong}", "_meta", MARK, "alias")
    for kind in ("index_template", "component_template"):
        for asset in stack.of(kind):
            if wrong := names.template_name(asset.name):
                yield asset.document.finding(f"the file's name {asset.name!r} becomes a template's and {wrong}")
    for asset in stack.of("ingest_pipeline"):
        if wrong := names.pipeline_name(asset.name):
            yield asset.document.finding(f"the file's name {asset.name!r} becomes a pipeline's and {wrong}")


def _adaptive(asset: Asset) -> Iterator[Finding]:
    deployment = asset.body["deployment"]
    adaptive = deployment.get("adaptive_allocations") or {}
    if not adaptive.get("enabled"):
        return
    if "number_of_allocations" in deployment:
        yield asset.document.finding(
            "the number of allocations follows the load where adaptive_allocations are enabled, and cannot be set",
            *("deployment", "number_of_allocations"),
            hint="leave it out, and set min_number_of_allocations",
        )
    least, most = (adaptive.get(f"{end}_number_of_allocations") for end in ("min", "max"))
    if most is not None and (1 if least is None else least) > most:
        yield asset.document.finding(
            f"at least {1 if least is None else least} and at most {most} allocations cannot be had",
            *("deployment", "adaptive_allocations", "max_number_of_allocations"),
        )


def _claimed_twice(stack: Stack) -> Iterator[Finding]:
    """What two files would make under one name; a model is called by its alias and by its deployment id alike."""
    claims: list[tuple[str, str, Asset, PathKey]] = [
        ("the index alias", alias, asset, ("_meta", MARK, "alias"))
        for asset in stack.of("index_template")
        if isinstance(alias := value_at(asset.document, "_meta", MARK, "alias"), str)
    ]
    for asset in stack.of("model"):
        deployment_id = asset.body["deployment"]["deployment_id"]
        claims += [
            ("the model name", asset.body["model_alias"], asset, ("model_alias",)),
            ("the model name", deployment_id, asset, ("deployment", "deployment_id")),
        ]
    first: dict[tuple[str, str], Asset] = {}
    for kind, name, asset, path in claims:
        other = first.setdefault((kind, name), asset)
        if other is not asset:
            yield asset.document.finding(f"{kind} {name!r} is taken already, by {other.document.name}", *path)


def _references(stack: Stack) -> Iterator[Finding]:
    aliases = {asset.body["model_alias"]: asset for asset in stack.of("model")}
    known_models = set(aliases) | {asset.body["deployment"]["deployment_id"] for asset in stack.of("model")}
    pipelines = {asset.name for asset in stack.of("ingest_pipeline")}
    components = {asset.name for asset in stack.of("component_template")}
    for asset in stack.of("ingest_pipeline"):
        for path, processor in placed_processors(asset, "inference"):
            model = processor["model_id"]
            if model not in known_models:
                hint = f"models/ declares {', '.join(sorted(known_models)) or 'none'}"
                yield asset.document.finding(
                    f"no model file declares the model {model!r}", *path, "model_id", hint=hint
                )
        for path, processor in placed_processors(asset, "pipeline"):
            name = processor.get("name")
            if isinstance(name, str) and "{{" in name:
                continue  # a template: which pipeline it is, each document says
            if name not in pipelines and not processor.get("ignore_missing_pipeline"):
                yield asset.document.finding(f"there is no pipeline {name!r} here", *path, "name")
    yield from _circles(stack)
    for asset in stack.of("index_template"):
        for path, pipeline in _pipeline_settings(asset):
            if pipeline not in pipelines and pipeline != "_none":
                hint = f"pipelines/ holds {', '.join(sorted(pipelines)) or 'none'}"
                yield asset.document.finding(f"there is no pipeline {pipeline!r} here", *path, hint=hint)
        for number, component in enumerate(asset.body.get("composed_of", ())):
            if component not in components and component not in asset.body.get(
                "ignore_missing_component_templates", ()
            ):
                what = f"there is no component template {component!r} here"
                yield asset.document.finding(what, "composed_of", number)
        yield from _alias_references(asset, aliases)


def _circles(stack: Stack) -> Iterator[Finding]:
    """Pipelines that call each other in a circle: Elasticsearch takes them, and fails each document that comes round."""
    calls = {
        asset.name: {str(processor.get("name")): path for path, processor in placed_processors(asset, "pipeline")}
        for asset in stack.of("ingest_pipeline")
    }
    try:
        TopologicalSorter(calls).prepare()
    except CycleError as error:
        circle: list[str] = list(reversed(error.args[1]))  # graphlib tells it from callee to caller
        (asset,) = (asset for asset in stack.of("ingest_pipeline") if asset.name == circle[0])
        what = f"pipelines call each other in a circle: {' → '.join(circle)}"
        hint = 'every document that comes round fails with "Cycle detected for pipeline"'
        yield asset.document.finding(what, *calls[circle[0]][circle[1]], "name", hint=hint)


def _alias_references(asset: Asset, models: dict[str, Asset]) -> Iterator[Finding]:
    document = asset.document
    alias = value_at(document, "_meta", MARK, "alias")
    if alias is None:
        return
    patterns = [pattern for _, pattern in _patterns(asset)]
    if f"{alias}-*" not in patterns:
        what = f"the generations of the alias {alias!r} are {alias}-000001 and so on, which no pattern here matches"
        yield document.finding(what, "index_patterns", hint=f"add {alias}-* to index_patterns")
    if any(names.matches(pattern, alias) for pattern in patterns):
        what = f"the index pattern would match the alias {alias!r} itself"
        yield document.finding(what, "index_patterns", hint=f"write {alias}-*")
    text_model = value_at(document, *_MAPPING_MARKS, "text_model")
    if text_model is None:
        what = "the mapping does not say which model its vectors belong to"
        hint = "add template.mappings._meta.clipline.text_model: <the model_alias of a model file>"
        yield document.finding(what, "template", "mappings", hint=hint)
    elif text_model not in models:
        hint = f"models/ declares {', '.join(sorted(models)) or 'none'}"
        yield document.finding(f"no model file has the alias {text_model!r}", *_MAPPING_MARKS, "text_model", hint=hint)


def _counts(stack: Stack) -> Iterator[Finding]:
    """Numbers of shards and replicas, which most often come from variables."""
    least = {"number_of_shards": 1, "number_of_replicas": 0}
    for asset in (*stack.of("index_template"), *stack.of("component_template")):
        for path, value in paths(value_at(asset.document, "template", "settings") or {}):
            name = str(path[-1]).rpartition(".")[2] if path else ""
            if name in least and value is not None and not (str(value).isdecimal() and int(value) >= least[name]):
                what = f"{name} is {value!r}, but must be a number, at least {least[name]}"
                yield asset.document.finding(what, "template", "settings", *path)


def _dimensions(stack: Stack) -> Iterator[Finding]:
    sizes = {asset.body["model_alias"]: asset.body["import"]["embedding_size"] for asset in stack.of("model")}
    for asset in stack.of("index_template"):
        model = value_at(asset.document, *_MAPPING_MARKS, "text_model")
        size = sizes.get(model)
        for field in (VECTOR_FIELD, CAPTION_VECTOR_FIELD):
            path = ("template", "mappings", "properties", field)
            declared = value_at(asset.document, *path)
            if not isinstance(declared, dict):
                if field == VECTOR_FIELD and value_at(asset.document, "_meta", MARK, "alias") is not None:
                    what = f"the mapping has no field {VECTOR_FIELD}, which holds the pictures' vectors"
                    yield asset.document.finding(what, "template", "mappings")
                continue
            if declared.get("type") != "dense_vector":
                yield asset.document.finding(f"{field} must be a dense_vector", *path, "type")
            elif size is not None and declared.get("dims") != size:
                what = f"{field} has {declared.get('dims')} dims, but the model {model!r} gives vectors of {size}"
                yield asset.document.finding(what, *path, "dims", hint="dims and embedding_size must be equal")


def _patterns(asset: Asset) -> Iterator[tuple[PathKey, str]]:
    patterns = asset.body["index_patterns"]
    if isinstance(patterns, str):
        yield ("index_patterns",), patterns
        return
    for number, pattern in enumerate(patterns):
        yield ("index_patterns", number), pattern


def _pipeline_settings(asset: Asset) -> Iterator[tuple[PathKey, str]]:
    for path, value in paths(value_at(asset.document, "template", "settings") or {}):
        if (
            path
            and str(path[-1]).rpartition(".")[2] in ("default_pipeline", "final_pipeline")
            and isinstance(value, str)
        ):
            yield ("template", "settings", *path), value
