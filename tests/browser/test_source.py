"""What can be said of the page's source without opening it."""

import re
from pathlib import Path
from typing import get_args

from desktop import events

UI = Path(__file__).parents[2] / "desktop" / "ui"
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in (UI / "js").glob("*.js")}
STYLES = {path.name: path.read_text(encoding="utf-8") for path in (UI / "css").glob("*.css")}


def test_the_page_knows_every_event_the_agent_sends_and_no_other() -> None:
    sent = {kind.__struct_config__.tag for kind in get_args(events.Event)}
    assert set(re.findall(r'case "(\w+)":', SCRIPTS["events.js"])) == sent


def test_every_script_and_style_is_shorter_than_three_hundred_lines() -> None:
    long = {
        name: len(text.splitlines()) for name, text in (SCRIPTS | STYLES).items() if text.count("\n") > 300
    }
    assert long == {}


def test_every_module_is_fetched_at_once_and_not_one_after_the_other() -> None:
    html = (UI / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'rel="modulepreload" href="/js/([\w.]+)"', html)) == set(SCRIPTS) - {"main.js"}


def test_html_text_becomes_elements_in_one_place_only() -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|createContextualFragment"
    )
    assert {name for name, text in SCRIPTS.items() if re.search(forbidden, text)} == set()
    assert {name for name, text in SCRIPTS.items() if "DOMParser" in text} == {"dom.js"}


def test_nothing_is_fetched_from_elsewhere_and_nothing_is_inline() -> None:
    html = (UI / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", html)
    for text in [html, *SCRIPTS.values(), *STYLES.values()]:
        assert set(re.findall(r"https?://[^\s\"'`)]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_raw_colours_stand_in_the_tokens_only() -> None:
    raw = re.compile(r"#[0-9a-fA-F]{3,8}\b(?![^(]*url)|\brgba?\(|\bhsla?\(")
    for name, text in STYLES.items():
        if name != "tokens.css":
            assert not raw.search(text), name


def test_every_sentence_of_the_page_is_in_the_catalogue_and_every_one_is_used() -> None:
    catalogue = {name: text for name, text in SCRIPTS.items() if name.startswith("messages")}
    code = "\n".join(text for name, text in SCRIPTS.items() if name not in catalogue)
    keys = set(re.findall(r'^  "([\w.]+)":', "\n".join(catalogue.values()), re.MULTILINE))
    missing = set(re.findall(r'\bt\("([\w.]+)"', code)) - keys
    built = tuple(re.findall(r"\bt\(`([\w.]+)\$\{", code))
    quoted = {key for key in keys if f'"{key}"' in code}
    assert missing == set()
    assert {key for key in keys - quoted if not key.startswith(built)} == set()


def test_every_icon_that_is_drawn_is_in_the_sprite() -> None:
    html = (UI / "index.html").read_text(encoding="utf-8")
    there = set(re.findall(r'<symbol id="i-(\w+)"', html))
    code = "\n".join(SCRIPTS.values())
    asked = set(
        re.findall(r'\bicon\("(\w+)"\)|iconButton\("(\w+)"|icon: "(\w+)"|button\("[\w ]+", "(\w+)"', code)
    )
    assert {name for names in asked for name in names if name} <= there
