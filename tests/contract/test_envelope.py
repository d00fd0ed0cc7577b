"""Headers, parameters, bodies and error forms (reference, sections 1.1 and 1.2)."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

CONTROLLER = "RestController"
VENDORED = "application/vnd.elasticsearch+{}; compatible-with={}"


@fact("1.1", evidence="K", source="RestController; every client refuses a server without it")
def test_every_answer_names_the_product(cluster: Cluster) -> None:
    """Every answer carries ``X-elastic-product``, an error's too."""
    for path in ("/", "/no/such/path/at/all"):
        assert cluster.raw("GET", path).headers["X-elastic-product"] == "Elasticsearch"


@fact("1.1", evidence="S", source="AbstractRestChannel, ParsedMediaType.responseContentTypeHeader")
def test_the_answer_has_the_type_that_accept_names(cluster: Cluster) -> None:
    """``Accept`` decides the content type; its parameters come back behind it without a blank."""
    major = cluster.version[0]
    for accept, expected in [
        ("application/json", "application/json"),
        ("application/json; charset=utf-8", "application/json;charset=utf-8"),
        (VENDORED.format("json", major), f"application/vnd.elasticsearch+json;compatible-with={major}"),
        (VENDORED.format("json", major - 1), f"application/vnd.elasticsearch+json;compatible-with={major - 1}"),
        ("text/html,application/xhtml+xml", "application/json"),
        ("*/*", "application/json"),
    ]:
        assert cluster.raw("GET", "/", headers={"accept": accept}).headers["content-type"] == expected


@fact("1.1", evidence="S", source="RestCompatibleVersionHelper, RestRequest.MediaTypeHeaderException")
@pytest.mark.parametrize("step", [1, -2])
def test_only_two_majors_are_spoken(cluster: Cluster, step: int) -> None:
    """A version other than the server's own and the one before is 400 with a ``status_exception`` as cause."""
    major = cluster.version[0]
    accept = VENDORED.format("json", major + step)
    error = cluster("GET", "/", code=400, headers={"accept": accept})["error"]
    assert error["type"] == "media_type_header_exception"
    assert sorted(error["reason"].removeprefix("Invalid media-type value on headers ")[1:-1].split(", ")) == [
        "Accept",
        "Content-Type",
    ]
    sentence = (
        f"Accept version must be either version {major} or {major - 1}, but found {major + step}. Accept={accept}"
    )
    assert error["caused_by"] == {"type": "status_exception", "reason": sentence}


@fact("1.1", evidence="S", source="RestCompatibleVersionHelper")
def test_both_headers_are_versioned_or_none(cluster: Cluster) -> None:
    """With a body, ``Accept`` and ``Content-Type`` must both name the same version, or neither one."""
    major = cluster.version[0]
    plain, now, before = "application/json", VENDORED.format("json", major), VENDORED.format("json", major - 1)
    for accept, sent in [(plain, now), (now, plain), (before, now)]:
        headers = {"accept": accept, "content-type": sent}
        error = cluster("POST", "/_search", code=400, content=b'{"size":0}', headers=headers)["error"]
        assert error["caused_by"]["reason"].startswith(
            "A compatible version is required on both Content-Type and Accept"
        )
    cluster("POST", "/_search", content=b'{"size":0}', headers={"accept": before, "content-type": before})


@fact("1.1", evidence="S", source="RestRequest.parseHeaderWithMediaType, ParsedMediaType")
def test_a_header_that_is_no_media_type(cluster: Cluster) -> None:
    """A header that cannot be read is 400; the sentence says headers in the plural for one too."""
    error = cluster("GET", "/", code=400, headers={"accept": "json"})["error"]
    assert error["reason"] == "Invalid media-type value on headers [Accept]"
    assert error["caused_by"] == {"type": "illegal_argument_exception", "reason": "invalid media-type [json]"}


@fact("1.1", evidence="S", source="RestController.dispatchRequest")
@pytest.mark.parametrize("sent", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_a_body_of_another_type_is_406(cluster: Cluster, sent: str) -> None:
    """A body that is not JSON is 406 with a text as error."""
    answer = cluster("POST", "/_search", code=406, content=b"{}", headers={"content-type": sent})
    assert answer == {"error": f"Content-Type header [{sent}] is not supported", "status": 406}


@fact("1.1", evidence="S", source="RestController.dispatchRequest")
def test_a_body_without_a_type_is_406(cluster: Cluster) -> None:
    """A body without a content type is 406."""
    answer = cluster("POST", "/_search", code=406, content=b"{}")
    assert answer == {"error": "Content-Type header is missing", "status": 406}


@fact("1.1", evidence="S", source="XContentType: application/x-ndjson is a name of JSON")
def test_ndjson_is_json_everywhere(cluster: Cluster) -> None:
    """Newline-delimited JSON is accepted as JSON by every API, and answered with JSON."""
    headers = {"content-type": "application/x-ndjson", "accept": "application/json"}
    answer = cluster.raw("POST", "/_search", content=b'{"size":0}', headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@fact("1.1", evidence="S", source="BaseRestHandler.unrecognized")
def test_unknown_parameters(cluster: Cluster) -> None:
    """Unknown query parameters are 400, in the plural if several, with what is spelled alike."""
    kind, reason = cluster.error("GET", "/_search?sise=1", code=400)
    assert kind == "illegal_argument_exception"
    assert reason.startswith("request [/_search] contains unrecognized parameter: [sise] -> did you mean ")
    reason = cluster.error("GET", "/?qqq=1&zzz=2", code=400)[1]
    assert reason == "request [/] contains unrecognized parameters: [qqq], [zzz]"


@fact("1.1", evidence="S", source="RestActions.urlParamsToQueryBuilder: without q nothing reads its options")
@pytest.mark.parametrize("api", ["_search", "_count"])
def test_options_of_a_query_that_is_not_there(cluster: Cluster, index: Callable[..., str], api: str) -> None:
    """``df`` and ``lenient`` without ``q`` are as unknown as any other word."""
    path = f"/{index()}/{api}"
    reason = cluster.error("GET", f"{path}?df=a&lenient=true", code=400)[1]
    assert reason == f"request [{path}] contains unrecognized parameters: [df], [lenient]"


@fact("1.1", evidence="S", source="RestUtils.decodeQueryString, RestRequest.BadParameterException")
def test_a_reserved_parameter(cluster: Cluster) -> None:
    """Parameters that the server sets itself are refused as a bad parameter."""
    error = cluster("GET", "/?serverlessRequest=true", code=400)["error"]
    reason = "parameter [serverlessRequest] is reserved and may not be set"
    assert error["type"] == "bad_parameter_exception"
    assert error["caused_by"] == {"type": "illegal_argument_exception", "reason": reason}


@fact("1.1", evidence="S", source="FilterPath, FilterPathBasedFilter")
def test_filter_path(cluster: Cluster) -> None:
    """``filter_path`` includes and excludes by dotted patterns; ``**`` stands for one level at least."""
    assert cluster("GET", "/?filter_path=version.number,-tagline").keys() == {"version"}
    assert cluster("GET", "/?filter_path=**.number")["version"].keys() == {"number"}
    assert cluster("GET", "/?filter_path=**.tagline") == {}
    assert cluster("GET", "/?filter_path=tag*").keys() == {"tagline"}
    assert "version" not in cluster("GET", "/?filter_path=-version")


@fact("1.1", evidence="S", source="AbstractRestChannel.newErrorBuilder")
def test_errors_are_not_filtered(cluster: Cluster, name: str) -> None:
    """``filter_path`` leaves the body of an error alone."""
    answer = cluster("GET", f"/{name}?filter_path=error.type", code=404)
    assert answer["status"] == 404
    assert answer["error"]["root_cause"]


@fact("1.1", evidence="S", source="AbstractRestChannel; Jackson's DefaultPrettyPrinter")
def test_pretty(cluster: Cluster) -> None:
    """``pretty`` puts blanks around the colon and ends with a new line."""
    text = cluster.raw("GET", "/?pretty&filter_path=tagline").text
    assert text == '{\n  "tagline" : "You Know, for Search"\n}\n'


@fact("1.1", evidence="S", source="RestMainAction, RestGetLicenseAction")
@pytest.mark.parametrize("path", ["/?filter_path=tagline", "/_license?filter_path=license.uid"])
def test_pretty_by_default(cluster: Cluster, path: str) -> None:
    """The root and the licence are laid out unless ``pretty=false``."""
    assert cluster.raw("GET", path).text.startswith('{\n  "')
    assert "\n" not in cluster.raw("GET", f"{path}&pretty=false").text


@fact("1.1", evidence="S", source="RestRequest.paramAsBoolean")
def test_a_wrong_boolean(cluster: Cluster) -> None:
    """A boolean parameter is ``true``, ``false`` or empty."""
    reason = "Failed to parse value [yes] as only [true] or [false] are allowed."
    assert cluster.error("GET", "/?pretty=yes", code=400) == ("illegal_argument_exception", reason)


@fact("1.1", evidence="S", source="RestRequest.paramAsTime; each handler reads its parameters before it acts")
@pytest.mark.parametrize("path", ["/_cluster/health", "/_index_template", "/_cluster/settings"])
def test_a_wrong_time(cluster: Cluster, path: str) -> None:
    """A time-out without a unit is refused, also where nothing is waited for."""
    kind, reason = cluster.error("GET", f"{path}?master_timeout=soon", code=400)
    assert kind == "illegal_argument_exception"
    assert reason == (
        "failed to parse setting [master_timeout] with value [soon] as a time value: unit is missing or unrecognized"
    )


@fact("1.1", evidence="S", source="DefaultRestChannel.sendResponse")
def test_head_has_the_length_of_the_body(cluster: Cluster) -> None:
    """HEAD has no body and the length that GET's would have."""
    answer = cluster.raw("HEAD", "/")
    assert answer.content == b""
    assert answer.headers["content-length"] == str(
        len(cluster.raw("GET", "/", headers={"accept-encoding": "identity"}).content)
    )


@fact("1.1", evidence="S", source="RestController.handleNoHandlerFound: HEAD is a route of its own")
def test_head_is_not_get(cluster: Cluster) -> None:
    """HEAD is 405 where it is not registered, though GET is."""
    answer = cluster.raw("HEAD", "/_cluster/health")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


@fact("1.1", evidence="S", source="RestController.handleOptionsRequest")
def test_options(cluster: Cluster) -> None:
    """OPTIONS is 200 with the methods in ``Allow`` and no body."""
    answer = cluster.raw("OPTIONS", "/_bulk")
    assert (answer.status_code, answer.content) == (200, b"")
    assert sorted(answer.headers["allow"].split(",")) == ["POST", "PUT"]


@fact("1.1", evidence="S", source="DefaultRestChannel.sendResponse")
def test_the_opaque_id_comes_back(cluster: Cluster) -> None:
    """``X-Opaque-Id`` is echoed; two different ones are refused with a text."""
    assert cluster.raw("GET", "/", headers={"x-opaque-id": "me"}).headers["x-opaque-id"] == "me"
    answer = cluster.raw("GET", "/", headers=[("x-opaque-id", "me"), ("x-opaque-id", "you")])
    assert answer.json() == {"error": "multiple values for single-valued header [X-Opaque-Id].", "status": 400}


@fact("1.1", evidence="K", source="http.compression")
def test_a_body_in_gzip(cluster: Cluster) -> None:
    """A request's body may be in gzip."""
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert "hits" in cluster("POST", "/_search", content=gzip.compress(b'{"size":0}'), headers=headers)


@fact("1.2", evidence="O", source=CONTROLLER)
def test_no_handler(cluster: Cluster) -> None:
    """A path that no API has is 400 with a text as error, with the whole URI, and without a status."""
    answer = cluster("GET", "/x/y/z?pretty=false", code=400)
    assert answer == {"error": "no handler found for uri [/x/y/z?pretty=false] and method [GET]"}


@fact("1.2", evidence="S", source="RestController.handleUnsupportedHttpMethod")
def test_a_wrong_method(cluster: Cluster) -> None:
    """A path under another method is 405 with ``Allow`` and a text as error."""
    answer = cluster.raw("GET", "/_bulk?refresh")
    body = answer.json()
    assert (answer.status_code, body["status"]) == (405, 405)
    assert sorted(answer.headers["allow"].split(",")) == ["POST", "PUT"]
    assert body["error"].startswith("Incorrect HTTP method for uri [/_bulk?refresh] and method [GET], allowed: [P")


@fact("1.2", evidence="S", source="BaseRestHandler.handleRequest")
def test_a_body_that_nobody_reads(cluster: Cluster) -> None:
    """A body for an API that reads none is 400."""
    reason = "request [GET /_cluster/health] does not support having a body"
    assert cluster.error("GET", "/_cluster/health", {}, code=400) == ("illegal_argument_exception", reason)


@fact("1.2", evidence="K", source="ElasticsearchException.generateFailureXContent")
def test_the_form_of_an_error(cluster: Cluster, name: str) -> None:
    """An error repeats itself in ``root_cause``, with its metadata beside type and reason."""
    body = cluster("GET", f"/{name}", code=404)
    error = body["error"]
    assert (body["status"], error["type"], error["reason"]) == (
        404,
        "index_not_found_exception",
        f"no such index [{name}]",
    )
    assert error["root_cause"] == [{key: value for key, value in error.items() if key != "root_cause"}]
    assert error["index"] == name


@fact("1.2", evidence="K", source="RestResponse: error_trace")
def test_error_trace(cluster: Cluster, name: str) -> None:
    """``error_trace`` adds ``stack_trace`` to an error."""
    assert cluster("GET", f"/{name}?error_trace=true", code=404)["error"]["stack_trace"]


@fact("1.2", evidence="S", source="JsonXContentParser: strict duplicate detection")
def test_a_field_twice(cluster: Cluster) -> None:
    """A body that names a field twice is refused."""
    headers = {"content-type": "application/json"}
    answer = cluster("POST", "/_search", code=400, content=b'{"size": 0, "size": 0}', headers=headers)
    assert "Duplicate field 'size'" in str(answer["error"])


@fact("1.2", evidence="S", source="JsonXContentImpl: ALLOW_COMMENTS")
def test_comments(cluster: Cluster) -> None:
    """Comments in a body are passed over."""
    headers = {"content-type": "application/json"}
    assert "hits" in cluster("POST", "/_search", content=b'{"size": 0 /* none */} // end', headers=headers)


@fact("1.2", evidence="U", source="JsonXContentParser, XContentEOFException")
@pytest.mark.parametrize(
    ("body", "kind"), [(b'{"size": }', "x_content_parse_exception"), (b'{"size": 1', "x_content_e_o_f_exception")]
)
def test_json_that_is_none(cluster: Cluster, index: Callable[..., str], body: bytes, kind: str) -> None:
    """Malformed JSON is 400, with the place in front of the reason."""
    made = index()
    headers = {"content-type": "application/json"}
    error = cluster("PUT", f"/{made}/_mapping", code=400, content=body, headers=headers)["error"]
    assert error["type"] == kind
    assert error["reason"].startswith("[1:")
