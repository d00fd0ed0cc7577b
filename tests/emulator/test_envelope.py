"""Headers, media types, parameters, compression, and the refusals of paths."""

from __future__ import annotations

import gzip
import json

import httpx
import pytest
import yaml
from elasticsearch import Elasticsearch

from tests.emulator.conftest import Api

VENDORED = "application/vnd.elasticsearch+json; compatible-with={}"


def test_the_genuine_client_accepts_the_server(client: Elasticsearch) -> None:
    info = client.info()
    assert info["version"]["number"] == "9.2.0"
    assert info["version"]["build_flavor"] == "emulator"
    assert info["tagline"] == "You Know, for Search"
    assert client.ping()


@pytest.mark.parametrize("path", ["/", "/nothing-here", "/_foo"])
def test_every_answer_names_the_product(http: httpx.Client, path: str) -> None:
    for method in ("GET", "HEAD"):
        assert http.request(method, path).headers["x-elastic-product"] == "Elasticsearch"


@pytest.mark.parametrize("major", [8, 9])
def test_the_vendored_type_is_echoed_for_both_majors(http: httpx.Client, major: int) -> None:
    answer = http.get("/", headers={"accept": VENDORED.format(major)})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"application/vnd.elasticsearch+json;compatible-with={major}"


def test_plain_json_without_accept(http: httpx.Client) -> None:
    assert http.get("/").headers["content-type"] == "application/json"


@pytest.mark.parametrize("major", [7, 10])
def test_another_major_is_refused(http: httpx.Client, major: int) -> None:
    error = http.get("/", headers={"accept": VENDORED.format(major)}).json()["error"]
    assert error["type"] == "media_type_header_exception"
    assert error["caused_by"]["type"] == "status_exception"
    expected = f"Accept version must be either version 9 or 8, but found {major}."
    assert error["caused_by"]["reason"].startswith(expected)


def test_accept_and_content_type_must_agree(http: httpx.Client) -> None:
    headers = {"accept": VENDORED.format(8), "content-type": VENDORED.format(9)}
    answer = http.post("/_search", content=b"{}", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "media_type_header_exception"


@pytest.mark.parametrize("sent", ["application/xml", "text/html", "application/octet-stream"])
def test_another_content_type_is_406_with_a_text_as_error(http: httpx.Client, sent: str) -> None:
    answer = http.post("/_search", content=b"{}", headers={"content-type": sent})
    assert answer.status_code == 406
    assert answer.json() == {"error": f"Content-Type header [{sent}] is not supported", "status": 406}


def test_a_body_without_content_type(http: httpx.Client) -> None:
    request = http.build_request("POST", "/_search", content=b"{}")
    request.headers.pop("content-type", None)
    answer = http.send(request)
    assert answer.json() == {"error": "Content-Type header is missing", "status": 406}


def test_filter_path_and_pretty(http: httpx.Client) -> None:
    assert http.get("/?filter_path=version.number,-tagline").json() == {"version": {"number": "9.2.0"}}
    assert "tagline" not in http.get("/?filter_path=-tagline").json()
    text = http.get("/?pretty&filter_path=tagline").text
    assert text == '{\n  "tagline" : "You Know, for Search"\n}\n'
    assert http.get("/_xpack?pretty=false").text == http.get("/_xpack").text
    assert http.get("/?pretty").text == http.get("/").text


def test_filter_path_leaves_errors_whole(http: httpx.Client) -> None:
    error = http.get("/missing?filter_path=error.type").json()["error"]
    assert error["reason"] == "no such index [missing]"


@pytest.mark.parametrize("name", ["pretty", "human"])
def test_a_wrong_boolean(api: Api, name: str) -> None:
    reason = "Failed to parse value [yes] as only [true] or [false] are allowed."
    assert api.error("GET", f"/?{name}=yes", code=400) == ("illegal_argument_exception", reason)


def test_error_trace_adds_the_emulators_own_trace(http: httpx.Client) -> None:
    error = http.get("/missing?error_trace").json()["error"]
    assert error["stack_trace"].startswith("Traceback")
    assert error["root_cause"][0]["stack_trace"] == error["stack_trace"]
    assert "stack_trace" not in http.get("/missing?error_trace=false").json()["error"]
    assert http.get("/?error_trace=true").status_code == 200


def test_opaque_id_is_echoed(http: httpx.Client) -> None:
    assert http.get("/", headers={"x-opaque-id": "me"}).headers["x-opaque-id"] == "me"


def test_two_opaque_ids_are_one_too_many(http: httpx.Client) -> None:
    answer = http.get("/", headers=[("x-opaque-id", "me"), ("x-opaque-id", "you")])
    assert answer.json() == {"error": "multiple values for single-valued header [X-Opaque-Id].", "status": 400}


def test_trace_headers_are_accepted(http: httpx.Client) -> None:
    headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "es=s:1"}
    assert http.get("/", headers=headers).status_code == 200


def test_small_answers_are_compressed_too(http: httpx.Client) -> None:
    answer = http.get("/", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["tagline"]
    assert http.get("/", headers={"accept-encoding": "deflate"}).headers["content-encoding"] == "deflate"
    assert "content-encoding" not in http.get("/", headers={"accept-encoding": "gzip;q=0"}).headers
    assert "content-encoding" not in http.head("/", headers={"accept-encoding": "gzip"}).headers


def test_compression_both_ways(http: httpx.Client, name: str) -> None:
    body = gzip.compress(json.dumps({"text": "long " * 1000}).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert http.put(f"/{name}/_doc/1", content=body, headers=headers).status_code == 201
    answer = http.get(f"/{name}/_doc/1", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["_source"]["text"] == "long " * 1000
    assert "content-encoding" not in http.get("/", headers={"accept-encoding": "identity"}).headers


def test_a_broken_gzip_body(http: httpx.Client) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert http.put("/x/_doc/1", content=b"no gzip", headers=headers).status_code == 400
    cut = gzip.compress(b'{"a": 1}')[:-6]
    assert http.put("/x/_doc/1", content=cut, headers=headers).status_code == 400


def test_a_gzip_body_of_several_parts_is_read_to_its_end(api: Api, http: httpx.Client, name: str) -> None:
    lines = [f'{{"index": {{"_id": "{number}"}}}}\n{{"x": {number}}}\n'.encode() for number in range(2)]
    headers = {"content-type": "application/x-ndjson", "content-encoding": "gzip"}
    answer = http.post(f"/{name}/_bulk?refresh", content=b"".join(map(gzip.compress, lines)), headers=headers)
    assert answer.json()["errors"] is False
    assert api("GET", f"/{name}/_count")["count"] == 2
    rest = http.post(f"/{name}/_bulk", content=gzip.compress(lines[0]) + b"rest", headers=headers)
    assert rest.status_code == 400


def test_a_gzip_body_that_unfolds_beyond_the_limit(http: httpx.Client) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    body = gzip.compress(bytes(101 * 1024 * 1024), 1)
    answer = http.put("/x/_doc/1", content=body, headers=headers)
    assert (answer.status_code, answer.content) == (413, b"")
    assert "x-elastic-product" not in answer.headers


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/?nope=1", "request [/] contains unrecognized parameter: [nope]"),
        ("/_search?sise=1", "request [/_search] contains unrecognized parameter: [sise] -> did you mean [size]?"),
        ("/?a=1&b=2", "request [/] contains unrecognized parameters: [a], [b]"),
    ],
)
def test_unknown_parameters(api: Api, path: str, reason: str) -> None:
    assert api.error("GET", path, code=400) == ("illegal_argument_exception", reason)


def test_a_wrong_method_is_405_with_allow(http: httpx.Client) -> None:
    answer = http.get("/_bulk")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST,PUT"
    text = "Incorrect HTTP method for uri [/_bulk] and method [GET], allowed: [POST, PUT]"
    assert answer.json() == {"error": text, "status": 405}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_cat/segments"),
        ("POST", "/_reindex"),
        ("POST", "/_search/scroll"),
        ("GET", "/_nodes/stats/jvm"),
        ("GET", "/_cluster/state"),
        ("GET", "/_cluster/stats"),
        ("GET", "/_tasks"),
        ("GET", "/_remote/info"),
        ("GET", "/_xpack/usage"),
        ("GET", "/i/_segments"),
        ("PUT", "/_template/x"),
        ("GET", "/i/_search?q=x~2"),
        ("GET", "/?format=cbor"),
        ("GET", "/_cat/health?format=smile"),
    ],
)
def test_what_elasticsearch_has_and_the_emulator_lacks_is_501(api: Api, method: str, path: str) -> None:
    kind, reason = api.error(method, path, code=501)
    assert kind == "emulator_unsupported_exception"
    assert reason.startswith("the clipline emulator does not support ")


@pytest.mark.parametrize("path", ["/a/b/c", "/_nonsense/x", "/a/b/c?pretty=false", "/a%2Fb/c/d", "/a//_search"])
def test_no_handler_has_no_status(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 400
    assert answer.json() == {"error": f"no handler found for uri [{path}] and method [GET]"}


def test_head_has_the_length_and_no_body(http: httpx.Client) -> None:
    answer = http.head("/")
    assert answer.content == b""
    assert int(answer.headers["content-length"]) > 100


@pytest.mark.parametrize("path", ["/_cluster/health", "/_nodes", "/_search"])
def test_few_paths_answer_head(http: httpx.Client, path: str) -> None:
    answer = http.head(path)
    assert (answer.status_code, answer.content) == (405, b"")
    assert "GET" in answer.headers["allow"].split(",")


@pytest.mark.parametrize(("path", "allowed"), [("/_bulk", "POST,PUT"), ("/", "GET,HEAD"), ("/a/b/c", None)])
def test_options_names_the_methods(http: httpx.Client, path: str, allowed: str | None) -> None:
    answer = http.options(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers.get("allow") == allowed


def test_a_body_where_none_is_read(api: Api) -> None:
    expected = "request [GET /_cluster/health] does not support having a body"
    assert api.error("GET", "/_cluster/health", {}, code=400) == ("illegal_argument_exception", expected)
    assert api("GET", "/_search", {"size": 0})["timed_out"] is False


def test_slashes_at_the_ends(api: Api, name: str) -> None:
    api("PUT", f"/{name}/")
    assert name in api("GET", f"/{name}//")


def test_encoded_slashes_stay_in_names(api: Api, name: str) -> None:
    api("PUT", f"/{name}/_doc/a%2Fb%20c", {"x": 1}, code=201)
    assert api("GET", f"/{name}/_doc/a%2Fb%20c")["_id"] == "a/b c"


def test_credentials_are_ignored(http: httpx.Client) -> None:
    assert http.get("/", auth=("anybody", "wrong")).status_code == 200


def test_a_document_that_names_a_field_twice(http: httpx.Client, name: str) -> None:
    answer = http.put(f"/{name}/_doc/1", content=b'{"a": 1, "a": 2}', headers={"content-type": "application/json"})
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "document_parsing_exception")
    assert error["caused_by"]["reason"].endswith("Duplicate field 'a'")


def test_comments_in_a_document(api: Api, name: str) -> None:
    headers = {"content-type": "application/json"}
    found = api.error("PUT", f"/{name}/_doc/1", code=501, content=b'{"a": 1 /* one */}', headers=headers)
    assert found[0] == "emulator_unsupported_exception"


def test_a_url_and_headers_that_are_too_long(api: Api) -> None:
    assert api.error("GET", f"/{'a,' * 2050}b", code=400) == (
        "too_long_http_line_exception",
        "An HTTP line is larger than 4096 bytes.",
    )
    found = api.error("GET", "/", code=400, headers={"x-long": "x" * 20_000})
    assert found == ("too_long_http_header_exception", "HTTP header is larger than 16384 bytes.")
    assert api("GET", f"/_cluster/health?filter_path={'x,' * 2000}") == {}


@pytest.mark.parametrize(
    ("headers", "query", "kind"),
    [
        ({}, "format=yaml", "application/yaml"),
        ({"accept": "application/yaml"}, "", "application/yaml"),
        (
            {"accept": VENDORED.format(8).replace("json", "yaml")},
            "",
            "application/vnd.elasticsearch+yaml;compatible-with=8",
        ),
        ({"accept": "application/yaml"}, "format=json", "application/json"),
        ({}, "format=nonsense", "application/json"),
    ],
)
def test_answers_in_yaml(http: httpx.Client, headers: dict[str, str], query: str, kind: str) -> None:
    answer = http.get(f"/?{query}", headers=headers)
    assert answer.headers["content-type"] == kind
    assert answer.text.startswith("---\n") is ("yaml" in kind)
    assert yaml.safe_load(answer.text) == http.get("/").json()


def test_a_table_and_an_error_in_yaml(http: httpx.Client) -> None:
    (row,) = yaml.safe_load(http.get("/_cat/master?format=yaml").text)
    assert row["node"] == "emulator"
    assert yaml.safe_load(http.get("/missing?format=yaml").text)["status"] == 404


def test_a_body_in_yaml(api: Api) -> None:
    headers = {"content-type": "application/yaml"}
    assert (
        api.error("POST", "/_search", code=501, content=b"size: 0", headers=headers)[0]
        == "emulator_unsupported_exception"
    )
