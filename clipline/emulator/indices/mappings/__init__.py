"""What a mapping is made of, below HTTP and without an index: field types, their parameters, a document's values.

The doors are ``indices.mapping`` (check, merge, show), ``indices.parse`` (a document by a mapping) and
``indices.values`` (one value by a field). Nothing here knows of a node; what depends on the version or the licence is in
``Traits``.
"""
