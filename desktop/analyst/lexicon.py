"""The words the analyst knows without looking at any data, as plain lists. How they act stays outside.

General English and the Hindi that is mixed into it; nothing here names a table or column of a
particular database. A synonym counts only when the connection has a table or column of that name.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SYNONYMS = (
    ("sale", "revenue", "turnover", "bikri", "sold", "selling", "sell", "sells"),
    ("quantity", "qty", "unit", "piece", "pcs", "nag"),
    ("product", "item", "sku", "article"),
    ("store", "shop", "outlet", "branch", "dukan", "dukaan"),
    ("customer", "client", "buyer", "shopper", "grahak"),
    ("employee", "staff", "worker"),
    ("return", "returned", "refund", "refunded", "vapsi"),
    ("target", "goal"),
    ("inventory", "stock"),
    ("city", "town", "shehar", "shahar"),
    ("state", "rajya"),
    ("zone", "region", "territory"),
    ("department", "dept", "deptt", "division"),
    ("discount", "markdown", "rebate", "chhoot"),
    ("amount", "amt", "value", "rakam"),
    ("doctor", "physician"),
    ("vendor", "supplier"),
    ("bill", "invoice"),
    ("transaction", "txn"),
    ("salary", "wage", "pay"),
    ("kind", "type"),
    ("mode", "method"),
    ("percent", "pct", "percentage"),
)
CANON = {word: group[0] for group in SYNONYMS for word in group}

GENERIC = {"amount", "value", "total"}
"""Words that a table's own noun may stand for: ``amount`` in ``sales`` is also called ``sales``."""

MONEY = _words(
    "amount revenue sale price mrp cost tax gst discount profit margin salary wage pay fee fare budget spend "
    "expense premium balance credit debit loan payment charge rent inr rs rupee refund income turnover "
    "commission bonus deposit donation gross net payout paid price payable receivable"
)
NOT_MONEY = _words(
    "quantity count pct percent percentage ratio rate day hour minute number no weight km usd eur gbp "
    "mode method type status year month date id code sqft"
)
RATE = _words(
    "price mrp rate percent pct percentage ratio score rating temperature temp avg average mean index share "
    "speed probability per bmi gpa grade median interest yield utilisation utilization occupancy "
    "latitude longitude lat lon lng humidity pressure age height"
)
OPEN = _words("salary wage area size weight capacity population experience tenure income")
ADDITIVE = _words(
    "quantity amount revenue sale count cost tax gst discount profit fee fare spend expense payment "
    "charge refund hour minute duration distance km commission bonus donation unit budget target premium "
    "goal point visit passenger total consumption production output net gross payout debit credit "
    "weight_sold click impression mb gb kwh litre liter"
)
LEVEL = _words(
    "stock inventory balance snapshot headcount outstanding closing opening hand level census occupied "
    "position holding backlog"
)
LABEL = _words(
    "id code no number num key zip pin pincode postcode postal phone mobile fax year month day week quarter "
    "version rank sequence seq line ssn aadhaar gstin hour barcode ean isbn floor row position uuid"
)
QUALIFIER = _words(
    "discount tax gst cost shipping freight refund commission tip fee charge margin profit gross unit bonus"
)
"""Money that a table's noun does not mean: the ``tax`` of sales is not its sales."""

MONEY_NOUNS = frozenset(("sale", "target", "budget", "expense", "spend", "income", "expenditure", "donation"))
UNCLEAR_NOUNS = frozenset(
    ("return", "claim", "payment", "bill", "purchase", "loan", "transaction", "order", "invoice")
)
"""Tables whose noun may mean how many or how much: the analyst asks."""

KEY_ENDINGS = frozenset(("id", "code", "key", "no", "number", "num", "uuid", "sk"))
LABEL_COLUMNS = ("name", "title", "label", "description", "full name")
AUDIT_DATES = _words("created updated modified inserted loaded synced deleted ingested etl audit")

AGGREGATES = {
    "total": "sum",
    "sum": "sum",
    "overall": "sum",
    "kul": "sum",
    "average": "average",
    "avg": "average",
    "mean": "average",
    "ausat": "average",
    "median": "median",
    "maximum": "max",
    "max": "max",
    "minimum": "min",
    "min": "min",
    "count": "count",
    "kitne": "count",
    "kitni": "count",
}
BEST = _words("top best highest most largest biggest greatest leading sabse")
WORST = _words("bottom worst lowest least smallest weakest fewest")
BY = _words("by per across each every")
WISE = _words("wise")
NOT = _words("not except excluding exclude without minus non besides")
AND = frozenset(("and", "&", ",", "aur", "plus"))
OR = frozenset(("or", "ya"))
ONLY = _words("only just sirf")
FILL = _words(
    "the a an of show me what is are was were give tell please pls do does did we i us our my you can "
    "could would have has had there in at on for to from within during find get see display want need "
    "know much it its be been number ka ki ke mein me batao dikhao kya hai tha thi ko how that which "
    "who whose where with list all made make break down broken breakdown split figure figures data "
    "report result compute calculate rs inr rupees ₹ s t re as value now so then also came come "
    "happen happened did many any hua hui hue hain kis kaunsa kaunsi kaunse"
)
"""Words that carry no condition of their own. Never one that narrows, negates or compares."""

FUTURE = _words(
    "forecast predict prediction expected tomorrow next future projection project estimate will should"
)
WHY = _words("why reason because cause kyun kyon explain recommend recommendation advise improve opinion")
ABOVE = (
    "more than",
    "greater than",
    "higher than",
    "larger than",
    "bigger than",
    "above",
    "over",
    "exceeding",
    "exceeded",
    "exceeds",
    ">",
)
AT_LEAST = ("at least", "minimum of", "no less than", "not less than", ">=")
BELOW = ("less than", "lower than", "smaller than", "fewer than", "below", "under", "<")
AT_MOST = ("at most", "up to", "upto", "no more than", "not more than", "maximum of", "<=")
EQUAL = ("equal to", "equals", "exactly", "=")
COMPARISONS = {
    tuple(phrase.split()): sign
    for sign, phrases in ((">", ABOVE), (">=", AT_LEAST), ("<", BELOW), ("<=", AT_MOST), ("=", EQUAL))
    for phrase in phrases
}
SHARE = _words("share contribution proportion percentage percent")
NUMBER_WORDS = {
    w: n
    for n, w in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 1
    )
}
