"""``_license``: which one it is, and the changes that need no signature: to a trial, to basic, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.http.human import iso_date
from clipline.emulator.http.wire import ACKNOWLEDGED, Call, Reply, Route
from clipline.emulator.node_description import CLUSTER_NAME

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_NEEDED = "Operation failed: Needs acknowledgement."
_TRIAL_TERMS = (
    "This API initiates a free 30-day trial for all platinum features. By starting this trial, you agree that it is "
    "subject to the terms and conditions at https://www.elastic.co/legal/trial_license/. To begin your free trial, "
    'call /start_trial again and specify the "acknowledge=true" parameter.'
)
_BASIC_TERMS = (
    "This license update requires acknowledgement. To acknowledge the license, please read the following messages "
    'and call /start_basic again, this time with the "acknowledge=true" parameter:'
)
_DEPRECATED = (
    "Including [accept_enterprise] in get license requests is deprecated. The parameter will be removed in the next "
    "major version"
)
_LOST = {
    "watcher": ["Watcher will be disabled"],
    "graph": ["Graph will be disabled"],
    "ml": ["Machine learning will be disabled"],
    "logstash": ["Logstash will no longer poll for centrally-managed pipelines"],
    "beats": ["Beats will no longer be able to use centrally-managed configuration"],
    "sql": ["JDBC and ODBC support will be disabled, but you can continue to use SQL CLI and REST endpoint"],
    "ccr": ["Cross-Cluster Replication will be disabled"],
}
"""What basic takes away (XPackLicenseState); the longer messages of other features are left out."""


def show(node: Node, call: Call) -> Reply:
    """``GET /_license``."""
    warnings = enterprise_warning(call)
    licence = node.licence
    body: dict[str, Any] = {
        "status": "active" if licence.active else "expired",
        "uid": licence.uid,
        "type": licence.type,
        "issue_date": iso_date(licence.issued),
        "issue_date_in_millis": licence.issued,
    }
    if licence.expires is not None:
        body |= {"expiry_date": iso_date(licence.expires), "expiry_date_in_millis": licence.expires}
    body |= {
        "max_nodes": 1000,
        "max_resource_units": None,
        "issued_to": CLUSTER_NAME,
        "issuer": "elasticsearch",
        "start_date_in_millis": -1,
    }
    return Reply(body={"license": body}, warnings=warnings, pretty=True)


def enterprise_warning(call: Call) -> tuple[str, ...]:
    """What ``accept_enterprise`` gets since 8.0, where it may only be true.

    Raises:
        ApiError: 400 for false, with the same warning.
    """
    if "accept_enterprise" not in call.params:
        return ()
    if not call.flag("accept_enterprise", default=True):
        reason = "The [accept_enterprise] parameters may not be false"
        raise ApiError(400, "illegal_argument_exception", reason, warnings=(_DEPRECATED,))
    return (_DEPRECATED,)


def put(node: Node, call: Call) -> Reply:
    """``PUT /_license``: only Elastic can sign one."""
    if not call.raw.strip():
        raise illegal_argument("The license must be provided in the request body")
    raise unsupported("installing a licence: its signature cannot be checked here; start with --license instead")


def delete(node: Node, call: Call) -> Reply:
    """``DELETE /_license``: what is left is a basic one."""
    if node.licence.type != "basic":
        node.licence.start("basic", node.version.major)
    return ACKNOWLEDGED


def basic_status(node: Node, call: Call) -> Reply:
    """Whether ``start_basic`` would change anything."""
    return Reply(body={"eligible_to_start_basic": node.licence.type != "basic"})


def trial_status(node: Node, call: Call) -> Reply:
    """Whether there was no trial yet in this major version."""
    return Reply(body={"eligible_to_start_trial": node.licence.trial_left(node.version.major)})


def start_basic(node: Node, call: Call) -> Reply:
    """``POST /_license/start_basic``."""
    if node.licence.type == "basic":
        return _refused("basic_was_started", "Operation failed: Current license is basic.")
    if not call.flag("acknowledge"):
        return _unacknowledged("basic_was_started", {"message": _BASIC_TERMS, **_LOST})
    node.licence.start("basic", node.version.major)
    return Reply(body={"acknowledged": True, "basic_was_started": True})


def start_trial(node: Node, call: Call) -> Reply:
    """``POST /_license/start_trial``."""
    kind = call.params.get("type", "trial")
    if kind not in ("trial", "gold", "platinum", "enterprise"):
        kinds = "[trial, gold, platinum, enterprise]"
        raise illegal_argument(f"Cannot start trial of type [{kind}]. Valid trial types are {kinds}.")
    if kind != "trial":
        raise unsupported(f"a trial of the type [{kind}]")
    if not call.flag("acknowledge"):
        return _unacknowledged("trial_was_started", {"message": _TRIAL_TERMS})
    if not node.licence.trial_left(node.version.major):
        return _refused("trial_was_started", "Operation failed: Trial was already activated.")
    node.licence.start("trial", node.version.major)
    return Reply(body={"acknowledged": True, "trial_was_started": True, "type": "trial"})


def _refused(what: str, message: str) -> Reply:
    return Reply(body={"acknowledged": True, what: False, "error_message": message}, status=403)


def _unacknowledged(what: str, terms: dict[str, Any]) -> Reply:
    return Reply(body={"acknowledged": False, what: False, "error_message": _NEEDED, "acknowledge": terms})


_TIMES = {"master_timeout", "timeout"}

ROUTES = [
    Route("GET", "/_license", "cluster:monitor/xpack/license/get", show, {"local", "accept_enterprise", "master_timeout"}),
    Route("PUT", "/_license", "cluster:admin/xpack/license/put", put, {"acknowledge", *_TIMES}, lacking=True),
    Route("POST", "/_license", "cluster:admin/xpack/license/put", put, {"acknowledge", *_TIMES}, lacking=True),
    Route("DELETE", "/_license", "cluster:admin/xpack/license/delete", delete, _TIMES),
    Route("GET", "/_license/basic_status", "cluster:admin/xpack/license/basic_status", basic_status),
    Route("GET", "/_license/trial_status", "cluster:admin/xpack/license/trial_status", trial_status),
    Route("POST", "/_license/start_basic", "cluster:admin/xpack/license/start_basic", start_basic, {"acknowledge", *_TIMES}),
    Route("POST", "/_license/start_trial", "cluster:admin/xpack/license/start_trial", start_trial,
          {"acknowledge", "type", "master_timeout"}),
]  # fmt: skip
