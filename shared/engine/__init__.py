"""What reads files into tables, and locks the DuckDB that is asked: for the backend's folders, and for the
spreadsheets on a person's own machine. Each runs it in a process of its own. Imports nothing by itself.

``database`` is the locked DuckDB, ``rows`` writes its rows as JSON, ``limits`` is what the system holds to;
``text``, ``layout``, ``readings``, ``text_tables`` and ``typed`` understand what people write.
"""
