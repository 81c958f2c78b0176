"""The little shop that the guard's queries are asked of, in both dialects, and the lists of queries."""

from pathlib import Path

_QUERIES = Path(__file__).parent / "queries"

SHOP = """
CREATE TABLE stores (store_id INTEGER, name TEXT, zone TEXT, city TEXT, opened DATE, note TEXT);
INSERT INTO stores VALUES
  (1, 'Sunder', 'North', 'Patna', '2019-05-01', NULL),
  (2, 'Tara', 'East', 'Ranchi', '2021-02-11', 'renovated'),
  (3, 'Usha', 'North', 'Delhi', '2023-08-15', NULL), (4, 'Vijay', 'West', 'Pune', '2020-01-01', 'small');
CREATE TABLE products (product_id INTEGER, category TEXT, brand TEXT, mrp DECIMAL(10, 2));
INSERT INTO products VALUES (1, 'kids', 'Acme', 199.50), (2, 'men', 'Bolt', 499.00),
  (3, 'home', 'Acme', 89.99);
CREATE TABLE sales (sale_id INTEGER, store_id INTEGER, product_id INTEGER, sold_on DATE, sold_at TIMESTAMP,
                    amount DECIMAL(12, 2), qty INTEGER, mode TEXT);
INSERT INTO sales SELECT i, 1 + i % 3, 1 + i % 3, DATE '2026-01-01' + CAST(i * 2 AS INTEGER),
  TIMESTAMP '2026-01-01 09:30:00' + i * INTERVAL '50 hours', CAST(i * 7.25 AS DECIMAL(12, 2)), 1 + i % 5,
  CASE i % 3 WHEN 0 THEN 'upi' WHEN 1 THEN 'cash' ELSE 'card' END FROM generate_series(1, 30) AS g(i);
"""
SHOP_DUCKDB = """
CREATE TABLE docs (id INTEGER, j JSON, tags TEXT[]);
INSERT INTO docs VALUES (1, '{"brand": "Acme", "sizes": [38, 42]}', ['new', 'hot']),
                        (2, '{"brand": "Bolt", "sizes": []}', ['old']);
"""
SHOP_POSTGRES = """
CREATE TABLE docs (id INTEGER, j JSONB, tags TEXT[]);
INSERT INTO docs VALUES (1, '{"brand": "Acme", "sizes": [38, 42]}', '{new,hot}'),
                        (2, '{"brand": "Bolt", "sizes": []}', '{old}');
CREATE SCHEMA shop_schema; CREATE TABLE shop_schema.stock AS SELECT 1 AS sku, 5 AS on_hand;
"""


def queries(name: str) -> list[str]:
    """One query a line; ``\\n`` stands for a new line in the lists of attacks."""
    lines = (_QUERIES / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def attacks(lines: list[str], *, secret: Path, out: Path, table: Path) -> list[str]:
    """The lines with real paths: of a file that is not to be read, a folder and a table not to be written."""
    filled = []
    for line in lines:
        text = line.replace("\\n", "\n").replace("{secret}", str(secret)).replace("{out}", str(out))
        filled.append(text.replace("{table}", str(table)))
    return filled
