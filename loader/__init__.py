"""Pictures → documents in the cluster.

The stages, in order; each is a generator of small records, and what cannot be used becomes an outcome, not an end:

1. ``discover``: folders → image refs. Touches the file system; opens no picture.
2. ``target``: is the index there, which encoder does it want, what does it hold? Read-only but for the encoder's digest.
   Runs before a picture is decoded.
3. ``decode``: image ref → decoded image, upright and RGB. Touches files; knows no cluster and no encoder.
4. ``embed``: decoded images → vectors, batch by batch. The only stage that sees an encoder.
5. ``document``: image ref, decoded image, vector → document with its id. Pure.
6. ``bulk``: documents → the index, through its ingest pipeline, chunk by chunk. May not decide what is loaded.

``run.load`` composes them, one line per stage.
"""
