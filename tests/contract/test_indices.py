"""Making, showing and deleting indices (reference, section 5.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

Make = Callable[..., str]


@fact("5.4", evidence="T", source="rest-api-spec indices.create/10_basic.yml")
def test_create_answers_with_the_name(cluster: Cluster, name: str) -> None:
    """Making an index is acknowledged with its name and whether its shards are active."""
    found = cluster("PUT", f"/{name}", {"settings": {"number_of_replicas": 0}})
    assert found == {"acknowledged": True, "shards_acknowledged": True, "index": name}


@fact("5.4", evidence="S", source="ResourceAlreadyExistsException")
def test_an_index_is_made_once(cluster: Cluster, index: Make) -> None:
    """An index that exists is 400 with its name and uuid."""
    name = index()
    uuid = cluster("GET", f"/{name}")[name]["settings"]["index"]["uuid"]
    error = cluster("PUT", f"/{name}", code=400)["error"]
    assert error["type"] == "resource_already_exists_exception"
    assert error["reason"] == f"index [{name}/{uuid}] already exists"
    assert (error["index"], error["index_uuid"]) == (name, uuid)


@fact("5.4", evidence="S", source="MetadataCreateIndexService.validateIndexOrAliasName")
@pytest.mark.parametrize(
    ("bad", "shown", "why"),
    [
        ("{}X", "{}X", "must be lowercase"),
        ("-{}", "-{}", "must not start with '_', '-', or '+'"),
        ("%2B{}", "+{}", "must not start with '_', '-', or '+'"),
        ("{}%23", "{}#", "must not contain '#'"),
        ("{}%3A", "{}:", "must not contain ':'"),
        ("{}%20", "{} ", "must not contain the following characters [' ','\"','*',',','/','<','>','?','\\','|']"),
        ("{}%7C", "{}|", "must not contain the following characters [' ','\"','*',',','/','<','>','?','\\','|']"),
    ],
)
def test_names_that_cannot_be(cluster: Cluster, name: str, bad: str, shown: str, why: str) -> None:
    """A name that no index can have is 400 ``invalid_index_name_exception`` with the reason."""
    found = cluster.error("PUT", f"/{bad.format(name)}", code=400)
    assert found == ("invalid_index_name_exception", f"Invalid index name [{shown.format(name)}], {why}")


@fact("5.4", evidence="S", source="MetadataCreateIndexService.validateIndexName")
def test_a_name_is_too_long(cluster: Cluster, name: str) -> None:
    """A name has at most 255 bytes."""
    long = f"{name}{'x' * (256 - len(name))}"
    assert cluster.error("PUT", f"/{long}", code=400)[1].endswith("index name is too long, (256 > 255)")


@fact("5.4", evidence="T", source="rest-api-spec indices.create/10_basic.yml: alias with date math")
def test_date_math_in_names(cluster: Cluster, name: str) -> None:
    """Names of indices and aliases may be date math."""
    path = f"/%3C{name}-%7B2022-12-31%7C%7C%2Fd%7Byyyy-MM-dd%7D%7D%3E"
    made = f"{name}-2022-12-31"
    cluster.made.add(("index", made))
    body = {"aliases": {f"<{name}-a-{{2022-12-31||/d{{yyyy}}}}>": {}}}
    assert cluster("PUT", path, body)["index"] == made
    assert set(cluster("GET", f"/{made}/_alias")[made]["aliases"]) == {f"{name}-a-2022"}


@fact("5.4", evidence="S", source="CreateIndexRequest.source")
def test_unknown_keys(cluster: Cluster, name: str) -> None:
    """A body has settings, mappings and aliases, and nothing else."""
    assert cluster.error("PUT", f"/{name}", {"setings": {}}, code=400) == (
        "parse_exception",
        "unknown key [setings] for create index",
    )


@fact("5.4", evidence="S", source="AbstractScopedSettings.validate")
@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        (
            "zzz",
            (
                "unknown setting [index.zzz] please check that any required plugins are installed, or check the breaking "
                "changes documentation for removed settings"
            ),
        ),
        ("refresh_intervall", "unknown setting [index.refresh_intervall] did you mean [index.refresh_interval]?"),
    ],
)
def test_unknown_settings(cluster: Cluster, name: str, setting: str, reason: str) -> None:
    """An unknown setting is 400, with those that are spelled alike."""
    found = cluster.error("PUT", f"/{name}", {"settings": {setting: 1}}, code=400)
    assert found == ("illegal_argument_exception", reason)


@fact("5.4", evidence="S", source="Setting.parseInt, Booleans.parseBoolean, TimeValue.parseTimeValue")
@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"number_of_replicas": -1}, "Failed to parse value [-1] for setting [index.number_of_replicas] must be >= 0"),
        ({"number_of_shards": 0}, "Failed to parse value [0] for setting [index.number_of_shards] must be >= 1"),
        ({"number_of_shards": "x"}, "Failed to parse value [x] for setting [index.number_of_shards]"),
        ({"hidden": "yes"}, "Failed to parse value [yes] as only [true] or [false] are allowed."),
        (
            {"refresh_interval": "5"},
            (
                "failed to parse setting [index.refresh_interval] with value [5] as a time value: unit is missing or "
                "unrecognized"
            ),
        ),
    ],
)
def test_wrong_values_of_settings(cluster: Cluster, name: str, settings: dict[str, Any], reason: str) -> None:
    """A setting of the wrong kind or out of its bounds is 400."""
    assert cluster.error("PUT", f"/{name}", {"settings": settings}, code=400) == ("illegal_argument_exception", reason)


@fact("5.4", evidence="T", source="rest-api-spec indices.create/10_basic.yml")
def test_no_index_without_soft_deletes(cluster: Cluster, name: str) -> None:
    """Soft deletes cannot be switched off."""
    body = {"settings": {"soft_deletes.enabled": False}}
    assert cluster.error("PUT", f"/{name}", body, code=400)[0] == "illegal_argument_exception"


@fact("5.4", evidence="K", source="IndexMetadata; every cluster shows it")
def test_what_an_index_shows(cluster: Cluster, index: Make) -> None:
    """An index shows aliases, mappings and settings; settings are texts, nested below ``index``."""
    name = index(settings={"index.refresh_interval": "5s"})
    found = cluster("GET", f"/{name}")[name]
    assert set(found) >= {"aliases", "mappings", "settings"}
    shown = found["settings"]["index"]
    assert (shown["refresh_interval"], shown["provided_name"]) == ("5s", name)
    assert all(
        isinstance(shown[key], str) for key in ("number_of_shards", "number_of_replicas", "creation_date", "uuid")
    )


@fact("5.4", evidence="T", source="rest-api-spec indices.get/10_basic.yml")
def test_features_and_human_dates(cluster: Cluster, index: Make) -> None:
    """``features`` chooses the parts, and ``human`` adds dates that people read."""
    name = index()
    assert set(cluster("GET", f"/{name}?features=aliases,settings")[name]) == {"aliases", "settings"}
    settings = cluster("GET", f"/{name}?human=true")[name]["settings"]["index"]
    assert settings["creation_date_string"].endswith("Z")
    assert "created_string" in settings["version"] or "version.created_string" in settings


@fact("5.4", evidence="T", source="rest-api-spec indices.get/10_basic.yml")
def test_missing_indices(cluster: Cluster, name: str) -> None:
    """A missing index is 404 unless it is allowed to be missing; a pattern that finds nothing is empty."""
    error = cluster("GET", f"/{name}", code=404)["error"]
    assert (error["type"], error["reason"]) == ("index_not_found_exception", f"no such index [{name}]")
    assert (error["resource.type"], error["resource.id"]) == ("index_or_alias", name)
    assert (error["index"], error["index_uuid"]) == (name, "_na_")
    assert cluster("GET", f"/{name}?ignore_unavailable=true") == {}
    assert cluster("GET", f"/{name}*") == {}
    assert cluster.error("GET", f"/{name}*?allow_no_indices=false", code=404)[1] == f"no such index [{name}*]"


@fact("5.4", evidence="S", source="IndexNameExpressionResolver")
def test_exclusions(cluster: Cluster, name: str) -> None:
    """``-x`` takes away after a wildcard; without one it is a name, and missing."""
    for suffix in "ab":
        cluster("PUT", f"/{name}-{suffix}")
    assert set(cluster("GET", f"/{name}-*,-{name}-a")) == {f"{name}-b"}
    assert cluster.error("GET", f"/{name}-a,-{name}-b", code=404)[1].startswith(f"no such index [-{name}-b]")


@fact("5.4", evidence="K", source="IndexMetadata.INDEX_HIDDEN_SETTING")
def test_wildcards_pass_hidden_indices_by(cluster: Cluster, index: Make) -> None:
    """A hidden index is reached by its name or when ``expand_wildcards`` says so."""
    name = index(settings={"index.hidden": True})
    assert cluster("GET", f"/{name}*") == {}
    assert set(cluster("GET", f"/{name}*?expand_wildcards=open,hidden")) == {name}
    assert set(cluster("GET", f"/{name}")) == {name}


@fact("5.4", evidence="T", source="rest-api-spec indices.delete/10_basic.yml")
def test_deletion_by_alias(cluster: Cluster, index: Make, name: str) -> None:
    """An alias cannot be deleted as an index; with ``ignore_unavailable`` it is passed over."""
    alias = f"{name}-alias"
    index(aliases={alias: {}})
    assert cluster.error("DELETE", f"/{alias}", code=400) == (
        "illegal_argument_exception",
        f"The provided expression [{alias}] matches an alias, specify the corresponding concrete indices instead.",
    )
    cluster("DELETE", f"/{alias}?ignore_unavailable=true")
    cluster("HEAD", f"/{name}")
    cluster("DELETE", f"/{name}")
    cluster("HEAD", f"/{name}", code=404)


@fact("5.4", evidence="S", source="IndexSettings.INDEX_MAPPING_EXCLUDE_SOURCE_VECTORS_SETTING", until=(9, 2))
def test_no_setting_for_vectors_in_source_before_9_2(cluster: Cluster, name: str) -> None:
    """The setting that leaves vectors out of ``_source`` does not exist before 9.2."""
    body = {"settings": {"mapping.exclude_source_vectors": True}}
    assert cluster.error("PUT", f"/{name}", body, code=400)[1].startswith(
        "unknown setting [index.mapping.exclude_source"
    )


@fact("5.4", evidence="S", source="MetadataCreateIndexService")
def test_no_index_where_data_streams_are_made(cluster: Cluster, name: str) -> None:
    """A name that a template of data streams matches cannot be one of an index."""
    assert cluster.error("PUT", f"/logs-{name}-x", code=400) == (
        "illegal_argument_exception",
        (
            f"cannot create index with name [logs-{name}-x], because it matches with template [logs] that creates data "
            "streams only, use create data stream api instead"
        ),
    )


@fact(
    "5.7", evidence="T", source="rest-api-spec indices.get_mapping/10_basic.yml, indices.put_alias/all_path_options.yml"
)
@pytest.mark.parametrize("path", ["", "/_mapping", "/_settings/index.uuid", "/_alias", "/_mapping/field/nope"])
def test_all_indices_by_name(cluster: Cluster, index: Make, path: str) -> None:
    """``_all`` in the place of an index names every one."""
    name = index()
    assert name in cluster("GET", f"/_all{path}")
