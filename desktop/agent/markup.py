"""Markdown to the only HTML the window ever gets from a text: sanitised, its figures marked."""

import html
from collections.abc import Sequence
from functools import cache
from typing import Any

from desktop.agent.provenance import Evidence, Span, listed, spans
from desktop.store.results import Figure

_TAGS = {
    *("a", "p", "br", "strong", "em", "s", "ul", "ol", "li", "code", "pre", "blockquote", "hr", "span"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "a": {"href", "class", "data-result", "data-row", "data-column", "title"},
    "span": {"class", "title"},
}


class Marked:
    """One text, rendered; ``figures`` are for the receipts of the results they came from."""

    def __init__(self, text: str, evidence: Sequence[Evidence] = (), question: str = "") -> None:
        import nh3

        self.figures: list[tuple[str | None, Figure]] = []
        environment: dict[str, Any] = {"marked": self, "evidence": evidence, "question": question}
        rendered = _markdown().render(text, environment)
        self.html: str = nh3.clean(
            rendered,
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer nofollow",
        )

    def text(self, content: str, environment: dict[str, Any]) -> str:
        found = spans(content, environment["evidence"], environment["question"])
        self.figures += listed(content, found)
        parts, at = [], 0
        for span in found:
            parts.append(html.escape(content[at : span.start]))
            parts.append(_figure(content[span.start : span.end], span))
            at = span.end
        parts.append(html.escape(content[at:]))
        return "".join(parts)


def _figure(text: str, span: Span) -> str:
    inner = html.escape(text)
    if span.result_id is None:
        return f'<span class="fig-none" title="This figure is in no result.">{inner}</span>'
    places = f' data-result="{html.escape(span.result_id)}"'
    if span.row is not None:
        places += f' data-row="{span.row}"'
    if span.column is not None:
        places += f' data-column="{span.column}"'
    title = f' title="{html.escape(span.where)}"' if span.where else ""
    return f'<a class="fig"{places}{title}>{inner}</a>'


@cache
def _markdown() -> Any:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")

    def text(_self: Any, tokens: Any, index: int, _options: Any, environment: dict[str, Any]) -> str:
        marked: Marked = environment["marked"]
        return marked.text(tokens[index].content, environment)

    parser.add_render_rule("text", text)
    return parser
