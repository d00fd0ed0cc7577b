"""Text, picture or document id → vector → kNN → hits.

- ``queries``: request bodies. Pure.
- ``hits``: responses → hits. Pure.
- ``searcher``: the only module here that holds a client; every request of it is read-only
- ``pictures``: bytes → upright RGB pictures, and pictures → small JPEGs. Knows no index.
- ``originals``: from a hit to the picture's own file, below the roots that were given and nowhere else
- ``page``: hits as a page that needs nothing else
- ``web``: the interactive page; holds a searcher, never a client
"""
