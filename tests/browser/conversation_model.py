"""What the scripted model of the journeys says: SQL for some questions, then words about what came back."""

import json
from typing import Any

from tests.peers.model_script import Answer, Text, call, text

ZONES = """SELECT st.zone, SUM(s.net_amount) AS net_sales, SUM(s.quantity) AS pieces
FROM sales AS s JOIN stores AS st ON st.store_id = s.store_id
GROUP BY st.zone ORDER BY net_sales DESC"""
MONTHS = """SELECT DATE_TRUNC('month', s.date) AS month, SUM(s.net_amount) AS net_sales
FROM sales AS s GROUP BY 1 ORDER BY 1"""
BILLS = """SELECT s.date, s.store_id, s.product_id, s.quantity, s.net_amount
FROM sales AS s ORDER BY s.date, s.store_id, s.product_id LIMIT 9000"""
SLOW = "SELECT COUNT(*) AS pairs FROM sales AS a CROSS JOIN sales AS b WHERE a.net_amount > b.net_amount + 1"
QUERIES = {
    "month": (MONTHS, "Net sales by month"),
    "bills": (BILLS, "Lines of sales"),
    "slow": (SLOW, "Pairs of sales"),
    "zone": (ZONES, "Net sales by zone"),
}


def speak(request: dict[str, Any]) -> Answer:
    """The next thing said, from the messages so far."""
    last = request["messages"][-1]
    if last["role"] == "tool":
        return about(json.loads(last["content"]))
    words = str(last["content"]).lower()
    for word, (sql, title) in QUERIES.items():
        if word in words:
            return call("query", sql=sql, title=title)
    return text("I can tell about **zones**, months and bills.")


def about(result: dict[str, Any]) -> Text:
    rows = result.get("cells", {}).get("preview", [])
    if not rows or not isinstance(rows[0][1], int | float):
        return text("The rows are in the table.")
    crore = float(rows[0][1]) / 1e7
    return text(
        f"{rows[0][0]} comes first with ", f"₹{crore:.2f} crore", ". The market grew 5.5 % meanwhile."
    )
