"""Text, picture or document id → vector → kNN → hits.

- ``queries``: request bodies. Pure.
- ``hits``: responses → hits. Pure.
- ``searcher``: the only module here that holds a client
- ``originals``: from a hit to the picture's file, below the roots that were given and nowhere else
- ``page``: hits as a page that needs nothing else
- ``web``: the interactive page; holds a searcher, never a client
"""
