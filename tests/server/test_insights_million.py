"""The demo's million sales lines, analysed over HTTP, beside SQL written by hand on the same files."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from server.connectors import KINDS
from tests.server.running import start, wait_until

SQL = """SELECT date, zone, category, net_amount, quantity FROM sales
    JOIN stores USING (store_id) JOIN products USING (product_id)"""
PERIOD, AGAINST = ["2025-10-01", "2025-10-31"], ["2024-10-01", "2024-10-31"]


def by_hand(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as database:
        for table in ("sales", "stores", "products"):
            [path] = {*folder.rglob(f"{table}.parquet")}
            database.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{path}')")
        return database.execute(f"WITH lines AS ({SQL}) {sql}").fetchall()


def between(days: list[str]) -> str:
    return f"date BETWEEN '{days[0]}' AND '{days[1]}'"


@pytest.mark.slow
def test_a_million_lines_come_to_what_sql_by_hand_says(tmp_path: Path, demo_folder: Path) -> None:
    running = start(tmp_path, KINDS.values())
    try:
        body = {"name": "shop", "type": "filesystem", "params": {"root": str(demo_folder)}}
        assert running.ask("POST", "/api/connections", body).status == 201
        wait_until(lambda: running.ask("GET", "/api/schema/shop").status == 200, 60)
        wish = {"connection": "shop", "query": SQL, "period": PERIOD, "against": AGAINST}
        answered = running.ask("POST", "/api/ai/analyze", wish, patience=120)
        assert answered.status == 200, answered.body
    finally:
        running.stop()
    facts = answered.json["facts"]
    [(rows, total)] = by_hand(demo_folder, "SELECT count(*), sum(net_amount) FROM lines")
    assert facts["rows"] == rows > 900_000
    columns = {column["name"]: column for column in facts["columns"]}
    assert columns["net_amount"]["total"] == pytest.approx(float(total))

    zones = dict(by_hand(demo_folder, "SELECT zone, sum(net_amount) FROM lines GROUP BY zone"))
    [share] = [one for one in facts["shares"] if (one["column"], one["grouping"]) == ("net_amount", "zone")]
    for zone, amount, percent in share["top"]:
        assert amount == pytest.approx(float(zones[zone]))
        assert percent == pytest.approx(float(zones[zone] / total * 100), abs=0.1)

    later, earlier = f"FILTER ({between(PERIOD)})", f"FILTER ({between(AGAINST)})"
    sums = (
        f"sum(net_amount) {later}, sum(net_amount) {earlier}, sum(quantity) {later}, sum(quantity) {earlier}"
    )
    driven = [one for one in facts["findings"] if one["finding"] == "driven"]
    assert driven
    for one in driven:
        groups = {
            group: [float(value or 0) for value in values]
            for group, *values in by_hand(
                demo_folder, f"SELECT {one['grouping']}, {sums} FROM lines GROUP BY 1"
            )
        }
        assert one["later"] == pytest.approx(sum(values[0] for values in groups.values()))
        for part in one["parts"]:
            now, before, _, _ = groups[part["group"]]
            assert (part["later"], part["earlier"]) == (pytest.approx(now), pytest.approx(before))
    mixes = [one for one in facts["findings"] if one["finding"] == "price_volume_mix"]
    assert mixes
    for one in mixes:
        found = by_hand(demo_folder, f"SELECT {sums} FROM lines GROUP BY {one['grouping']}")
        values = [[float(value or 0) for value in row] for row in found]
        sold, sold_before, pieces, pieces_before = (sum(column) for column in zip(*values, strict=True))
        average = sold_before / pieces_before
        volume = (pieces - pieces_before) * average
        price = sum(now - q1 * before / q0 for now, before, q1, q0 in values if q0)
        assert one["volume"] == pytest.approx(volume)
        assert one["price"] == pytest.approx(price)
        assert one["mix"] == pytest.approx(sold - sold_before - volume - price)
