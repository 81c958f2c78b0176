"""One SQL over several connections: planned here, fetched from each source, joined in server/engine.

What runs in the end is the caller's SQL as it stands, in DuckDB, over tables that hold of each source what
the SQL can need. All cleverness is in needing less: a column or a row that is left behind can change nothing,
and where that is not certain it is fetched. ``references`` finds the tables in the SQL, ``columns`` and
``filters`` say what of them is needed, ``plan`` puts it together, ``fetching`` brings it
into an engine, and ``across`` is what all others ask.
"""
