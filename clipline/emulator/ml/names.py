"""Names of models, deployments and aliases, and the expressions that match them."""

from __future__ import annotations

import re

BUILT_IN = "lang_ident_model_1"
"""The model that every server has; it is listed, and cannot be run here."""

_ID = re.compile(r"[a-z0-9](?:[a-z0-9_\-.]*[a-z0-9])?")
_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9_\-.]*[a-z])?")
_LONGEST = 64


def id_problems(field: str, name: str) -> list[str]:
    """What is wrong with an id, in Elasticsearch's words."""
    wrong = []
    if not _ID.fullmatch(name):
        wrong.append(
            f"Invalid {field}; '{name}' can contain lowercase alphanumeric (a-z and 0-9), hyphens or underscores; "
            "must start and end with alphanumeric"
        )
    if len(name) > _LONGEST:
        wrong.append(f"Invalid {field}; '{name}' cannot contain more than {_LONGEST} characters.")
    return wrong


def tags_problems(model_id: str, tags: list[str]) -> list[str]:
    """What is wrong with a model's tags."""
    wrong = []
    if bad := [tag for tag in tags if not _ID.fullmatch(tag) or len(tag) > _LONGEST]:
        wrong.append(
            f"Invalid tags [{', '.join(bad)}]; must only can contain lowercase alphanumeric (a-z and 0-9), hyphens or "
            "underscores, must start and end with alphanumeric, and must be less than 64 characters."
        )
    if model_id in tags:
        wrong.append("none of the tags must equal the model_id")
    return wrong


def alias_problem(alias: str) -> str | None:
    """What is wrong with a model alias; it cannot end with a digit."""
    if _ALIAS.fullmatch(alias):
        return None
    return (
        f"Invalid model_alias; '{alias}' can contain lowercase alphanumeric (a-z and 0-9), hyphens or underscores; "
        "must start with alphanumeric and cannot end with numbers"
    )


def matches(pattern: str, name: str) -> bool:
    """Whether a name matches a pattern, in which only ``*`` is special."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None
