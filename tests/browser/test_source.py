"""What can be said of the pages' source without opening them: the window's, and the admin console's."""

import re
from pathlib import Path
from typing import get_args

import pytest

from desktop import events

ROOT = Path(__file__).parents[2]


class Source:
    """A page with what it takes from shared/ui."""

    def __init__(self, side: str) -> None:
        self.own = ROOT / side / "ui"
        folders = (ROOT / "shared" / "ui", self.own)
        self.scripts = {
            path.name: path.read_text("utf-8") for at in folders for path in (at / "js").glob("*.js")
        }
        self.styles = {
            path.name: path.read_text("utf-8") for at in folders for path in (at / "css").glob("*.css")
        }
        self.html = (self.own / "index.html").read_text("utf-8")


PAGES = {"desktop": Source("desktop"), "server": Source("server")}
WINDOW = PAGES["desktop"]
OF_THE_REFERENCE = {"reference.css"}
"""The page at /docs is made by the backend, of the same parts."""
ON_PAPER = "print.css"
ADDRESSES = {"desktop": "", "server": "/admin"}
every_page = pytest.mark.parametrize("side", PAGES)
SPRITE = (ROOT / "shared" / "ui" / "icons" / "sprite.svg").read_text("utf-8")


def test_the_page_knows_every_event_the_agent_sends_and_no_other() -> None:
    sent = {kind.__struct_config__.tag for kind in get_args(events.Event)}
    assert set(re.findall(r'case "(\w+)":', WINDOW.scripts["events.js"])) == sent


@every_page
def test_every_script_and_style_is_shorter_than_three_hundred_lines(side: str) -> None:
    page = PAGES[side]
    texts = page.scripts | page.styles
    assert {name: len(text.splitlines()) for name, text in texts.items() if text.count("\n") > 300} == {}


@every_page
def test_no_file_of_a_page_hides_one_that_all_pages_share(side: str) -> None:
    own = {path.relative_to(PAGES[side].own).as_posix() for path in PAGES[side].own.rglob("*.*")}
    common = ROOT / "shared" / "ui"
    assert own & {path.relative_to(common).as_posix() for path in common.rglob("*.*")} == set()


def test_a_class_of_the_window_is_given_its_looks_in_one_file() -> None:
    """A second one would change what it does not know of; but paper has one file for all of them."""
    given: dict[str, list[str]] = {}
    for name, text in WINDOW.styles.items():
        if name == ON_PAPER:
            assert text.count("@media") == 1
            continue
        for selectors in re.findall(
            r"(?:^|[}\n])\s*([^{}@;]+)\{", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        ):
            for selector in {each.strip() for each in selectors.split(",")}:
                if re.fullmatch(r"\.[\w-]+", selector):
                    given.setdefault(selector, []).append(name)
    assert {selector: names for selector, names in given.items() if len(set(names)) > 1} == {}


@every_page
def test_every_module_is_fetched_at_once_and_not_one_after_the_other(side: str) -> None:
    """Those that are used: each by another one, and so by main.js in the end."""
    page, base = PAGES[side], ADDRESSES[side]
    used, waiting = set(), ["main.js"]
    while waiting:
        for name in re.findall(r'from "\./([\w.]+)"', page.scripts[waiting.pop()]):
            if name not in used:
                used.add(name)
                waiting.append(name)
    assert set(re.findall(rf'rel="modulepreload" href="{base}/js/([\w.]+)"', page.html)) == used
    assert {path.name for path in (page.own / "js").glob("*.js")} - used == {"main.js"}
    styles = set(re.findall(rf'rel="stylesheet" href="{base}/css/([\w.]+)"', page.html))
    assert styles == set(page.styles) - OF_THE_REFERENCE


@every_page
def test_html_text_becomes_elements_in_one_place_only(side: str) -> None:
    scripts = PAGES[side].scripts
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|createContextualFragment"
    )
    assert {name for name, text in scripts.items() if re.search(forbidden, text)} == set()
    assert {name for name, text in scripts.items() if "DOMParser" in text} == {"dom.js"}


@every_page
def test_nothing_is_fetched_from_elsewhere_and_nothing_is_inline(side: str) -> None:
    page = PAGES[side]
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", page.html)
    for text in [page.html, SPRITE, *page.scripts.values(), *page.styles.values()]:
        assert set(re.findall(r"https?://[^\s\"'`)]+", text)) <= {"http://www.w3.org/2000/svg"}


@every_page
def test_raw_colours_stand_in_the_tokens_only(side: str) -> None:
    raw = re.compile(r"#[0-9a-fA-F]{3,8}\b(?![^(]*url)|\brgba?\(|\bhsla?\(")
    for name, text in PAGES[side].styles.items():
        if name != "tokens.css":
            assert not raw.search(text), name


def test_every_sentence_of_the_page_is_in_the_catalogue_and_every_one_is_used() -> None:
    catalogue = {name: text for name, text in WINDOW.scripts.items() if name.startswith("messages")}
    code = "\n".join(text for name, text in WINDOW.scripts.items() if name not in catalogue)
    keys = set(re.findall(r'^  "([\w.]+)":', "\n".join(catalogue.values()), re.MULTILINE))
    missing = set(re.findall(r'\bt\("([\w.]+)"', code)) - keys
    built = tuple(re.findall(r"\bt\(`([\w.]+)\$\{", code))
    quoted = {key for key in keys if f'"{key}"' in code}
    assert missing == set()
    assert {key for key in keys - quoted if not key.startswith(built)} == set()


@every_page
def test_every_icon_that_is_drawn_is_in_the_sprite(side: str) -> None:
    there = set(re.findall(r'<symbol id="i-(\w+)"', SPRITE))
    code = "\n".join(PAGES[side].scripts.values())
    asked = set(
        re.findall(r'\bicon\("(\w+)"\)|iconButton\("(\w+)"|icon: "(\w+)"|button\("[\w ]+", "(\w+)"', code)
    )
    drawn = set(re.findall(r'href="#i-(\w+)"', PAGES[side].html))
    assert drawn | {name for names in asked for name in names if name} <= there
