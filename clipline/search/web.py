"""The interactive page: a text box, a picture upload, the pictures found, "more like this".

Holds a searcher, never a client. Uploads are read into memory and forgotten. Originals are served only by the id of a
document found in the index, and only from below a root.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageOps
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from clipline.core.cluster import explain
from clipline.core.errors import CliplineError, UsageError
from clipline.core.settings import Connection
from clipline.search.hits import Hit
from clipline.search.originals import Originals
from clipline.search.page import NO_ROOTS, templates
from clipline.search.searcher import Searcher

MAX_UPLOAD = 20 * 1024 * 1024
K = 24
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def build_app(searcher: Searcher, originals: Originals | None) -> Starlette:
    """The application over one searcher."""

    async def page(request: Request) -> Response:
        return await run_in_threadpool(_page, searcher, originals, dict(request.query_params))

    async def upload(request: Request) -> Response:
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > MAX_UPLOAD:
            return _answer(originals, error=f"The picture is too large: at most {MAX_UPLOAD // 2**20} MB.", status=413)
        # All of it stays in memory: nothing that is uploaded may touch a disk.
        async with request.form(max_files=1, max_fields=1, max_part_size=MAX_UPLOAD) as form:
            given = form.get("picture")
            content = await given.read() if isinstance(given, UploadFile) else b""
        return await run_in_threadpool(_by_picture, searcher, originals, content)

    async def thumbnail(request: Request) -> Response:
        return await run_in_threadpool(_thumbnail, searcher, originals, request.path_params["id"])

    async def original(request: Request) -> Response:
        return await run_in_threadpool(_original, searcher, originals, request.path_params["id"])

    return Starlette(
        routes=[
            Route("/", page, methods=["GET"]),
            Route("/", upload, methods=["POST"]),
            Route("/thumbnail/{id}", thumbnail),
            Route("/original/{id}", original),
        ]
    )


def serve(app: Starlette, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; ``ready`` is told the URL.

    Raises:
        UsageError: the address cannot be listened on.
    """
    import uvicorn
    from starlette.formparsers import MultiPartParser

    MultiPartParser.spool_max_size = MAX_UPLOAD + 1
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UsageError(
            f"cannot listen there: {error.strerror}", where=f"{host}:{port}", hint="choose another with --port"
        ) from error
    ready(f"http://{host}:{listener.getsockname()[1]}")
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])


def _page(searcher: Searcher, originals: Originals | None, params: dict[str, str]) -> Response:
    text, like = params.get("q", "").strip(), params.get("like")
    if like:
        return _search(originals, "More like this", lambda: searcher.like(like, k=K))
    if text:
        return _search(originals, text, lambda: searcher.by_text(text, k=K), text=text)
    return _answer(originals)


def _by_picture(searcher: Searcher, originals: Originals | None, content: bytes) -> Response:
    try:
        with Image.open(io.BytesIO(content)) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return _answer(originals, error="That is not a picture that can be read.", status=400)
    return _search(originals, "By your picture", lambda: searcher.by_image(picture, k=K))


def _search(originals: Originals | None, label: str, search: Callable[[], list[Hit]], *, text: str = "") -> Response:
    from elasticsearch import ApiError, TransportError

    started = time.perf_counter()
    try:
        hits = search()
    except CliplineError as error:
        return _answer(originals, error=error.what, text=text, status=400)
    except (ApiError, TransportError) as error:
        return _answer(originals, error=explain(error, Connection(url="the cluster")).what, text=text, status=502)
    milliseconds = round((time.perf_counter() - started) * 1000)
    return _answer(originals, label=label, hits=hits, milliseconds=milliseconds, text=text)


def _answer(originals: Originals | None, *, status: int = 200, **values: Any) -> Response:
    defaults: dict[str, Any] = {
        "title": "clipline",
        "text": "",
        "label": None,
        "hits": [],
        "milliseconds": 0,
        "error": None,
    }
    shown = {**defaults, **values, "pictures": originals is not None, "notice": None if originals else NO_ROOTS}
    html = templates().get_template("web.html").render(**shown)
    return HTMLResponse(html, status_code=status, headers=_HEADERS)


def _thumbnail(searcher: Searcher, originals: Originals | None, document_id: str) -> Response:
    picture = originals.thumbnail(_known(searcher, document_id)) if originals else None
    if picture is None:
        raise HTTPException(404, headers=_HEADERS)
    return Response(picture, media_type="image/jpeg", headers={**_HEADERS, "Cache-Control": "private, max-age=3600"})


def _original(searcher: Searcher, originals: Originals | None, document_id: str) -> Response:
    file = originals.file(_known(searcher, document_id)) if originals else None
    if file is None:
        raise HTTPException(404, headers=_HEADERS)
    return FileResponse(file, headers=_HEADERS)


def _known(searcher: Searcher, document_id: str) -> Hit:
    from elasticsearch import ApiError, TransportError

    try:
        return searcher.document(document_id)
    except CliplineError as error:
        raise HTTPException(404, headers=_HEADERS) from error
    except (ApiError, TransportError) as error:
        raise HTTPException(502, headers=_HEADERS) from error
