"""A plan as a file: ``plan --out FILE`` writes it, ``apply FILE`` carries out exactly that.

It holds all that carrying it out needs but the bundles' bytes: every request, what the cluster held for each address, and
of each text model the digest that its bundle is found by. It holds no address of its own that a request would be sent to,
and no credentials. The form::

    {"format": 1, "purpose": "apply", "stack": "…", "target": "https://…", "cluster_uuid": "…", "version": "9.2.0",
     "changes": [{"kind": …, "name": …, "verb": …, "reason": …, "fields": […], "request": {…}}, …],
     "problems": […], "notes": […], "orphans": […], "summary": {…},
     "models": [{"model_id": "…", "digest": "sha256:…", "asset": {…}}], "seen": {"kind/name": "sha256:…", …}}
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clipline.core.errors import PlanError
from provisioning.assets.model_asset import ModelAsset
from provisioning.plan import Change, Field, Plan, PlannedModel, Problem, Purpose, Verb

FORMAT = 1


def write_plan(path: Path, plan: Plan) -> None:
    """Write a plan; a file that is there is replaced as a whole or not at all.

    Raises:
        PlanError: the file cannot be written.
    """
    value = {
        "format": FORMAT,
        "purpose": str(plan.purpose),
        "cluster_uuid": plan.cluster_uuid,
        **plan.to_json(),
        "changes": [{**change.to_json(), "request": change.request} for change in plan.changes],
        "models": [
            {"model_id": model.model_id, "digest": model.digest, "asset": model.asset.to_json()}
            for model in plan.models
        ],
        "seen": dict(plan.seen),
    }
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as stream:
            beside = Path(stream.name)
            try:
                json.dump(value, stream, ensure_ascii=False, indent=2)
                stream.write("\n")
                stream.close()
                beside.replace(path)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise PlanError(f"the plan cannot be written: {error.strerror}", where=os.fspath(path)) from error


def read_plan(path: Path) -> Plan:
    """Read what ``write_plan`` wrote.

    Raises:
        PlanError: not a plan file, damaged, or of another format.
    """
    where = os.fspath(path)
    try:
        value = json.loads(path.read_text("utf-8"))
        number = value["format"]
    except OSError as error:
        raise PlanError(f"the plan cannot be read: {error.strerror}", where=where) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PlanError("this is not a plan file", where=where, hint="`clipline plan --out FILE` writes one") from error
    if number != FORMAT:
        raise PlanError(
            f"this plan has format {number!r}, this clipline reads {FORMAT}", where=where, hint="plan again"
        )
    try:
        return _plan(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlanError(f"the plan is damaged: {error!r}", where=where, hint="plan again") from error


def _plan(value: Mapping[str, Any]) -> Plan:
    return Plan(
        stack=str(value["stack"]),
        target=str(value["target"]),
        version=str(value["version"]),
        changes=tuple(_change(item) for item in value["changes"]),
        problems=tuple(Problem(**item) for item in value["problems"]),
        notes=tuple(map(str, value["notes"])),
        orphans=tuple(map(str, value["orphans"])),
        purpose=Purpose(value["purpose"]),
        cluster_uuid=str(value["cluster_uuid"]),
        models=tuple(
            PlannedModel(
                model_id=str(item["model_id"]), digest=str(item["digest"]), asset=ModelAsset.from_json(item["asset"])
            )
            for item in value["models"]
        ),
        seen={str(address): str(digest) for address, digest in value["seen"].items()},
    )


def _change(value: Mapping[str, Any]) -> Change:
    return Change(
        kind=str(value["kind"]),
        name=str(value["name"]),
        verb=Verb(value["verb"]),
        reason=str(value["reason"]),
        fields=tuple(Field(**item) for item in value["fields"]),
        request=dict(value["request"]),
    )
