"""Whether the licence has machine learning, and until when."""

from __future__ import annotations

import time
from collections.abc import Iterator

from provisioning.assets.model_asset import ON_CLIENT
from provisioning.doctor.facts import Facts
from provisioning.doctor.finding import Finding, Level
from provisioning.doctor.needs import Needs

_CHECK = "licence"
WITH_ML = frozenset({"trial", "platinum", "enterprise"})
_DAY = 24 * 3600 * 1000
_SOON = 30
"""Days; Elasticsearch begins to warn in its log at that distance (LicenseState expiration callbacks)."""


def _way_on(needs: Needs) -> str:
    return " and ".join(ON_CLIENT.format(stem=model.stem) for model in needs.models)


def judge(facts: Facts, needs: Needs, *, now: float | None = None) -> Iterator[Finding]:
    """The licence; ``now`` is seconds since 1970, by default the present."""
    licence = (facts.get("license") or {}).get("license")
    if not licence or not needs.models:
        return
    kind, subject = str(licence["type"]), "cluster"
    if kind not in WITH_ML:
        yield Finding(
            check=_CHECK,
            level=Level.BLOCKS,
            subject=subject,
            what=f"the licence is {kind}, which does not include machine learning",
            cause="models can be neither uploaded nor deployed: the server answers 403",
            next_step="start a trial (POST _license/start_trial?acknowledge=true), or install a platinum or enterprise"
            f" licence; a stack without models/ needs neither, nor does one with {_way_on(needs)}",
        )
        return
    if licence.get("status") != "active":
        yield Finding(
            check=_CHECK,
            level=Level.BLOCKS,
            subject=subject,
            what=f"the {kind} licence is {licence.get('status')}",
            cause="models can be neither uploaded nor deployed; ingest pipelines go on with a model that already runs",
            next_step="install a licence that is valid (PUT _license)",
        )
        return
    expires = licence.get("expiry_date_in_millis")
    if expires is None:
        yield Finding(check=_CHECK, level=Level.OK, subject=subject, what=f"the licence is {kind}")
        return
    days = int((int(expires) - 1000 * (time.time() if now is None else now)) // _DAY)
    date = str(licence.get("expiry_date", "")).partition("T")[0]
    if days >= _SOON:
        yield Finding(check=_CHECK, level=Level.OK, subject=subject, what=f"the licence is {kind}, until {date}")
        return
    yield Finding(
        check=_CHECK,
        # A trial is always short, and whoever started it knows.
        level=Level.NOTE if kind == "trial" and days >= 7 else Level.WARNING,
        subject=subject,
        what=f"the {kind} licence ends in {days} day{'' if days == 1 else 's'}, on {date}",
        cause="then no model can be uploaded or deployed any more",
        next_step="install a licence (PUT _license) before that day",
    )
