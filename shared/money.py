"""Whether a column holds money, by its name. Pure; how money is written is elsewhere."""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MONEY = _words(
    "amount amt sales sale revenue turnover price cost mrp value profit margin discount tax gst target "
    "budget spend expense expenses salary wage fee refund income rent rupees inr rs"
)
_NOT_MONEY = _words(
    "percent percentage pct rate ratio share growth count quantity qty units unit pieces pcs lines "
    "number no id code stores products days bills weight kg mode type status usd eur gbp"
)
_ENDINGS = ("amount", "sales", "revenue", "price", "profit")  # netsales, totalamount
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|%")


def is_money(name: str) -> bool:
    """``net_amount``, ``NetAmount`` and ``Sales value`` are rupees; ``discount_percent``, ``sales_quantity``
    and ``amount_usd`` are not."""
    words = {word.lower() for word in _WORDS.findall(name)}
    money = bool(words & _MONEY) or any(word.endswith(_ENDINGS) for word in words)
    return money and not words & _NOT_MONEY and "%" not in words
