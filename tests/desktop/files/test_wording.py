"""What a sentence wants of the person's files; everything else belongs to the analyst."""

import pytest

from desktop.files.wording import Wish, read

WISHES = {
    "which files have diwali?": Wish("find", "diwali"),
    "Which of my files mention Patna store": Wish("find", "Patna store"),
    "what documents talk about the rent": Wish("find", "the rent"),
    'find "lease agreement" in my files': Wish("find", "lease agreement"),
    "search my files for GST number": Wish("find", "GST number"),
    "find files about winter stock": Wish("find", "winter stock"),
    "which files have कुर्ती": Wish("find", "कुर्ती"),
    "list my files": Wish("list"),
    "what files can you see?": Wish("list"),
    "list files in Reports/2025": Wish("list", "Reports/2025"),
    "open plan.md": Wish("read", "plan.md"),
    "Read “Reports/2025/lease.pdf”": Wish("read", "Reports/2025/lease.pdf"),
    "summarise the document policy.docx": Wish("read", "policy.docx"),
    "What is in Reports/targets.xlsx?": Wish("read", "Reports/targets.xlsx"),
    "What is in “Dropped files/sales.csv”?": Wish("read", "Dropped files/sales.csv"),
    "what does notes.txt say?": Wish("read", "notes.txt"),
}
OTHERS = [
    *("net sales by zone", "show sales by month", "open stores in Patna", "show me returns in Delhi"),
    *("total amount by city in targets.xlsx", "show targets.xlsx by month", "which stores have no sales"),
    *("compare targets.xlsx with sales by store", "what is in stock", "list stores", "find the best store"),
    *("", "?", "which files", "read", "search for kurtis", "every day at 9 send me sales by zone as Excel"),
]


@pytest.mark.parametrize(("sentence", "wish"), WISHES.items(), ids=WISHES)
def test_it_is_read_by_its_words(sentence: str, wish: Wish) -> None:
    assert read(sentence) == wish


@pytest.mark.parametrize("sentence", OTHERS)
def test_what_is_not_about_files_is_left_to_others(sentence: str) -> None:
    assert read(sentence) is None
