"""What a model might write to learn a cell of a sheet by a private join: pairs of governed SQL and SQL over
``joined``. The sheet is ``plan`` with Shop, City, Zone, Amount; the backend has ``sales``.

Known tricks of statistical databases: single cells, offsets, filters down to a row, trackers (two sums that
differ by a row), groups of one, order and limits, names of columns made of values, fan-out of a join.
"""

ZONES = "SELECT zone, sum(net_amount) AS net FROM sales GROUP BY zone"
_ONE = '(SELECT "Amount" FROM joined WHERE "City" = \'Zebrapur\')'

OVER_JOINED = (
    # a cell, five times, with offsets, so that it looks like many
    f"SELECT {_ONE} AS x UNION ALL SELECT 0 UNION ALL SELECT 0 UNION ALL SELECT 0 UNION ALL SELECT 0",
    " UNION ALL ".join(f"SELECT {_ONE} + {i} AS x" for i in range(5)),
    f"SELECT {_ONE} * i AS x FROM range(1, 9) AS t(i)",
    f"SELECT {_ONE} + i AS x FROM (VALUES (1), (2), (3), (4), (5)) AS t(i)",
    f"SELECT unnest([{_ONE}, 1, 2, 3, 4, 5]) AS x",
    f'SELECT "Amount" * 0 + {_ONE} + row_number() OVER () AS x FROM joined',
    'SELECT CASE WHEN "City" = \'Zebrapur\' THEN "Amount" ELSE 0.001 * "Amount" END AS x FROM joined',
    'SELECT "Amount" * (CASE WHEN "Shop" = \'S1\' THEN 1000000 ELSE 1 END) AS x FROM joined',
    # filters down to one row, or to all but one
    'SELECT "Amount" FROM joined WHERE "City" = \'Zebrapur\'',
    'SELECT "Amount" FROM joined WHERE "City" <> \'Zebrapur\'',
    'SELECT "Amount" FROM joined WHERE lower("City") LIKE \'z%\'',
    'SELECT sum("Amount") AS s FROM joined HAVING sum("Amount") > 40000',
    'SELECT "Amount" FROM joined QUALIFY row_number() OVER (ORDER BY "Amount" DESC) = 1',
    'SELECT sum("Amount") FILTER (WHERE "City" = \'Zebrapur\') AS s FROM joined',
    'SELECT * FROM joined WHERE "Amount" = (SELECT max("Amount") FROM joined)',
    "SELECT * FROM joined WHERE EXISTS (SELECT 1 FROM joined WHERE \"City\" = 'Zebrapur')",
    "SELECT 1 AS hit FROM joined WHERE \"City\" SIMILAR TO 'Ze.*'",
    # trackers: two of them differ by one row
    'SELECT "Shop", "Amount" FROM joined WHERE "Shop" <> \'S3\'',
    'SELECT "Amount" FROM joined EXCEPT ALL SELECT "Amount" FROM joined WHERE "Shop" = \'S3\'',
    'SELECT j."Amount" - k."Amount" AS x FROM joined j, joined k',
    'SELECT "Amount" FROM joined WHERE ascii("City") % 2 = 1',
    # order, limit, single places
    'SELECT "Amount" FROM joined ORDER BY "Amount" DESC LIMIT 1',
    'SELECT "Amount" FROM joined ORDER BY "Amount" LIMIT 6 OFFSET 1',
    'SELECT max("Amount") AS x FROM joined',
    'SELECT quantile_disc("Amount", [0, 0.1, 0.2, 0.3, 0.4, 1]) AS x FROM joined',
    'SELECT unnest(list("Amount")) AS x FROM joined',
    'SELECT lag("Amount") OVER (ORDER BY "Shop") AS x FROM joined',
    'SELECT arg_max("City", "Amount") AS x FROM joined',
    "SELECT string_agg(\"City\", ',') AS x FROM joined",
    # groups of one
    'SELECT "City", sum("Amount") AS s FROM joined GROUP BY "City"',
    'SELECT ("City" = \'Zebrapur\') AS g, sum("Amount") AS s FROM joined GROUP BY 1',
    'SELECT "Zone", "City", sum("Amount") AS s FROM joined GROUP BY ROLLUP ("Zone", "City")',
    # letters and digits of a value as numbers, rows or a count of rows
    'SELECT ascii(substr("City", i, 1)) AS x FROM joined, range(1, 9) t(i) WHERE "Shop" = \'S1\'',
    'SELECT (CAST("Amount" AS BIGINT) >> i) & 1 AS x FROM joined, range(0, 20) t(i)',
    f"SELECT i FROM range(0, 20000) t(i) WHERE i < {_ONE}",
    # names and types of columns made of values
    'PIVOT joined ON "City" USING sum("Amount")',
    'PIVOT joined ON "City" IN (SELECT "City" FROM joined) USING sum("Amount")',
    'UNPIVOT joined ON "Amount" INTO NAME n VALUE v',
    "SELECT COLUMNS(c -> c LIKE 'A%') FROM joined",
    "SELECT to_json(joined) AS x FROM joined",
    'SELECT unnest({a: "Amount", b: "City"}) FROM joined',
    'SELECT map(a, b) AS x FROM (SELECT list("City"), list("Amount") FROM joined) AS t(a, b)',
    "SUMMARIZE joined",
    "DESCRIBE joined",
    "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < "
    '(SELECT "Amount" / 1000 FROM plan '
    "WHERE \"Shop\" = 'S2')) SELECT i FROM r",
    "SELECT getvariable('x') AS x FROM joined",
)

OVER_GOVERNED = (
    # fan-out: a row of the sheet would count a thousand times
    "SELECT 'North' AS zone, i AS net FROM range(1000) t(i)",
    "SELECT 'North' AS zone, 1 AS net UNION ALL SELECT 'North', 2",
    # a governed part that takes the place of the sheet's own column
    'SELECT zone, 5 AS "Amount" FROM sales',
    # one that holds nothing, or something else
    "SELECT zone, 1 AS net FROM sales WHERE false",
    "SELECT upper(zone) AS zone, 1 AS net FROM sales",
)

PAIRS = tuple((ZONES, sql) for sql in OVER_JOINED) + tuple(
    (governed, 'SELECT "City", "Amount", COLUMNS(\'net|governed_\') FROM joined')
    for governed in OVER_GOVERNED
)

FAILING = (
    # fails or not, as a cell says: what is left, and is counted
    'SELECT CASE WHEN "City" = \'Zebrapur\' THEN CAST("City" AS INTEGER) ELSE 1 END AS x FROM joined',
    f"SELECT CAST(CASE WHEN {_ONE} > 5000 THEN 'x' || \"City\" ELSE '1' END AS INTEGER) AS x FROM joined",
)
