"""The person's own spreadsheets as tables: understood, corrected, queried with SQL, joined with governed
results.

In the worker's process (``program``): ``grids`` reads cells, ``blocks`` finds the tables in a sheet,
``headings`` their names, ``totals`` what is no row of data, ``columns`` what each column holds, by
``values``; ``answering`` runs SQL over what came out. In the agent: ``sheets`` asks, ``shelf`` keeps,
``joining`` brings a governed result.
"""
