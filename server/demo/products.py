"""The products of the demo: invented brands, real kinds of goods, maximum retail prices in rupees."""

from typing import NamedTuple

import numpy as np

from server.demo import planted
from server.demo.dice import Ints, roll

PER_CATEGORY = 40


class Category(NamedTuple):
    """``share`` of the lines on an ordinary day; ``months`` from April to March, 9 being the height of
    its season and 3 an ordinary month; ``festive`` thousandths more of it where a festival doubles the
    trade; ``several`` when people take more than one."""

    name: str
    department: str
    share: int
    low: int
    high: int
    months: str
    festive: int = 0
    several: bool = False


class Product(NamedTuple):
    """One row of ``products``."""

    product_id: int
    name: str
    department: str
    category: str
    brand: str | None
    mrp: int


CATEGORIES = (
    Category("Men's shirts", "Men", 60, 399, 1199, "333333443333", 500),
    Category("Men's t-shirts", "Men", 70, 199, 699, "666544332235"),
    Category("Men's jeans", "Men", 45, 599, 1499, "333333444443", 200),
    Category("Men's trousers", "Men", 30, 499, 1299, "333333444333"),
    Category("Men's kurtas", "Men", 22, 499, 1499, "432235653334", 2200),
    Category("Men's winterwear", "Men", 26, 699, 2499, "000000269952"),
    Category("Men's innerwear", "Men", 40, 99, 399, "444333333334", 0, several=True),
    Category("Sarees", "Women", 40, 399, 2999, "453223566543", 1500),
    Category("Kurtis", "Women", 75, 299, 1199, "454333444334", 900),
    Category("Women's tops", "Women", 48, 249, 799, "554433333334"),
    Category("Leggings", "Women", 50, 149, 499, "333333344433", 0, several=True),
    Category("Dress materials", "Women", 24, 499, 1799, "343223455443", 1300),
    Category("Women's winterwear", "Women", 26, 599, 2299, "000000269952"),
    Category("Nightwear", "Women", 22, 249, 699, "443333333333"),
    Category("Lingerie", "Women", 34, 129, 549, "333333333333", 0, several=True),
    Category("Boys' wear", "Kids", 55, 199, 899, "443333444334", 900),
    Category("Girls' wear", "Kids", 58, 249, 1099, "443333444334", 1100),
    Category("Baby wear", "Kids", 34, 149, 599, "333333344333", 0, several=True),
    Category("School uniforms", "Kids", 24, 249, 799, "969511111113"),
    Category("Kids' winterwear", "Kids", 30, 399, 1499, "000000269952"),
    Category("Bedsheets", "Home", 26, 299, 1499, "333333554333", 700),
    Category("Curtains", "Home", 14, 299, 1299, "333334652333", 900),
    Category("Towels", "Home", 18, 99, 499, "444433333334", 0, several=True),
    Category("Blankets", "Home", 18, 499, 2499, "000000159951"),
    Category("Kitchenware", "Home", 28, 99, 1299, "333333653333", 700),
    Category("Men's footwear", "General merchandise", 30, 299, 1499, "333343444333", 200),
    Category("Women's footwear", "General merchandise", 34, 249, 1199, "333343444333", 300),
    Category("Bags and luggage", "General merchandise", 24, 299, 2799, "466433344433"),
    Category("Toys", "General merchandise", 24, 99, 999, "443333455333", 500),
    Category("Beauty", "General merchandise", 46, 49, 599, "333333444333", 300, several=True),
)

_BRANDS = {
    "Men": ("Northline", "Rustic Road", "Aarav & Co", "Blue Banyan", "Urban Loom"),
    "Women": ("Kesar", "Meherbaan", "Indigo Lane", "Saanjh", "Urban Loom"),
    "Kids": ("Chhota Raja", "Tiny Tabla", "Gully Gang", "Pehli Barish", "Little Loom"),
    "Home": ("Ghar Aangan", "Chowk Home", "Rasoi Raja", "Nest & Neem", "Basera"),
    "General merchandise": ("Safar", "Padchaap", "Khel Khel", "Nikhaar", "Daily Dukaan"),
}
_STYLES = ("Classic", "Everyday", "Festive", "Premium", "Essential", "Printed", "Signature", "Value")
_COLOURS = ("Navy", "Maroon", "Mustard", "Teal", "Black", "White", "Rose", "Olive", "Sky", "Grey")


def all_products() -> list[Product]:
    """The 1,200 products in the order of their ids, category by category."""
    return [
        _product(place * PER_CATEGORY + nth + 1, category, nth)
        for place, category in enumerate(CATEGORIES)
        for nth in range(PER_CATEGORY)
    ]


def popularity(zones: int) -> Ints:
    """The weight of a product within its category: one row a zone and category, the zone leading."""
    count = len(CATEGORIES) * PER_CATEGORY
    product = np.arange(count, dtype=np.int64)
    rank = 1 + roll(PER_CATEGORY, 20, product)
    liking = 600 + roll(800, 21, np.arange(zones, dtype=np.int64)[:, None], product[None, :])
    weight = liking * 100 // (rank + 4)
    weight[:, (product + 1) % planted.NEVER_SOLD_EVERY == 0] = 0
    return weight.reshape(zones * len(CATEGORIES), PER_CATEGORY)


def _product(product_id: int, category: Category, nth: int) -> Product:
    key = np.array([product_id])
    brand = _BRANDS[category.department][nth % 5]
    colour = _COLOURS[int(roll(len(_COLOURS), 22, key)[0])]
    step = 50 if category.high > 300 else 10
    steps = (category.high - category.low) // step + 1
    price = category.low + step * int(min(roll(steps, 23, key)[0], roll(steps, 24, key)[0]))
    unbranded = product_id % planted.UNBRANDED_EVERY == 1
    style = f"{_STYLES[nth // 5]} {category.name[0].lower()}{category.name[1:]}, {colour}"
    return Product(
        product_id=product_id,
        name=style if unbranded else f"{brand} {style}",
        department=category.department,
        category=category.name,
        brand=None if unbranded else brand,
        mrp=price,
    )
