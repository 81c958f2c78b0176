"""SQL over a folder of files: DuckDB in a process of its own. Imports nothing heavy; starts in 0.2 s.

In the backend: ``folder`` asks, ``running_query`` is one query on its way, ``conversions`` has files
converted, ``process`` starts and kills, ``messages`` is what is said.

In the process (``worker``): ``engine`` answers over the tables of a ``catalog``, found by ``tables`` and
opened by ``pins``; ``database`` is the locked DuckDB, ``rows`` writes its rows as JSON, ``profile`` finds out
about columns and keys.

In the other process: ``converter`` makes Parquet of files, by ``convert``; ``text``, ``layout``,
``readings``, ``text_tables``, ``typed`` and ``workbooks`` understand what people write, and the ``shelf``
keeps what was made.
"""
