"""SQL over a folder of files: DuckDB in a process of its own. Imports nothing heavy; starts in 0.2 s.

In the backend: ``folder`` asks, ``running_query`` is one query on its way, ``conversions`` has files
converted, ``process`` starts and kills, ``messages`` is what is said.

In the process (``worker``): ``engine`` answers over the tables of a ``catalog``, found by ``tables`` and
opened by ``pins``; ``profile`` finds out about columns and keys.

In the other process: ``converter`` makes Parquet of files, by ``convert`` and ``workbooks``; the ``shelf``
keeps what was made. The locked DuckDB, and what understands the texts that people write, are shared with
the desktop and lie in ``shared/engine``.
"""
