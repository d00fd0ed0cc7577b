"""Headers and error bodies (reference, section 1)."""

from __future__ import annotations

from tests.contract.cluster import Cluster
from tests.contract.facts import fact


@fact("1.1", evidence="K", source="RestController; every client refuses a server without it")
def test_every_answer_names_the_product(cluster: Cluster) -> None:
    """Every answer carries ``X-elastic-product``, an error's too."""
    for path in ("/", "/no/such/path/at/all"):
        assert cluster.raw("GET", path).headers["X-elastic-product"] == "Elasticsearch"


@fact("1.2", evidence="O", source="RestController")
def test_no_handler(cluster: Cluster) -> None:
    """A path that no API has is 400 with a text as error, and without a status."""
    answer = cluster("GET", "/x/y/z", code=400)
    assert answer == {"error": "no handler found for uri [/x/y/z] and method [GET]"}
