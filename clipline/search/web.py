"""The interactive page: a text box, a picture upload, the pictures found, "more like this".

Holds a searcher, never a client. An upload stays in memory for the time of its request and touches no disk. Files are
served only by the id of a document found in the index, and only from below a root.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from clipline.core.cluster import explain
from clipline.core.errors import CliplineError, ClusterError, ImageError, UsageError
from clipline.core.pixels import read_picture
from clipline.core.settings import Connection
from clipline.search.hits import Hit
from clipline.search.originals import Originals
from clipline.search.page import NO_ROOTS, templates
from clipline.search.pictures import data_uri, thumbnail
from clipline.search.searcher import Searcher

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")

MAX_UPLOAD = 20 * 1024 * 1024
K = 24
_FRAMING = 64 * 1024  # what a form adds to the picture: boundaries and headers
_MOST_DISCARDED = 50 * MAX_UPLOAD
_TOO_LARGE = f"The picture is too large: at most {MAX_UPLOAD // 2**20} MB."
_NO_PICTURE = "Choose a picture first."
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def build_app(searcher: Searcher, originals: Originals | None) -> Starlette:
    """The application over one searcher; without originals it shows no pictures and says why."""
    pages = _Pages(searcher, originals)

    async def by_words(request: Request) -> Response:
        return await run_in_threadpool(pages.by_words, dict(request.query_params))

    async def by_upload(request: Request) -> Response:
        return await run_in_threadpool(pages.by_upload, await _uploaded(request))

    async def small(request: Request) -> Response:
        return await run_in_threadpool(pages.thumbnail, request.path_params["id"])

    async def original(request: Request) -> Response:
        return await run_in_threadpool(pages.original, request.path_params["id"])

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return pages.answer(error=_sentence(error), status=error.status_code)

    async def broken(_: Request, error: Exception) -> Response:
        return pages.answer(error="Something went wrong here; the log of the server says what.", status=500)

    return Starlette(
        routes=[
            Route("/", by_words, methods=["GET"]),
            Route("/", by_upload, methods=["POST"]),
            Route("/thumbnail/{id}", small),
            Route("/original/{id}", original),
        ],
        exception_handlers={HTTPException: refused, Exception: broken},
    )


def serve(app: Starlette, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; ``ready`` is told the URL.

    Raises:
        UsageError: the address cannot be listened on.
    """
    import uvicorn

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UsageError(
            f"cannot listen there: {error.strerror or error}", where=f"{host}:{port}", hint="choose another with --port"
        ) from error
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    ready(f"http://{shown}:{listener.getsockname()[1]}")
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])


class _InMemory(MultiPartParser):
    """Nothing that is uploaded may touch a disk: by default, parts above 1 MB become temporary files."""

    spool_max_size = MAX_UPLOAD + _FRAMING


async def _uploaded(request: Request) -> bytes:
    """The bytes of the form's picture.

    Raises:
        HTTPException: there is none, or it is too large.
    """
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise HTTPException(411, "The browser did not say how large the picture is.")
    if int(length) > MAX_UPLOAD + _FRAMING:
        # A browser shows an answer only once it has sent everything; otherwise the user sees a broken connection.
        if int(length) <= _MOST_DISCARDED:
            async for _ in request.stream():
                pass
        raise HTTPException(413, _TOO_LARGE)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(400, _NO_PICTURE)
    try:
        form = await _InMemory(request.headers, request.stream(), max_files=1, max_fields=1).parse()
    except (MultiPartException, KeyError) as error:
        raise HTTPException(400, "The form cannot be read.") from error
    try:
        given = form.get("picture")
        content = await given.read() if isinstance(given, UploadFile) else b""
    finally:
        await form.close()
    if not content:
        raise HTTPException(400, _NO_PICTURE)
    if len(content) > MAX_UPLOAD:
        raise HTTPException(413, _TOO_LARGE)
    return content


class _Pages:
    """What each address answers; every method may wait for the cluster and runs in a thread."""

    def __init__(self, searcher: Searcher, originals: Originals | None) -> None:
        self._searcher = searcher
        self._originals = originals

    def by_words(self, params: dict[str, str]) -> Response:
        text, like = params.get("q", "").strip(), params.get("like")
        if like:
            return self._search("More like this", lambda: self._searcher.like(like, k=K))
        if text:
            return self._search(text, lambda: self._searcher.by_text(text, k=K), text=text)
        return self.answer()

    def by_upload(self, content: bytes) -> Response:
        try:
            picture = read_picture(content)
        except ImageError as error:
            return self.answer(error=_capital(error.what), status=400)
        return self._search("By your picture", lambda: self._searcher.by_image(picture, k=K), picture=picture)

    def thumbnail(self, document_id: str) -> Response:
        small = self._originals.thumbnail(self._known(document_id)) if self._originals else None
        if small is None:
            raise HTTPException(404, "There is no picture for this document.")
        return Response(small, media_type="image/jpeg", headers={**_HEADERS, "Cache-Control": "private, max-age=3600"})

    def original(self, document_id: str) -> Response:
        file = self._originals.file(self._known(document_id)) if self._originals else None
        if file is None:
            raise HTTPException(404, "There is no picture for this document.")
        return FileResponse(file, headers=_HEADERS)

    def answer(self, *, status: int = 200, **values: Any) -> Response:
        """The page with some values of its template."""
        shown: dict[str, Any] = {
            "title": "clipline",
            "text": "",
            "label": None,
            "query": None,
            "hits": [],
            "error": None,
        }
        shown |= {"pictures": self._originals is not None, "notice": None if self._originals else NO_ROOTS, **values}
        html = templates().get_template("web.html").render(shown)
        return HTMLResponse(html.encode("utf-8", "backslashreplace"), status_code=status, headers=_HEADERS)

    def _search(
        self, label: str, search: Callable[[], list[Hit]], *, text: str = "", picture: Image | None = None
    ) -> Response:
        started = time.perf_counter()
        try:
            hits = _asked(search)
        except HTTPException as error:
            return self.answer(error=error.detail, text=text, status=error.status_code)
        milliseconds = round((time.perf_counter() - started) * 1000)
        query = data_uri(thumbnail(picture)) if picture else None
        return self.answer(label=label, hits=hits, milliseconds=milliseconds, text=text, query=query)

    def _known(self, document_id: str) -> Hit:
        return _asked(lambda: self._searcher.document(document_id), refusal=404)


def _asked(ask: Callable[[], T], *, refusal: int = 400) -> T:
    """Ask the searcher; what it says no with becomes a sentence for the page.

    Raises:
        HTTPException: with ``refusal`` when the question is at fault, 502 when the cluster is.
    """
    from elasticsearch import ApiError, TransportError

    try:
        return ask()
    except ClusterError as error:
        raise HTTPException(502, _capital(error.what)) from error
    except CliplineError as error:
        raise HTTPException(refusal, _capital(error.what)) from error
    except (ApiError, TransportError) as error:
        raise HTTPException(502, _capital(explain(error, Connection(url="the cluster")).what)) from error


def _sentence(error: HTTPException) -> str:
    sentences = {404: "There is no such page.", 405: "This page cannot be asked for like that."}
    # Starlette's own errors have the status's name for a text; ours are sentences.
    return error.detail if error.detail.endswith(".") else sentences.get(error.status_code, f"{error.detail}.")


def _capital(what: str) -> str:
    return f"{what[:1].upper()}{what[1:]}."
