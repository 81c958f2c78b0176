"""SQL over a folder of files: DuckDB in a process of its own. Imports nothing heavy; starts in 0.2 s.

``tables`` names the files, ``convert`` makes Parquet of them, ``rows`` writes rows as JSON inside DuckDB,
``profile`` finds out about columns and keys, ``worker`` is the locked process that does all of it,
``messages`` is what it says, ``process`` starts and kills it, ``folder`` asks it. The connectors of files are
what the rest of the backend sees.
"""
