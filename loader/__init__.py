"""Pictures → documents in the cluster.

The stages, in order; what cannot be used becomes a dead letter, never the end of a run:

1. ``target``: alias → the index behind it, its marks, what it holds. Read-only but for the encoders' digests. May open no
   file. Comes before a picture is opened, so that an hour of encoding cannot end at a missing index.
2. ``discover``: roots → image refs. Reads names, sizes and first bytes. May decode no picture, know no cluster.
3. ``decode`` (with ``exif``): image ref → decoded image, upright and RGB. May know no cluster and no encoder.
4. ``embed``: decoded images → embeddings, batch by batch; captions too, where the index says that the client encodes texts.
   The only stage that sees an encoder. May touch no file.
5. ``document``: embedding → document of the series. Pure.
6. ``bulk``: documents → results, chunk by chunk through the index's ingest pipeline. May not decide what is loaded.

``outcome`` counts what happened, ``dead_letters`` keeps what could not be loaded, and ``run.load`` composes the stages,
one line for each. Every stage is a generator of small records: how much is in memory does not depend on how many
pictures there are.
"""
