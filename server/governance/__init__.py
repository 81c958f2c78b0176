"""Data policies at work: what a caller may not see is not there: in SQL, in schemas, in errors.

``names`` finds the table that a query means, ``masks`` and ``governed`` say what of it a caller sees, as SQL
of its dialect, ``rewriting`` puts that in the place of every table of a query, and ``governance`` does this
for the callers of one backend. Which policies a caller has is in server/access.
"""
