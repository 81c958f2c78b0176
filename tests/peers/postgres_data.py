"""What is in the test cluster: two accounts, and a small shop with every kind of relation."""


def accounts(name: str, password: str) -> list[str]:
    return [f"CREATE ROLE {name} LOGIN PASSWORD '{password}'"]


def shop(*, reader: str, writer: str) -> list[str]:
    """Statements for an empty database; ``reader`` may read all but ``payroll``, ``writer`` may write."""
    return [
        "CREATE TYPE payment_mode AS ENUM ('cash', 'card', 'upi')",
        "CREATE DOMAIN rupees AS numeric(14, 2) CHECK (VALUE >= 0)",
        "CREATE SCHEMA hr",
        'CREATE SCHEMA "Head Office"',
        """CREATE TABLE stores (
            store_id integer PRIMARY KEY, name text NOT NULL, city text NOT NULL, zone text NOT NULL,
            opened_on date, area_sqft integer)""",
        "COMMENT ON TABLE stores IS 'One row a store.'",
        "COMMENT ON COLUMN stores.zone IS 'North, South, East or West.'",
        """INSERT INTO stores SELECT i, 'Store ' || i, (ARRAY['Patna', 'Delhi', 'Pune', 'Kochi'])[i % 4 + 1],
            (ARRAY['East', 'North', 'West', 'South'])[i % 4 + 1], date '2015-04-01' + i * 30, 5000 + i * 10
            FROM generate_series(1, 60) i""",
        """CREATE TABLE products (
            product_id integer PRIMARY KEY, department text NOT NULL, brand text, mrp rupees NOT NULL)""",
        """INSERT INTO products SELECT i, (ARRAY['Kids', 'Ladies', 'Mens'])[i % 3 + 1],
            nullif('Brand ' || i % 40, 'Brand 0'), 99 + i FROM generate_series(1, 200) i""",
        """CREATE TABLE sales (
            sale_id bigint PRIMARY KEY, sold_on date NOT NULL, store_id integer REFERENCES stores,
            product_id integer REFERENCES products (product_id), quantity integer NOT NULL,
            net_amount numeric(12, 2) NOT NULL, discount double precision, paid payment_mode)""",
        """INSERT INTO sales SELECT i, date '2025-04-01' + i % 365, i % 60 + 1, i % 200 + 1, i % 5 + 1,
            (i * 37 % 100000) / 100.0, nullif(i % 10, 0) / 10.0,
            (ARRAY['cash', 'card', 'upi']::payment_mode[])[i % 3 + 1] FROM generate_series(1, 20000) i""",
        """CREATE VIEW sales_by_zone AS SELECT zone, sum(net_amount) AS net
            FROM sales JOIN stores USING (store_id) GROUP BY zone""",
        """CREATE MATERIALIZED VIEW sales_by_day AS
            SELECT sold_on, sum(net_amount) AS net FROM sales GROUP BY 1""",
        """CREATE TABLE stock (week date NOT NULL, store_id integer, quantity integer)
            PARTITION BY RANGE (week)""",
        "CREATE TABLE stock_2025 PARTITION OF stock FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        "CREATE TABLE stock_2026 PARTITION OF stock FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
        """INSERT INTO stock SELECT date '2025-06-02' + 7 * (i % 60), i % 60 + 1, i % 90
            FROM generate_series(1, 3000) i""",
        "CREATE TABLE hr.staff (staff_id integer PRIMARY KEY, store_id integer REFERENCES stores, name text)",
        "INSERT INTO hr.staff SELECT i, i % 60 + 1, 'Person ' || i FROM generate_series(1, 50) i",
        'CREATE TABLE "Head Office"."Select" ("From" integer, "Order By" text)',
        """INSERT INTO "Head Office"."Select" VALUES (1, 'it''s "quoted"')""",
        "CREATE TABLE payroll (staff_id integer, salary numeric)",
        "INSERT INTO payroll VALUES (1, 91234)",
        f'GRANT USAGE ON SCHEMA public, hr, "Head Office" TO {reader}, {writer}',
        f'GRANT SELECT ON ALL TABLES IN SCHEMA public, hr, "Head Office" TO {reader}, {writer}',
        f"REVOKE ALL ON payroll FROM {reader}, {writer}",
        f"GRANT INSERT, UPDATE, DELETE ON sales, stores TO {writer}",
        "ANALYZE",
    ]
