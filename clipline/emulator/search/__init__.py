"""Searching, from a request's JSON to its hits. Each stage knows only what stands before it.

1. **Read** (no index is touched; what is wrong here is wrong everywhere): ``request`` the body and the parameters, with
   ``sort``, ``field_request``, ``url_query`` (``q=``) and ``knn_reader``; ``queries`` turns a query into a tree that can be
   run, with ``query_options``, ``query_text``, ``query_vector``, ``minimum``, ``fuzzy``, ``lookup``; ``reading`` is what is
   at hand meanwhile, ``suggest`` the "did you mean". Text models are asked here, once.
2. **Open**: ``targets`` the indices, the filters of their aliases and their shards at one moment; ``pit`` keeps such shards;
   ``context`` is one shard as a query sees it, and the errors of one shard.
3. **Match** (a flag and a score for each document of a shard): ``compound``, ``terms``, ``ranges``, ``nearly``, ``full_text``
   and ``vectors`` run the tree. They look values up in ``columns`` and tokens in ``text`` (``analysis``, ``similarity``),
   which are made once for each snapshot; ``dates`` reads dates and date math. ``script_score`` runs a script over all
   documents at once (``script_reader`` compiles it, ``script_functions`` are its operators).
4. **Order and show**: ``execute`` puts the phases together, ``order`` and ``axes`` sort and cut the page, ``fetch``,
   ``field_values`` and ``ignored_values`` say what a hit shows.

Over HTTP: ``api`` (``_search``, ``_count``, ``_validate/query``), ``msearch``, ``pit``, ``delete_by_query``, ``analyze``,
``field_caps``.
"""

from clipline.emulator.search import analyze, api, delete_by_query, field_caps

ROUTES = [*api.ROUTES, *delete_by_query.ROUTES, *analyze.ROUTES, *field_caps.ROUTES]

__all__ = ["ROUTES"]
