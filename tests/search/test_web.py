"""The interactive page, asked as a browser does."""

from __future__ import annotations

import io
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from PIL import Image
from starlette.applications import Starlette

from clipline.core.errors import UsageError
from clipline.core.records import document_id
from clipline.search import web
from clipline.search.searcher import Searcher
from clipline.search.web import build_app
from tests.loader.fakes import Loading, encoded, picture
from tests.search.conftest import COLOURS, Album


def of(colour: str) -> str:
    return document_id("album", f"phone/{colour}.png".encode())


@contextmanager
def served(app: Starlette) -> Iterator[httpx.Client]:
    """The application behind a real port, and a browser."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=20) as browser:
            deadline = time.monotonic() + 10
            while not server.started and time.monotonic() < deadline:
                time.sleep(0.01)
            yield browser
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def page(album: Album) -> Iterator[httpx.Client]:
    with served(build_app(album.searcher(), album.originals())) as browser:
        yield browser


def shown(html: str) -> list[str]:
    """The colours of the hits, in their order."""
    return [word.removesuffix(".png") for word in html.replace("<", " ").replace(">", " ").split() if word in
            {f"{colour}.png" for colour in COLOURS}]  # fmt: skip


def test_the_first_page(page: httpx.Client) -> None:
    answer = page.get("/")
    assert answer.status_code == 200
    assert 'name="q"' in answer.text
    assert 'type="file"' in answer.text
    assert shown(answer.text) == []


def test_security_headers_are_everywhere(page: httpx.Client) -> None:
    paths = (
        "/",
        "/?q=red",
        "/?like=nowhere",
        "/nowhere",
        f"/thumbnail/{of('red')}",
        f"/original/{of('red')}",
        "/original/x",
    )
    for path in paths:
        headers = page.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert "default-src 'none'" in headers["Content-Security-Policy"], path


def test_a_text(page: httpx.Client) -> None:
    html = page.get("/", params={"q": "blue"}).text
    assert shown(html)[0] == "blue"
    assert len(shown(html)) == len(COLOURS)
    assert f'src="/thumbnail/{of("blue")}"' in html
    assert 'value="blue"' in html


def test_what_is_typed_is_escaped(page: httpx.Client) -> None:
    html = page.get("/", params={"q": "<script>alert(1)</script>"}).text
    assert "<script" not in html
    assert "all red &lt;b&gt;" in html


def test_more_like_this(page: httpx.Client) -> None:
    html = page.get("/", params={"like": of("red")}).text
    assert sorted(shown(html)) == sorted(set(COLOURS) - {"red"})


def test_a_picture(page: httpx.Client) -> None:
    answer = page.post("/", files={"picture": ("mine.png", encoded(picture("green", corner="green")))})
    assert answer.status_code == 200
    assert shown(answer.text)[0] == "green"
    assert 'alt="your picture"' in answer.text


def test_an_upload_touches_no_disk(page: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object) -> None:
        raise AssertionError("the upload was written to a file")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", refuse)
    noise = Image.effect_noise((1800, 1800), 90).convert("RGB")
    content = encoded(noise)
    assert len(content) > 2 * 1024 * 1024, "smaller ones would stay in memory anyhow"
    assert page.post("/", files={"picture": ("noise.png", content)}).status_code == 200


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        (b"no picture", 400, "That is not a picture that can be read."),
        (b"", 400, "Choose a picture first."),
        (b"x" * (20 * 1024 * 1024 + 1), 413, "at most 20 MB"),
        (b"x" * (21 * 1024 * 1024), 413, "at most 20 MB"),
    ],
)
def test_uploads_that_cannot_be_searched(page: httpx.Client, content: bytes, status: int, sentence: str) -> None:
    answer = page.post("/", files={"picture": ("x.png", content)})
    assert (answer.status_code, sentence in answer.text) == (status, True)


@pytest.mark.parametrize(
    ("headers", "content", "status", "sentence"),
    [
        ({"content-type": "application/x-www-form-urlencoded"}, b"picture=x", 400, "Choose a picture first."),
        ({"content-type": "multipart/form-data"}, b"x", 400, "The form cannot be read."),
        ({"content-type": "multipart/form-data; boundary=x"}, b"garbage", 400, "The form cannot be read."),
        ({"content-type": "multipart/form-data; boundary=x"}, iter([b"x"]), 411, "did not say how large"),
    ],
)
def test_forms_that_are_none(
    page: httpx.Client, headers: dict[str, str], content: bytes, status: int, sentence: str
) -> None:
    answer = page.post("/", headers=headers, content=content)
    assert (answer.status_code, sentence in answer.text) == (status, True)


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/?like=nowhere", 400, "There is no such document in the index."),
        ("/nowhere", 404, "There is no such page."),
        ("/thumbnail/nowhere", 404, "There is no such document in the index."),
        ("/original/..%2F..%2Fetc%2Fpasswd", 404, "There is no such"),
    ],
)
def test_errors_are_sentences_on_the_page(page: httpx.Client, path: str, status: int, sentence: str) -> None:
    answer = page.get(path)
    assert (answer.status_code, sentence in answer.text) == (status, True)
    assert 'name="q"' in answer.text


def test_pictures_by_document_id(page: httpx.Client, album: Album) -> None:
    small = page.get(f"/thumbnail/{of('red')}")
    assert small.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(small.content)).size == (320, 240)
    whole = page.get(f"/original/{of('red')}")
    assert whole.content == (album.folder / "phone" / "red.png").read_bytes()


def test_a_document_cannot_name_a_file_outside(page: httpx.Client, album: Album) -> None:
    (album.folder.parent / "secret.png").write_bytes(encoded(picture()))
    for path in ("../secret.png", "../../etc/passwd", "/etc/passwd", "phone/red.png\0"):
        name = document_id("album", path.encode())
        document = {"image_id": "evil", "source": "album", "relative_path": path}
        album.client.index(index=album.alias, id=name, document=document)
        for kind in ("thumbnail", "original"):
            assert page.get(f"/{kind}/{name}").status_code == 404
        album.client.delete(index=album.alias, id=name)


def test_without_roots_there_are_no_pictures(album: Album) -> None:
    with served(build_app(album.searcher(), None)) as page:
        html = page.get("/", params={"q": "red"}).text
        assert "--root" in html
        assert "<img" not in html
        assert page.get(f"/original/{of('red')}").status_code == 404


def test_a_cluster_that_is_gone(album: Album) -> None:
    from elasticsearch import Elasticsearch

    with Elasticsearch("http://127.0.0.1:1", max_retries=0) as nobody:
        searcher = Searcher(nobody, alias="x", load_encoder=Loading())
        with served(build_app(searcher, None)) as page:
            answer = page.get("/", params={"q": "red"})
    assert answer.status_code == 502
    assert "Cannot connect" in answer.text


def test_it_can_be_served(album: Album) -> None:
    told: list[str] = []
    app = build_app(album.searcher(), None)
    thread = threading.Thread(target=web.serve, args=(app,), daemon=True,
                              kwargs={"host": "127.0.0.1", "port": 0, "ready": told.append})  # fmt: skip
    thread.start()
    deadline = time.monotonic() + 10
    while not told and time.monotonic() < deadline:
        time.sleep(0.01)
    assert shown(httpx.get(told[0], params={"q": "red"}, timeout=10).text)[0] == "red"
    port = int(told[0].rpartition(":")[2])
    with pytest.raises(UsageError, match="cannot listen there"):
        web.serve(app, host="127.0.0.1", port=port, ready=told.append)
