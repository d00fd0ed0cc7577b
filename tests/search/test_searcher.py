"""Searches over real HTTP, in an index that the loader filled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from elasticsearch import ApiError, Elasticsearch

from clipline.core.errors import CliplineError, NotProvisionedError, UsageError
from clipline.core.records import EncoderIdentity, document_id
from clipline.search import searcher as module
from clipline.search.searcher import Searcher
from tests.loader.fakes import DIGEST, DIMS, ColourEncoder, Loading, marks, picture, provision, remove
from tests.search.conftest import COLOURS, Album, deployed


def of(colour: str) -> str:
    return document_id("album", f"phone/{colour}.png".encode())


@pytest.fixture
def alias(client: Elasticsearch) -> Iterator[str]:
    yield "searched"
    remove(client, "searched")


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("colour", COLOURS)
def test_by_text(album: Album, colour: str, exact: bool) -> None:
    hits = album.searcher().by_text(colour.upper(), k=3, exact=exact)
    assert len(hits) == 3
    assert hits[0].id == of(colour)
    assert hits[0].score == pytest.approx(1.0, abs=1e-4)
    assert (hits[0].image_name, hits[0].relative_path) == (f"{colour}.png", f"phone/{colour}.png")
    assert (hits[0].source, hits[0].date, hits[0].location) == ("album", None, None)


def test_exact_and_approximate_scores_are_of_one_scale(album: Album) -> None:
    searcher = album.searcher()
    near = searcher.by_text("red blue", k=5)
    exact = searcher.by_text("red blue", k=5, exact=True)
    assert [hit.id for hit in near] == [hit.id for hit in exact]
    assert [hit.score for hit in near] == pytest.approx([hit.score for hit in exact], abs=1e-5)
    assert near[0].score > near[-1].score


def test_both_ways_put_the_models_prefix_before_a_text(album: Album, alias: str) -> None:
    meta = marks(digest=DIGEST)
    meta["clipline"]["text_model"] = deployed(album.client, "prefixed-text", prefix_strings={"search": "blue "})
    provision(album.client, alias, meta=meta)
    for colour in ("red", "blue", "black"):
        vector = ColourEncoder().encode([picture(colour, corner=colour)])[0].tolist()
        album.client.index(index=alias, id=colour, document={"image_id": colour, "image_embedding": vector})
    album.client.indices.refresh(index=alias)
    searcher = Searcher(album.client, alias=alias, load_encoder=Loading())
    near, exact = (searcher.by_text("red", k=3, exact=exact) for exact in (False, True))
    bare = album.searcher().by_text("red", k=1)  # the same model without a prefix
    assert bare[0].score > near[0].score + 0.01
    assert [hit.score for hit in near] == pytest.approx([hit.score for hit in exact], abs=1e-5)


@pytest.mark.parametrize("exact", [False, True])
def test_by_a_picture(album: Album, exact: bool) -> None:
    hits = album.searcher().by_image(picture("blue", corner="blue"), k=2, exact=exact)
    assert (hits[0].id, hits[0].score) == (of("blue"), pytest.approx(1.0, abs=1e-5))


@pytest.mark.parametrize("exact", [False, True])
def test_like_leaves_itself_out(album: Album, exact: bool) -> None:
    hits = album.searcher().like(of("green"), k=10, exact=exact)
    assert {hit.id for hit in hits} == {of(colour) for colour in COLOURS if colour != "green"}


def test_like_where_vectors_are_not_in_source(album: Album, alias: str) -> None:
    settings = {"index.mapping.exclude_source_vectors": True}
    provision(album.client, alias, meta=marks(), settings=settings)
    encoder = ColourEncoder()
    for colour in ("red", "blue", "black"):
        vector = encoder.encode([picture(colour)])[0].tolist()
        album.client.index(index=alias, id=colour, document={"image_id": colour, "image_embedding": vector})
    album.client.indices.refresh(index=alias)
    assert "image_embedding" not in album.client.get(index=alias, id="red")["_source"]
    hits = Searcher(album.client, alias=alias, load_encoder=Loading()).like("red", k=5)
    assert {hit.id for hit in hits} == {"blue", "black"}


def test_a_document(album: Album) -> None:
    hit = album.searcher().document(of("red"))
    assert (hit.image_name, hit.caption, hit.score) == ("red.png", "all red <b>", 1.0)


def test_unknown_documents(album: Album) -> None:
    for ask in (album.searcher().document, lambda name: album.searcher().like(name, k=3)):
        with pytest.raises(CliplineError, match="no such document"):
            ask("nowhere")


def test_a_document_without_a_vector(album: Album, alias: str) -> None:
    provision(album.client, alias)
    album.client.index(index=alias, id="bare", document={"image_id": "bare"}, refresh=True)
    with pytest.raises(CliplineError, match="has no vector"):
        Searcher(album.client, alias=alias, load_encoder=Loading()).like("bare", k=3)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text(album: Album, text: str) -> None:
    with pytest.raises(UsageError, match="the text is empty"):
        album.searcher().by_text(text, k=3)


@pytest.mark.parametrize("exact", [False, True])
def test_k_is_checked_before_anything_is_asked(album: Album, exact: bool) -> None:
    loading = Loading()
    searcher = Searcher(album.client, alias="nowhere", load_encoder=loading)
    for ask in (
        lambda: searcher.by_text("red", k=0, exact=exact),
        lambda: searcher.by_image(picture(), k=10_001, exact=exact),
        lambda: searcher.like("x", k=-1, exact=exact),
    ):
        with pytest.raises(UsageError, match="must be between"):
            ask()
    assert loading.asked == []


def test_no_index(album: Album) -> None:
    with pytest.raises(NotProvisionedError) as caught:
        Searcher(album.client, alias="nowhere", load_encoder=Loading()).by_text("red", k=3)
    assert caught.value.hint == "run `clipline apply` first, or name the alias with --index"


def test_an_index_without_marks(album: Album, alias: str) -> None:
    provision(album.client, alias, meta={})
    with pytest.raises(NotProvisionedError, match="does not say which models"):
        Searcher(album.client, alias=alias, load_encoder=Loading()).by_text("red", k=3)


def test_a_model_that_is_not_there_is_the_servers_error(album: Album, alias: str) -> None:
    provision(album.client, alias)  # its text model is "fake-text"
    with pytest.raises(ApiError, match="fake-text"):
        Searcher(album.client, alias=alias, load_encoder=Loading()).by_text("red", k=3)


def test_the_encoder_is_loaded_once_and_by_the_indexs_marks(album: Album) -> None:
    loading = Loading()
    searcher = album.searcher(loading)
    for _ in range(2):
        searcher.by_image(picture(), k=1)
    wanted = EncoderIdentity(model="fake", revision="1", digest=DIGEST, dims=DIMS, similarity="cosine")
    assert loading.asked == [wanted]


def test_a_moved_alias_is_noticed(album: Album, alias: str, monkeypatch: pytest.MonkeyPatch) -> None:
    index = provision(album.client, alias)
    loading = Loading()
    searcher = Searcher(album.client, alias=alias, load_encoder=loading)
    searcher.by_image(picture(), k=1)
    monkeypatch.setattr(module, "MARKS_SECONDS", -1.0)
    album.client.indices.put_mapping(index=index, meta=marks(digest=DIGEST))
    searcher.by_image(picture(), k=1)
    assert len(loading.asked) == 1, "the encoder that is loaded has the digest that was written since"
    album.client.indices.put_mapping(index=index, meta=marks(digest="sha256:" + "cd" * 32))
    searcher.by_image(picture(), k=1)
    assert len(loading.asked) == 2


def refusal(client: Elasticsearch, status: int, reason: str) -> ApiError:
    """An error as the client raises it."""
    from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig

    node = NodeConfig("http", "localhost", 9200)
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.0, node)
    return ApiError("x", meta=meta, body={"error": {"type": "x", "reason": reason}})


@pytest.mark.parametrize(
    ("status", "reason", "asked"),
    [
        (409, "must be deployed", 2),
        (500, "request was canceled as process is stopping", 2),
        (500, "something else", 1),
        (404, "no such model", 1),
    ],
)
def test_an_exchange_of_deployments_is_asked_about_once_more(
    client: Elasticsearch, status: int, reason: str, asked: int
) -> None:
    times: list[int] = []

    def ask() -> None:
        times.append(1)
        raise refusal(client, status, reason)

    with pytest.raises(ApiError):
        module._again(ask)
    assert len(times) == asked


def test_the_second_answer_counts(client: Elasticsearch) -> None:
    answers = iter([refusal(client, 409, "must be deployed"), None])

    def ask() -> str:
        if error := next(answers):
            raise error
        return "found"

    assert module._again(ask) == "found"
