"""Settings of the cluster (reference, section 1.10)."""

from __future__ import annotations

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact


@fact("1.10", evidence="T", source="rest-api-spec test cluster.put_settings/10_basic.yml", shared=True)
def test_settings(cluster: Cluster) -> None:
    """A persistent setting is shown until it is set to null."""
    setting = "search.max_open_scroll_context"
    body = cluster("PUT", "/_cluster/settings?flat_settings=true", {"persistent": {setting: 400}})
    assert body == {"acknowledged": True, "persistent": {setting: "400"}, "transient": {}}
    assert cluster("GET", "/_cluster/settings")["persistent"]["search"]["max_open_scroll_context"] == "400"
    cluster("PUT", "/_cluster/settings", {"persistent": {setting: None}})
    assert setting not in cluster("GET", "/_cluster/settings?flat_settings")["persistent"]


@fact("1.10", evidence="S", source="AbstractScopedSettings.updateSettings")
@pytest.mark.parametrize(
    ("setting", "reason"),
    [("nonsense.x", "persistent setting [nonsense.x], not recognized"),
     ("cluster.name", "persistent setting [cluster.name], not dynamically updateable"),
     ("xpack.ml.max_lazy_ml_nodes", "Failed to parse value [x] for setting [xpack.ml.max_lazy_ml_nodes]")],
)  # fmt: skip
def test_settings_that_are_refused(cluster: Cluster, setting: str, reason: str) -> None:
    """An unknown setting and one of a file are 400, in these words."""
    found = cluster.error("PUT", "/_cluster/settings", {"persistent": {setting: "x"}}, code=400)
    assert found == ("illegal_argument_exception", reason)


@fact(
    "1.10",
    evidence="K",
    source="ClusterUpdateSettingsRequest.validate; RestClusterUpdateSettingsAction reads two fields",
)
@pytest.mark.parametrize("body", [{}, {"elsewhere": {"search.max_buckets": 1}}])
def test_no_settings(cluster: Cluster, body: dict[str, object]) -> None:
    """A change of nothing is refused; what is neither persistent nor transient is nothing."""
    reason = "Validation Failed: 1: no settings to update;"
    assert cluster.error("PUT", "/_cluster/settings", body, code=400) == ("action_request_validation_exception", reason)


@fact("1.10", evidence="T", source="rest-api-spec test cluster.put_settings/10_basic.yml", shared=True)
def test_transient_settings_warn(cluster: Cluster) -> None:
    """A transient setting is deprecated; the warning names version and build."""
    answer = cluster.raw("PUT", "/_cluster/settings", {"transient": {"search.max_open_scroll_context": None}})
    version = cluster("GET", "/")["version"]
    start = f'299 Elasticsearch-{version["number"]}-{version["build_hash"]} "[transient settings removal] Updating'
    assert answer.headers["warning"].startswith(start)
