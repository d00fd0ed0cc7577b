"""Each processor with its options: what becomes of a document, and the words in which it fails."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.conftest import Api

Case = tuple[dict[str, Any], dict[str, Any], dict[str, Any] | str]


def run(api: Api, processors: list[dict[str, Any]], source: dict[str, Any], **pipeline: Any) -> dict[str, Any]:
    """What becomes of one document: its source, or the error."""
    body = {"pipeline": {"processors": processors, **pipeline}, "docs": [{"_source": source}]}
    (answer,) = api("POST", "/_ingest/pipeline/_simulate", body)["docs"]
    result: dict[str, Any] = answer["error"] if "error" in answer else answer["doc"]["_source"]
    return result


CASES: dict[str, Case] = {
    "set a template": ({"set": {"field": "{{k}}", "value": {"{{k}}": ["{{a}}"]}}}, {"k": "x", "a": 'q"'},
                       {"k": "x", "a": 'q"', "x": {"x": ['q\\"']}}),
    "set as text": (
        {"set": {"field": "x", "value": "{{a}}", "media_type": "text/plain"}}, {"a": 'q"'}, {"a": 'q"', "x": 'q"'},
    ),
    "set as a form": ({"set": {"field": "x", "value": "{{a}}", "media_type": "application/x-www-form-urlencoded"}},
                      {"a": "q w"}, {"a": "q w", "x": "q+w"}),
    "set of a list": ({"set": {"field": "x", "value": "{{{a}}}"}}, {"a": [1, "b"]}, {"a": [1, "b"], "x": "[1, b]"}),
    "set nothing": ({"set": {"field": "x", "value": "{{a}}", "ignore_empty_value": True}}, {"b": 1}, {"b": 1}),
    "set an empty text as it stands": ({"set": {"field": "x", "value": "", "ignore_empty_value": True}}, {}, {"x": ""}),
    "set a copy of nothing": (
        {"set": {"field": "x", "copy_from": "a", "ignore_empty_value": True}}, {"b": 1}, {"b": 1},
    ),
    "set a missing copy": ({"set": {"field": "x", "copy_from": "a"}}, {}, "field [a] not present as part of path [a]"),
    "set in a list": ({"set": {"field": "l.1", "value": 9}}, {"l": [1, 2]}, {"l": [1, 9]}),
    "set beyond a list": ({"set": {"field": "l.2", "value": 9}}, {"l": [1, 2]},
                          "[2] is out of bounds for array with length [2] as part of path [l.2]"),
    "set by a word in a list": ({"set": {"field": "l.x", "value": 9}}, {"l": [1, 2]},
                                "[x] is not an integer, cannot be used as an index as part of path [l.x]"),
    "set below null": (
        {"set": {"field": "a.b", "value": 1}}, {"a": None}, "cannot set [b] with null parent as part of path [a.b]",
    ),
    "set deep below a text": ({"set": {"field": "a.b.c", "value": 1}}, {"a": "x"},
                              "cannot resolve [b] from object of type [java.lang.String] as part of path [a.b.c]"),
    "set at no path": ({"set": {"field": "{{zz}}", "value": 1}}, {}, "path cannot be null nor empty"),
    "set at dots": ({"set": {"field": "a..b", "value": 1}}, {}, "fieldName cannot be empty"),
    "set the index wrongly": (
        {"set": {"field": "_index", "value": 1}}, {},
        "_index [1] is wrong type, expected assignable to [java.lang.String], not [java.lang.Integer]",
    ),
    "remove and keep": (
        {"remove": {"keep": ["a", "b.c"]}}, {"a": 1, "b": {"c": 1, "d": 2}, "e": 3}, {"a": 1, "b": {"c": 1}},
    ),
    "remove from a list": ({"remove": {"field": "l.0"}}, {"l": [1, 2]}, {"l": [2]}),
    "remove the index": ({"remove": {"field": "_index"}}, {}, "_index cannot be removed"),
    "remove below a text": ({"remove": {"field": "a.b"}}, {"a": "x"},
                            "cannot remove [b] from object of type [java.lang.String] as part of path [a.b]"),
    "rename nothing": ({"rename": {"field": "a", "target_field": "b", "ignore_missing": True}}, {"c": 1}, {"c": 1}),
    "rename below a text": ({"rename": {"field": "a", "target_field": "b.c"}}, {"a": 1, "b": "x"},
                            "cannot set [c] with parent object of type [java.lang.String] as part of path [b.c]"),
    "append to nothing": ({"append": {"field": "l", "value": "x"}}, {}, {"l": ["x"]}),
    "append to one": (
        {"append": {"field": "l", "value": ["x", "{{a}}"]}}, {"l": 1, "a": 2}, {"l": [1, "x", "2"], "a": 2},
    ),
    "append what is there": ({"append": {"field": "l", "value": ["x", "y"], "allow_duplicates": False}}, {"l": ["x"]},
                             {"l": ["x", "y"]}),
    "append nothing new to one": (
        {"append": {"field": "l", "value": "x", "allow_duplicates": False}}, {"l": "x"}, {"l": "x"},
    ),
    "convert to integer": (
        {"convert": {"field": "a", "type": "integer"}}, {"a": ["5", "-0x1F", "+7"]}, {"a": [5, -31, 7]},
    ),
    "convert wrongly": (
        {"convert": {"field": "a", "type": "INTEGER"}}, {"a": "5.0"}, "unable to convert [5.0] to integer",
    ),
    "convert too much": ({"convert": {"field": "a", "type": "integer"}}, {"a": "3000000000"},
                         "unable to convert [3000000000] to integer"),
    "convert to float": ({"convert": {"field": "a", "type": "float"}}, {"a": "1.1"}, {"a": 1.1}),
    "convert to double": (
        {"convert": {"field": "a", "type": "double", "target_field": "b"}}, {"a": "1e3"}, {"a": "1e3", "b": 1000.0},
    ),
    "convert to boolean": ({"convert": {"field": "a", "type": "boolean"}}, {"a": "TRUE"}, {"a": True}),
    "convert to no boolean": ({"convert": {"field": "a", "type": "boolean"}}, {"a": 1},
                              "[1] is not a boolean value, cannot convert to boolean"),
    "convert to string": (
        {"convert": {"field": "a", "type": "string"}}, {"a": [1, 1.0, True, 1e10]},
        {"a": ["1", "1.0", "true", "1.0E10"]},
    ),
    "convert to auto": ({"convert": {"field": "a", "type": "auto"}}, {"a": ["true", "7", "3000000000", "1.5", "x", 4]},
                        {"a": [True, 7, 3000000000, 1.5, "x", 4]}),
    "convert to ip": (
        {"convert": {"field": "a", "type": "ip"}}, {"a": "1.2.3"}, "'1.2.3' is not an IP string literal.",
    ),
    "convert null": (
        {"convert": {"field": "a", "type": "long"}}, {"a": None},
        "Field [a] is null, cannot be converted to type [long]",
    ),
    "lowercase a list": (
        {"lowercase": {"field": "a", "target_field": "b"}}, {"a": ["X", "Y"]}, {"a": ["X", "Y"], "b": ["x", "y"]},
    ),
    "uppercase a number": (
        {"uppercase": {"field": "a"}}, {"a": 1},
        "field [a] of type [java.lang.Integer] cannot be cast to [java.lang.String]",
    ),
    "trim a list of numbers": (
        {"trim": {"field": "a"}}, {"a": [1]},
        "value [1] of type [java.lang.Integer] in list field [a] cannot be cast to [java.lang.String]",
    ),
    "trim null": ({"trim": {"field": "a"}}, {"a": None}, "field [a] is null, cannot process it."),
    "trim": ({"trim": {"field": "a"}}, {"a": "\t x\u00a0"}, {"a": "x\u00a0"}),
    "gsub": ({"gsub": {"field": "a", "pattern": "(\\w)-(\\w)", "replacement": "$2\\$$1"}}, {"a": "x-y"}, {"a": "y$x"}),
    "split": ({"split": {"field": "a", "separator": ",\\s*"}}, {"a": "x, y,,z,,"}, {"a": ["x", "y", "", "z"]}),
    "split and keep": (
        {"split": {"field": "a", "separator": ",", "preserve_trailing": True}}, {"a": "x,,"}, {"a": ["x", "", ""]},
    ),
    "split a number": ({"split": {"field": "a", "separator": ","}}, {"a": 1},
                       "field [a] of type [java.lang.Integer] cannot be cast to [java.lang.String]"),
    "split null": ({"split": {"field": "a", "separator": ","}}, {"a": None}, "field [a] is null, cannot split."),
    "join": (
        {"join": {"field": "a", "separator": "-", "target_field": "b"}}, {"a": [1, "x", 1.5]},
        {"a": [1, "x", 1.5], "b": "1-x-1.5"},
    ),
    "join a text": ({"join": {"field": "a", "separator": "-"}}, {"a": "x"},
                    "field [a] of type [java.lang.String] cannot be cast to [java.util.List]"),
    "bytes": ({"bytes": {"field": "a"}}, {"a": ["1kb", "2 MB", "0"]}, {"a": [1024, 2097152, 0]}),
    "bytes without unit": (
        {"bytes": {"field": "a"}}, {"a": "5"},
        "failed to parse setting [Ingest Field] with value [5] as a size in bytes: unit is missing or unrecognized",
    ),
    "urldecode": ({"urldecode": {"field": "a"}}, {"a": "x%20y+z%C3%A9"}, {"a": "x y z\u00e9"}),
    "json": ({"json": {"field": "a", "target_field": "b"}}, {"a": '{"x": [1]}'}, {"a": '{"x": [1]}', "b": {"x": [1]}}),
    "json to the root": ({"json": {"field": "a", "add_to_root": True, "add_to_root_conflict_strategy": "merge"}},
                         {"a": '{"o": {"y": 2}}', "o": {"x": 1}}, {"a": '{"o": {"y": 2}}', "o": {"x": 1, "y": 2}}),
    "json of a list to the root": (
        {"json": {"field": "a", "add_to_root": True}}, {"a": "[1]"}, "cannot add non-map fields to root of document",
    ),
    "json with a key twice": ({"json": {"field": "a"}}, {"a": '{"x": 1, "x": 2}'}, "Duplicate field 'x'"),
    "json of much": (
        {"json": {"field": "a"}}, {"a": "1 2"},
        "The input 1 2 is not valid JSON and the strict_json_parsing parameter is true",
    ),
    "sort": ({"sort": {"field": "a", "order": "desc"}}, {"a": [2, 3, 1]}, {"a": [3, 2, 1]}),
    "dot_expander": ({"dot_expander": {"field": "a.b"}}, {"a.b": 1, "a": {"c": 2}}, {"a": {"c": 2, "b": 1}}),
    "dot_expander appends": ({"dot_expander": {"field": "*"}}, {"a.b": 1, "a": {"b": 2}}, {"a": {"b": [2, 1]}}),
    "dot_expander overrides": (
        {"dot_expander": {"field": "b.c", "path": "a", "override": True}}, {"a": {"b.c": 1, "b": {"c": 2}}},
        {"a": {"b": {"c": 1}}},
    ),
    "dot_expander on a value": ({"dot_expander": {"field": "a.b"}}, {"a.b": 1, "a": 2},
                                "cannot expand [a.b], because [a] is not an object field, but a value field"),
    "foreach": (
        {"foreach": {"field": "a", "processor": {"uppercase": {"field": "_ingest._value.x"}}}}, {"a": [{"x": "b"}]},
        {"a": [{"x": "B"}]},
    ),
    "foreach of an object": (
        {"foreach": {"field": "a", "processor": {"set": {"field": "_ingest._key", "value": "z{{_ingest._key}}"}}}},
        {"a": {"x": 1}}, {"a": {"zx": 1}},
    ),
    "foreach null": (
        {"foreach": {"field": "a", "processor": {"drop": {}}}}, {"a": None},
        "field [a] is null, cannot loop over its elements.",
    ),
    "foreach of a text": ({"foreach": {"field": "a", "processor": {"drop": {}}}}, {"a": "x"},
                          "field [a] of type [java.lang.String] cannot be cast to a list or map"),
    "script": (
        {"script": {"source": "ctx.n = ctx.n * params.f; ctx.l.add('x')", "params": {"f": 3}}}, {"n": 2, "l": []},
        {"n": 6, "l": ["x"]},
    ),
    "script as a text": (
        {"script": "ctx.x = Processors.bytes('1kb') + Processors.json('{\"a\": 1}').a"}, {}, {"x": 1025},
    ),
    "script that fails": ({"script": {"source": "ctx.a.b = 1"}}, {}, "runtime error"),
}  # fmt: skip


CASES |= {
    "append a copy": ({"append": {"field": "l", "copy_from": "a"}}, {"a": [2], "l": 1}, {"a": [2], "l": [1, 2]}),
    "append nothing that is empty": (
        {"append": {"field": "l", "copy_from": "a", "ignore_empty_values": True}}, {"a": ["", None]}, {"a": ["", None]},
    ),
    "append the missing": ({"append": {"field": "l", "copy_from": "a", "ignore_empty_values": True}}, {"b": 1}, {"b": 1}),
    "what fails in a loop is the loop": (
        {"foreach": {
            "field": "a", "tag": "each", "processor": {"uppercase": {"field": "zz", "tag": "inner"}},
            "on_failure": [{"set": {"field": "why", "value": "{{_ingest.on_failure_processor_tag}}"}}],
        }},
        {"a": [1]}, {"a": [1], "why": "each"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ({"a": '{"b": 1, "a": {"c": 2}}'}, {"a": {"c": 2}, "b": 1}),
        ({"a": "[1]"}, "cannot add non-map fields to root of document"),
        ({"a": '{"_index": 1}'}, "_index [1] is wrong type, expected assignable to [java.lang.String]"),
        ({"a": "{"}, "The input { is not valid JSON and the strict_json_parsing parameter is true"),
    ],
)
def test_a_script_that_spreads_json(api: Api, source: dict[str, Any], wanted: dict[str, Any] | str) -> None:
    found = run(api, [{"script": "Processors.json(ctx, 'a')"}], source)
    if isinstance(wanted, dict):
        assert found == wanted
    else:
        assert found["caused_by"]["reason"].startswith(wanted)


@pytest.mark.parametrize("case", CASES)
def test_a_processor(api: Api, case: str) -> None:
    processor, source, wanted = CASES[case]
    result = run(api, [processor], source)
    if isinstance(wanted, str):
        assert result["reason"] == wanted
    else:
        assert result == wanted


@pytest.mark.parametrize(
    ("pattern", "replacement", "text", "wanted"),
    [
        ("a.b", "#", "a\rb axb", "a\rb #"),
        ("x$", "#", "x\nx\r\n", "x\n#\r\n"),
        ("(?<n>\\w+)-\\k<n>", "<${n}>", "ab-ab", "<ab>"),
        ("(?>a+)b|c++", "#", "aab ccc", "# #"),
        ("(?i)[^b-d\\s]", "#", "aBc D", "#Bc D"),
        ("(\\d)(\\d)?", "$2$1", "12 3", "21 3"),
        ("(?s)a.b", "#", "a\nb", "#"),
    ],
)
def test_regular_expressions_are_those_of_java(
    api: Api, pattern: str, replacement: str, text: str, wanted: str
) -> None:
    gsub = {"gsub": {"field": "a", "pattern": pattern, "replacement": replacement}}
    assert run(api, [gsub], {"a": text}) == {"a": wanted}


@pytest.mark.parametrize("pattern", ["\\p{L}", "[a[b]]", "[a&&b]", "\\Qx\\E", "(?m)^x", "\\h", "(", "a{e}", "a{,2}"])
def test_regular_expressions_that_are_other_ones_in_java(api: Api, name: str, pattern: str) -> None:
    body = {"processors": [{"gsub": {"field": "a", "pattern": pattern, "replacement": ""}}]}
    assert "regular expression" in api.error("PUT", f"/_ingest/pipeline/{name}", body, code=501)[1]


def test_what_append_refuses(api: Api, name: str) -> None:
    body = {"processors": [{"append": {"field": "l", "copy_from": "a", "value": 1}}]}
    _, reason = api.error("PUT", f"/_ingest/pipeline/{name}", body, code=400)
    assert reason == "[copy_from] cannot set both `copy_from` and `value` in the same processor"


def test_a_name_that_will_be_none(api: Api) -> None:
    answer = api.http.put("/_ingest/pipeline/Invalid*-pipeline:id", json={"processors": []})
    assert answer.json() == {"acknowledged": True}
    assert "must not contain the following characters" in answer.headers["warning"]
    api("DELETE", "/_ingest/pipeline/Invalid*-pipeline:id")


def test_terminate_ends_the_inner_pipeline_only(api: Api, name: str) -> None:
    inner = [
        {"set": {"field": "a", "value": 1}},
        {"terminate": {"if": "ctx.a == 1"}},
        {"set": {"field": "b", "value": 1}},
    ]
    api("PUT", f"/_ingest/pipeline/{name}", {"processors": inner})
    after = {"set": {"field": "c", "value": 1}}
    assert run(api, [{"pipeline": {"name": name}}, after], {}) == {"a": 1, "c": 1}


def test_a_document_that_holds_itself_is_none(api: Api, name: str) -> None:
    api(
        "PUT",
        f"/_ingest/pipeline/{name}",
        {"processors": [{"script": {"source": "ctx.foo = ctx", "ignore_failure": True}}]},
    )
    _, reason = api.error("PUT", f"/{name}/_doc/1?pipeline={name}", {"a": 1}, code=400)
    assert reason == f"Failed to generate the source document for ingest pipeline [{name}]"


def test_a_pipeline_changes_where_a_document_goes(api: Api, name: str) -> None:
    source = "ctx._index = ctx._index + '-x'; ctx._id = 'z'; ctx._routing = 'r'"
    api("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"script": {"source": source}}]})
    written = api("PUT", f"/{name}/_doc/1?pipeline={name}", {"a": 1}, code=201)
    assert (written["_index"], written["_id"]) == (f"{name}-x", "z")
    assert api("GET", f"/{name}-x/_doc/z?routing=r")["_routing"] == "r"
