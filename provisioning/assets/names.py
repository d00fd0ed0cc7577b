"""The server's own rules for names; each function returns what is wrong with one, or ``None``.

Sources: ``MlStrings`` (model ids, 64 characters), ``ModelAliasMetadata``/``PutTrainedModelModelAliasAction`` (model
aliases), ``MetadataCreateIndexService.validateIndexOrAliasName`` (indices and aliases),
``MetadataIndexTemplateService.validate`` (templates of both kinds).
"""

from __future__ import annotations

import re

_MODEL_ID = re.compile(r"[a-z0-9](?:[a-z0-9_\-.]*[a-z0-9])?")
_MODEL_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9_\-.]*[a-z])?")
_STACK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")
_FORBIDDEN = ' "*\\<|,>/?#:'
MAX_ID = 64
MAX_STEM = MAX_ID - len("-01234567")


def model_id(name: str, *, longest: int = MAX_ID) -> str | None:
    """Model ids and deployment ids."""
    if not _MODEL_ID.fullmatch(name):
        return "must hold only a-z, 0-9, '_', '-' and '.', and start and end with a letter or digit"
    if len(name) > longest:
        return f"must not be longer than {longest} characters, but has {len(name)}"
    return None


def model_alias(name: str) -> str | None:
    """Aliases of trained models, which must not end in a digit."""
    if not _MODEL_ALIAS.fullmatch(name):
        return "must hold only a-z, 0-9, '_', '-' and '.', start with a letter or digit, and end with a letter"
    return None


def index_name(name: str) -> str | None:
    """Indices, index aliases and, for what stands before their wildcard, index patterns."""
    if name != name.lower():
        return "must be lower-case"
    if name[:1] in ("_", "-", "+"):
        return "must not start with '_', '-' or '+'"
    if name in ("", ".", ".."):
        return "must not be empty, '.' or '..'"
    found = sorted({character for character in name if character in _FORBIDDEN})
    if found:
        return f"must not contain {' '.join(map(repr, found))}"
    if len(name.encode()) > 255:
        return "must not be longer than 255 bytes"
    return None


def template_name(name: str) -> str | None:
    """Index templates and component templates."""
    found = sorted({character for character in name if character in " ,#*"})
    if found:
        return f"must not contain {' '.join(map(repr, found))}"
    if name.startswith("_"):
        return "must not start with '_'"
    if name != name.lower():
        return "must be lower-case"
    return None


def pipeline_name(name: str) -> str | None:
    """Ingest pipelines: not the name that stands for none (``IngestService.NOOP_PIPELINE_NAME``).

    Elasticsearch takes any other, but reads ``,`` and ``*`` in a request as several: such a one could not be deleted alone.
    """
    if name == "_none":
        return "means no pipeline to Elasticsearch"
    return "must not contain ',' or '*', which mean several pipelines" if set(name) & {",", "*"} else None


def stack_name(name: str) -> str | None:
    """Stacks, whose names stand in document ids, marks and names of keys. Our own rule."""
    if not _STACK.fullmatch(name):
        return "must hold only letters, digits, '_', '-' and '.', and start with a letter or digit"
    return f"must not be longer than {MAX_ID} characters, but has {len(name)}" if len(name) > MAX_ID else None


def matches(pattern: str, name: str) -> bool:
    """Whether an index pattern matches a name; only ``*`` is special in one (``Regex.simpleMatch``)."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None
