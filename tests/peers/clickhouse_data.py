"""What is in the test servers of ClickHouse: a small shop that the oldest and the newest engine can hold."""

SHOP = "shop"

SHOP_TABLES = (
    """CREATE TABLE stores (store_id Int32, name String, city String, zone Enum8('North' = 1, 'South' = 2,
        'East' = 3, 'West' = 4), opened_on Date, area_sqft Nullable(Int32))
        ENGINE = MergeTree ORDER BY store_id""",
    """INSERT INTO stores SELECT number + 1, concat('Store ', toString(number + 1)),
        ['Patna', 'Delhi', 'Pune', 'Kochi'][number % 4 + 1], CAST(number % 4 + 1 AS Int8),
        toDate('2015-04-01') + number * 30, if(number % 10 = 0, NULL, 5000 + number * 10)
        FROM (SELECT number FROM system.numbers LIMIT 60)""",
    """CREATE TABLE sales (sale_id Int64, sold_on Date, sold_at DateTime, store_id Int32, quantity Int32,
        net_amount Decimal(12, 2), discount Nullable(Float64), paid Enum8('cash' = 1, 'card' = 2, 'upi' = 3))
        ENGINE = MergeTree PARTITION BY toYYYYMM(sold_on) ORDER BY (store_id, sale_id)""",
    """INSERT INTO sales SELECT number + 1, toDate('2025-04-01') + number % 365,
        toDateTime('2025-04-01 09:30:00') + number * 60, number % 60 + 1, number % 5 + 1,
        toDecimal64(number * 37 % 100000, 2) / 100, if(number % 10 = 0, NULL, (number % 10) / 10),
        CAST(number % 3 + 1 AS Int8) FROM (SELECT number FROM system.numbers LIMIT 20000)""",
    "CREATE VIEW sales_by_store AS SELECT store_id, sum(net_amount) AS net FROM sales GROUP BY store_id",
    'CREATE TABLE "Select" ("From" Int32, "Order By" String) ENGINE = Log',
    """INSERT INTO "Select" VALUES (1, 'it''s "quoted"')""",
)

NEW_TABLES = (
    """CREATE TABLE visits (visit_id UUID, at DateTime64(3, 'Asia/Kolkata') COMMENT 'When the door counted.',
        born Nullable(Date32), source LowCardinality(String), tags Array(LowCardinality(Nullable(String))),
        attributes Map(String, UInt64), place Tuple(lat Float64, long Float64), address IPv6, agreed Bool,
        spent Decimal(38, 10)) ENGINE = MergeTree ORDER BY at COMMENT 'One row a visit.'""",
    """INSERT INTO visits SELECT generateUUIDv4(), toDateTime64('2026-03-31 18:40:00.125', 3) + number,
        toDate32('1931-05-07') + number, 'door', ['a', NULL],
        map('steps', 18446744073709551615), (25.6, 85.1),
        '::1', number % 2, 12345678901234567890.0123456789 FROM numbers(50)""",
    """CREATE TABLE prices (item Int32, mrp Decimal(9, 2), version Int32)
        ENGINE = ReplacingMergeTree(version) ORDER BY item""",
    "INSERT INTO prices VALUES (1, 99.50, 1), (2, 10.00, 1)",
    "INSERT INTO prices VALUES (1, 89.50, 2)",
)
"""What only newer servers can hold."""
