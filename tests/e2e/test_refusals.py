"""What goes wrong is a sentence and an exit code, never a traceback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.e2e.conftest import Provisioned
from tests.nodes import running_emulator


@contextmanager
def answering(status: int, body: dict[str, Any]) -> Iterator[str]:
    """A server that gives every request one answer, with Elasticsearch's product header."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("X-elastic-product", "Elasticsearch")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def error_body(status: int, kind: str, reason: str) -> dict[str, Any]:
    return {
        "error": {"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason},
        "status": status,
    }


def test_an_unreachable_cluster(clipline: Run) -> None:
    done = clipline("plan", "--url", "http://127.0.0.1:1", code=1)
    assert "http://127.0.0.1:1: cannot connect" in done.stderr


def test_a_wrong_password(clipline: Run) -> None:
    body = error_body(401, "security_exception", "unable to authenticate user [me] for REST request [/]")
    with answering(401, body) as url:
        done = clipline(
            "plan", "--url", url, code=1, env={"ELASTICSEARCH_USERNAME": "me", "ELASTICSEARCH_PASSWORD": "hidden-word"}
        )
    assert "does not accept the credentials" in done.stderr
    assert "hidden-word" not in done.stderr + done.stdout


def test_a_client_ahead_of_its_server(clipline: Run) -> None:
    body = error_body(400, "media_type_header_exception", "Invalid media-type value on headers [Accept, Content-Type]")
    with answering(400, body) as url:
        done = clipline("plan", "--url", url, code=1)
    assert "pip install 'elasticsearch>=8.19,<9' in an environment without clipline[models]" in done.stderr


def test_an_old_server(clipline: Run) -> None:
    with answering(200, {"version": {"number": "8.11.1"}}) as url:
        done = clipline("plan", "--url", url, code=1)
    assert "8.11.1" in done.stderr
    assert "8.15.0 and newer" in done.stderr


def test_not_elasticsearch(clipline: Run) -> None:
    done = clipline("plan", code=2)
    assert "no cluster is named" in done.stderr
    done = clipline("plan", "--url", "localhost:9200", code=2)
    assert "https://host:9200" in done.stderr


def test_apply_does_not_answer_itself(provisioned: Provisioned, clipline: Run) -> None:
    done = clipline("apply", *provisioned.variables, "--var", "index_alias=other", "--url", provisioned.url, code=2)
    assert "--yes" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "wanted"),
    [
        (["search", "x", "--k", "0"], 2, "--k must be between 1 and 10000"),
        (["search", " "], 2, "the text is empty"),
        (["search"], 2, "give one of TEXT, --image and --like"),
        (["search", "--like", "nowhere"], 1, "there is no such document"),
        (["search", "--image", "nowhere.jpg"], 2, "the picture does not exist"),
        (["search", "x", "--index", "nowhere"], 1, "run `clipline apply` first"),
        (["search", "x", "--root", "/nowhere"], 2, "the folder /nowhere does not exist"),
        (["load", "/nowhere"], 2, "this is not a folder"),
        (["load", ".", "--index", "nowhere"], 1, "run `clipline apply` first"),
    ],
)
def test_searching_and_loading(
    provisioned: Provisioned, clipline: Run, arguments: list[str], code: int, wanted: str
) -> None:
    done = clipline(*arguments, "--url", provisioned.url, code=code)
    assert wanted in done.stderr


def test_an_empty_folder(provisioned: Provisioned, clipline: Run, tmp_path: Path) -> None:
    done = clipline("load", str(tmp_path), "--url", provisioned.url, code=1)
    assert "no picture was found there" in done.stderr


def test_foreign_resources_stop_the_plan(provisioned: Provisioned, clipline: Run, stack_copy: Path) -> None:
    (stack_copy / "vars.yml").write_text("stack: other\n")
    done = clipline("plan", "--stack", str(stack_copy), *provisioned.variables, "--url", provisioned.url, code=1)
    assert "belongs to the stack 'clipline'" in done.stdout
    assert "This plan cannot be applied" in done.stdout


def test_dims_of_an_index_with_documents(provisioned: Provisioned, clipline: Run, stack_copy: Path) -> None:
    template = stack_copy / "mappings/image-embeddings.yml"
    template.write_text(template.read_text("utf-8").replace("similarity: cosine", "similarity: dot_product"))
    done = clipline("plan", "--stack", str(stack_copy), *provisioned.variables, "--url", provisioned.url, code=1)
    assert "needs a migration" in done.stdout


@pytest.mark.parametrize(
    ("flags", "why", "hint"),
    [
        (("--no-ml-node",), "the cluster has no ML node, and adds none by itself", "give a node the role ml"),
        (
            ("--ml-memory", "104857600"),
            "MB of an ML node's memory; emulator has 100 MB of 100 MB free",
            "give the cluster an ML node with that much free memory",
        ),
    ],
)
def test_no_room_for_the_model(
    flags: tuple[str, ...], why: str, hint: str, tmp_path: Path, variables: tuple[str, ...], clipline: Run
) -> None:
    with running_emulator(tmp_path, *flags) as url:
        done = clipline("apply", *variables, "--url", url, "--yes", code=1)
    assert why in done.stdout
    assert f"hint: {hint}" in done.stdout
    assert "text_encoder: client in models/*.yml" in done.stdout
    assert "create" not in done.stderr  # nothing was begun


def test_an_ml_node_that_autoscaling_brings_is_waited_for(
    tmp_path: Path, variables: tuple[str, ...], clipline: Run
) -> None:
    with running_emulator(tmp_path, "--lazy-ml-node", "2") as url:
        done = clipline("apply", *variables, "--url", url, "--yes")
    said = "  waiting for room on an ML node, for 300 s at most: No ML nodes exist in the cluster\n"
    assert done.stderr.count(said) == 1
    assert "parity proven" in done.stderr
    assert "Applied: 7 changes" in done.stdout
