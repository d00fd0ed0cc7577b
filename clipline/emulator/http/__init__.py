"""HTTP: from the bytes of a request to a call, from a reply to bytes; handlers below it know nothing of either.

In the order in which a request meets them:

- ``app``: the ASGI application and the order of refusals
- ``query_string``, ``compression``, ``media``, ``bodies``, ``json_body``, ``param_kinds``: what was sent, read and checked
- ``routing``, ``endpoints``: the route, or the right refusal: what Elasticsearch has and the emulator lacks is 501
- ``wire``: what handlers receive and return, ``Call`` → ``Reply``, and the tables of routes
- ``cat``: replies as tables; ``human``: the readable twins of numbers
- ``answers``, ``filter_path``: the reply, or the error, as bytes and headers
"""
