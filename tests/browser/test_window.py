"""The page against its peer: what a real agent reaches only with difficulty, or slowly."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.agent import drafted, kept
from tests.browser.peer import Peer
from tests.browser.test_screens import ask

pytestmark = pytest.mark.browser


@pytest.fixture
def window(page: Page, peer: Peer) -> Page:
    page.goto(peer.url)
    expect(page.get_by_label("Your question")).to_be_focused()
    expect(page.get_by_text("Backend online")).to_be_visible()
    return page


def copied(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


@pytest.fixture
def clipboard(window: Page) -> Page:
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return window


def test_an_answer_shows_its_figure_its_table_its_chart_and_its_sql(window: Page) -> None:
    ask(window, "Net sales by zone")
    card = window.get_by_role("region", name="Result: Net sales by zone")
    expect(card.get_by_text("₹124.19 crore")).to_be_visible()
    expect(
        card.get_by_role("gridcell", name="₹48,62,00,001").or_(card.locator("td", has_text="₹48,62,00,001"))
    ).to_be_visible()
    expect(card.locator(".chart svg")).to_be_visible()
    expect(card.get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("Highest ₹48.62 crore at North")
    )
    card.get_by_role("button", name="Show SQL").click()
    expect(card.locator("pre.sql")).to_contain_text("GROUP BY st.zone")


def test_the_status_line_says_what_there_is_and_nothing_else(window: Page) -> None:
    expect(window.locator("#status")).to_have_text(
        re.compile(r"^Backend online · \d+ msBuilt-in analystSent from this PC: nothing yet$")
    )


def test_a_figure_leads_to_its_cell_and_an_untraced_one_says_so(window: Page) -> None:
    ask(window, "Net sales by zone")
    window.get_by_role("button", name="₹31.07 crore: show the cell it comes from").press("Enter")
    expect(window.locator("td.hit")).to_have_text("₹31,07,00,000")
    expect(window.locator(".fig-none")).to_contain_text("in no result")


def test_what_can_be_asked_next_waits_for_the_end_of_the_answer_so_that_no_click_is_lost(
    window: Page,
) -> None:
    ask(window, "Net sales by zone, lingering", wait=False)
    chip = window.get_by_text("Split by department")
    expect(chip).to_be_attached()
    expect(chip).to_be_hidden()
    window.keyboard.press("Escape")
    chip.click()
    followed = window.get_by_role("article", name="Split by department")
    expect(followed).to_be_visible()
    expect(followed).not_to_have_attribute("aria-busy", "true")

    ask(window, "Which sales of kurtis, lingering?", wait=False)
    choice = window.get_by_role("button", name="Net sales of kurtis")
    expect(choice).to_be_disabled()
    window.keyboard.press("Escape")
    choice.click()
    expect(window.get_by_role("article", name="Net sales of kurtis")).to_be_visible()


def test_what_is_heard_of_the_backend_is_not_undone_by_an_older_look_at_it(page: Page, peer: Peer) -> None:
    def late(route: Route) -> None:
        seen = route.fetch()
        peer.set_backend(state="offline", detail="")
        expect(page.get_by_text("The backend has been away")).to_be_visible()
        route.fulfill(response=seen)

    page.route("**/api/state", late, times=1)  # the page may well look again, up to its last moment
    page.goto(peer.url)
    expect(page.get_by_role("button", name=re.compile("Connection to ask"))).to_be_visible()
    expect(page.get_by_text("The backend has been away")).to_be_visible()


def test_a_follow_up_is_asked_with_one_click_and_goes_when_it_is_past(window: Page) -> None:
    ask(window, "Net sales by zone")
    window.get_by_role("button", name="Compare with the target by month").click()
    expect(window.get_by_role("article", name="Compare with the target by month")).not_to_have_attribute(
        "aria-busy", "true"
    )
    expect(window.get_by_role("button", name="Split by department")).to_be_hidden()


def test_a_question_back_is_answered_with_a_number_key(window: Page) -> None:
    ask(window, "Which sales of kurtis?")
    window.keyboard.press("2")
    expect(window.locator(".bubble").last).to_have_text("Gross sales of kurtis")
    expect(window.locator(".choice.on")).to_contain_text("Gross sales at MRP")


def test_escape_stops_a_running_answer(window: Page, peer: Peer) -> None:
    ask(window, "A slow question", wait=False)
    expect(window.locator(".live .now")).to_have_text("Running SQL on retail")
    window.keyboard.press("Escape")
    expect(window.get_by_text("Stopped. Nothing was left running.")).to_be_visible()
    expect(window.get_by_role("button", name="Send")).to_be_visible()
    assert peer.stops["t1"].is_set()


def test_the_arrow_key_edits_the_last_question_and_replaces_its_answer(window: Page, peer: Peer) -> None:
    ask(window, "Net sales by zone")
    window.keyboard.press("ArrowUp")
    window.get_by_label("Edit and ask again").last.fill("Sales by month and zone")
    window.keyboard.press("Enter")
    expect(window.locator(".turn")).to_have_count(1)
    expect(window.get_by_role("region", name="Result: Net sales by month and zone")).to_be_visible()
    assert [turn["question"] for turn in peer.conversations["c1"]["turns"]] == ["Sales by month and zone"]


def test_edited_sql_runs_as_a_turn_of_its_own(window: Page) -> None:
    ask(window, "Net sales by zone")
    window.get_by_role("button", name="Edit and rerun").click()
    window.get_by_label("SQL to run").fill("SELECT month FROM sales")
    window.keyboard.press("Control+Enter")
    expect(window.locator(".bubble").last).to_have_text(
        "Edited SQL: Net sales by zone, April 2025 to March 2026"
    )
    expect(window.locator(".turn")).to_have_count(2)


def test_sql_that_failed_stays_in_hand_and_asking_again_runs_it_again(window: Page, peer: Peer) -> None:
    ask(window, "Net sales by zone")
    window.get_by_role("button", name="Edit and rerun").click()
    window.get_by_label("SQL to run").fill("SELCT this will fail")
    window.keyboard.press("Control+Enter")
    expect(window.get_by_label("SQL to run")).to_have_value("SELCT this will fail")
    window.get_by_role("button", name="Try again").click()
    expect(window.get_by_role("button", name="Try again")).to_have_count(2)
    assert peer.reran == ["SELCT this will fail"] * 2
    window.get_by_label("SQL to run").last.fill("SELECT zone FROM sales")
    window.keyboard.press("Control+Enter")
    expect(window.get_by_role("region", name="Result: ")).to_have_count(2)


def test_sql_that_is_run_while_an_answer_is_written_stays_in_hand(window: Page, peer: Peer) -> None:
    ask(window, "Net sales by zone, lingering", wait=False)
    window.get_by_role("button", name="Edit and rerun").click()
    editor = window.get_by_label("SQL to run")
    editor.fill("SELECT zone FROM sales")
    window.keyboard.press("Control+Enter")
    expect(window.locator("#toasts")).to_contain_text("The answer is still being written")
    expect(editor).to_have_value("SELECT zone FROM sales")
    assert peer.reran == []


def test_tabs_share_one_line_to_the_agent_so_that_a_seventh_works(window: Page, peer: Peer) -> None:
    tabs = [window.context.new_page() for _ in range(6)]
    for tab in tabs:
        tab.goto(peer.url)
        expect(tab.get_by_text("Backend online")).to_be_visible()
    peer.set_backend(state="offline")
    for tab in tabs:
        expect(tab.get_by_text("The backend has been away since")).to_be_visible()
    window.close()  # it was the one that listened
    peer.set_backend(state="online")
    for tab in tabs:
        expect(tab.get_by_text("Backend online")).to_be_visible()


def test_a_failure_says_what_to_do_and_does_it(window: Page) -> None:
    ask(window, "This will fail")
    expect(window.get_by_role("heading", name="The backend refused the query.")).to_be_visible()
    window.get_by_role("button", name="Try again").click()
    expect(window.locator(".turn")).to_have_count(1)


def test_offline_is_said_at_the_top_and_a_kept_answer_tells_its_age(window: Page, peer: Peer) -> None:
    peer.set_backend(state="offline")
    expect(window.get_by_text("The backend has been away since")).to_be_visible()
    ask(window, "Net sales by zone")
    expect(window.get_by_text("from this PC").first).to_be_visible()
    expect(window.locator(".age-line")).to_contain_text("As of 22 Nov 2026")
    expect(window.locator(".card .tag.warn")).to_contain_text("As of 22 Nov 2026")
    window.get_by_role("button", name="Try now").click()
    expect(window.get_by_text("The backend has been away since")).to_be_hidden()


def test_a_question_asked_while_the_backend_starts_runs_when_it_is_there(window: Page, peer: Peer) -> None:
    peer.set_backend(state="demo-starting", detail="Writing sales")
    expect(window.get_by_text("Preparing the demo data.")).to_be_visible()
    ask(window, "Net sales by zone", wait=False)
    expect(window.locator(".live .now")).to_have_text("Waiting for the backend")
    peer.set_backend(state="online")
    expect(window.get_by_text("₹124.19 crore")).to_be_visible()


def test_what_a_backend_offers_appears_when_it_has_started(page: Page, peer: Peer) -> None:
    peer.set_backend(state="demo-starting")
    page.goto(peer.url)
    expect(page.get_by_text("Preparing the demo data.")).to_be_visible()
    peer.set_backend(state="online")
    expect(page.get_by_role("button", name="Connection to ask: retail")).to_be_visible()
    expect(page.get_by_text("Top 10 products this month")).to_be_visible()


def test_two_hundred_thousand_rows_scroll_and_keep_every_digit(window: Page) -> None:
    ask(window, "A long table of bills")
    scroller = window.locator(".grid-scroll")
    assert window.locator(".tbl tbody tr").count() < 60
    scroller.evaluate("it => it.scrollTop = it.scrollHeight")
    expect(window.locator("td", has_text="9000000000000199999")).to_be_visible()


def test_cells_are_chosen_summed_and_copied_as_in_a_spreadsheet(clipboard: Page) -> None:
    ask(clipboard, "Net sales by zone")
    clipboard.locator("td", has_text="8,12,340").click()
    clipboard.keyboard.press("Shift+ArrowDown")
    expect(clipboard.locator(".grid-note")).to_contain_text("Sum 14,52,452")
    clipboard.keyboard.press("Control+c")
    expect(clipboard.locator(".toast")).to_have_text("Copied")
    assert copied(clipboard) == "812340\n640112"


def test_the_whole_table_is_copied_with_its_heads(clipboard: Page) -> None:
    ask(clipboard, "Net sales by zone")
    clipboard.locator(".card-foot").get_by_role("button", name="Copy").click()
    expect(clipboard.locator(".toast")).to_contain_text("Copied 5 rows")
    assert copied(clipboard).splitlines()[:2] == [
        "zone\tnet_sales\tpieces\tdiscount_share",
        "North\t486200000.5\t812340\t8.4",
    ]


def test_the_chart_is_saved_as_a_picture(window: Page) -> None:
    ask(window, "Net sales by zone")
    expect(window.locator(".chart svg")).to_be_visible()
    window.locator(".card-foot").get_by_role("button", name="Export").click()
    with window.expect_download() as file:
        window.get_by_role("menuitem", name="Picture of the chart").click()
    assert file.value.suggested_filename == "Net sales by zone, April 2025 to March 2026.png"
    assert Path(file.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_head_sorts_and_sorts_back(window: Page) -> None:
    ask(window, "Net sales by zone")
    head = window.get_by_role("button", name="Sort by Zone")
    first = window.locator("tbody td").first
    for expected in ("Central", "West", "North"):
        head.click()
        expect(first).to_have_text(expected)


def test_a_conversation_is_renamed_pinned_and_deleted_with_a_way_back(window: Page, peer: Peer) -> None:
    ask(window, "Net sales by zone")
    more = window.get_by_role("button", name="More for Net sales by zone")
    more.focus()
    window.keyboard.press("Enter")
    window.get_by_role("menuitem", name="Rename").click()
    window.get_by_label("Name of the conversation").fill("Zones")
    window.keyboard.press("Enter")
    expect(window.get_by_role("heading", level=1)).to_have_text("Zones")
    window.get_by_role("link", name="Zones").focus()
    window.get_by_role("button", name="More for Zones").click()
    window.get_by_role("menuitem", name="Pin").click()
    expect(window.get_by_role("heading", name="Pinned")).to_be_visible()
    window.get_by_role("link", name="Zones").press("Delete")
    expect(window.get_by_role("link", name="Zones")).to_be_hidden()
    expect(window.get_by_role("heading", level=1)).to_have_text("New conversation")
    window.get_by_role("button", name="Undo").click()
    expect(window.get_by_role("link", name="Zones")).to_be_visible()
    expect(window.get_by_text("₹124.19 crore")).to_be_visible()


def test_a_name_without_a_space_leaves_every_button_in_reach(window: Page, peer: Peer) -> None:
    peer.add("W" * 300)
    peer.tell("conversations", {})
    window.get_by_role("link", name="WWW").click()
    expect(window.get_by_role("button", name="Export").first).to_be_in_viewport(ratio=1)
    window.get_by_role("link", name="WWW").press("Delete")
    window.get_by_role("button", name="Undo").click()
    expect(window.get_by_role("link", name="WWW")).to_be_visible()


def test_search_finds_a_conversation_by_the_words_in_it(window: Page, peer: Peer) -> None:
    peer.add("Returns above 8 % in Kurtis")
    window.keyboard.press("Control+k")
    window.keyboard.type("kurtis")
    expect(window.get_by_role("option", name="Returns above 8 % in Kurtis")).to_be_visible()
    window.keyboard.press("Enter")
    expect(window.get_by_role("heading", level=1)).to_have_text("Returns above 8 % in Kurtis")


def test_a_draft_survives_a_reload_and_so_does_the_conversation(window: Page, peer: Peer) -> None:
    ask(window, "Net sales by zone")
    expect(window.locator(".turn")).to_have_count(1)
    with drafted(window, "And in"):
        window.get_by_label("Your question").fill("And in")
    window.reload()
    expect(window.get_by_text("₹124.19 crore")).to_be_visible()
    expect(window.get_by_label("Your question")).to_have_value("And in")
    assert "#/c/c1" in window.url


def test_an_answer_goes_on_while_another_conversation_is_read(window: Page, peer: Peer) -> None:
    other = peer.add("Another one")
    peer.tell("conversations", {})
    ask(window, "A slow question", wait=False)
    expect(window.locator(".live .now")).to_have_text("Running SQL on retail")
    window.get_by_role("link", name="Another one").click()
    expect(window.get_by_role("heading", level=1)).to_have_text(str(other["title"]))
    expect(window.get_by_role("img", name="being answered")).to_be_visible()
    peer.stops["t1"].set()
    window.get_by_role("link", name="A slow question").click()
    expect(window.get_by_text("Stopped. Nothing was left running.")).to_be_visible()


def test_the_theme_and_the_number_style_change_at_once_and_are_kept(window: Page, peer: Peer) -> None:
    ask(window, "Net sales by zone")
    window.get_by_role("link", name="Settings").click()
    for name in ("Dark", "Million, billion"):
        with kept(window, "/api/settings"):
            window.get_by_role("radio", name=name).click()
    expect(window.locator("html")).to_have_attribute("data-theme", "dark")
    expect(window.get_by_text("₹12.42 million")).to_be_visible()
    assert peer.settings["theme"] == "dark"
    assert peer.settings["numbers"] == "international"


def test_a_table_is_found_by_a_column_and_asked_about(window: Page) -> None:
    window.get_by_role("link", name="Data").click()
    window.get_by_label("Find a table or column").fill("payment")
    window.get_by_role("link", name="sales").first.click()
    expect(window.get_by_text("Rupees after discount")).to_be_visible()
    window.get_by_role("button", name="Ask about this table").click()
    expect(window.get_by_label("Your question")).to_have_value(re.compile("sales"))


def test_the_inspector_shows_where_figures_came_from_and_checks_again(window: Page) -> None:
    ask(window, "Net sales by zone")
    window.keyboard.press("Control+i")
    drawer = window.get_by_role("complementary", name="Inspector")
    expect(drawer.get_by_text("1 of 2 traced")).to_be_visible()
    drawer.get_by_role("button", name="Check again").click()
    expect(drawer.get_by_text("Same result at")).to_be_visible()
    drawer.get_by_role("button", name="₹48.62 crore").click()
    expect(window.locator("td.hit")).to_be_visible()
    window.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_everything_of_an_answer_is_reached_with_the_keyboard(window: Page) -> None:
    window.keyboard.type("Net sales by zone")
    window.keyboard.press("Enter")
    expect(window.locator(".turn")).not_to_have_attribute("aria-busy", "true")
    reached: list[str] = []
    for _ in range(40):
        window.keyboard.press("Shift+Tab")
        reached.append(
            window.evaluate(
                "(it => it.getAttribute('aria-label') ?? it.innerText.trim())(document.activeElement)"
            )
        )
        ring = window.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring != "none" or window.evaluate("document.activeElement.matches('.tbl, textarea')"), reached[
            -1
        ]
        if reached[-1] == "Edit and ask again":
            break
    wanted = ["Compare with the target by month", "Ask again", "Good answer", "Export", "Show SQL", "Columns"]
    for name in [*wanted, "Sort by Zone", "Both", "₹48.62 crore: show the cell it comes from"]:
        assert name in reached
    window.keyboard.press("Alt+n")
    expect(window.get_by_role("heading", level=1)).to_have_text("New conversation")


def test_narrow_windows_open_the_rail_over_the_page(window: Page) -> None:
    window.set_viewport_size({"width": 380, "height": 800})
    rail = window.get_by_role("navigation", name="Conversations")
    expect(rail).to_be_hidden()
    window.get_by_role("button", name="Conversations and places").click()
    expect(rail).to_be_visible()
    window.keyboard.press("Escape")
    expect(rail).to_be_hidden()


def test_on_paper_a_conversation_is_whole_and_light_without_what_can_be_pressed(window: Page) -> None:
    ask(window, "Net sales by zone")
    expect(window.locator(".chart svg")).to_be_visible()
    ask(window, "A long table of bills")
    window.evaluate("document.documentElement.dataset.theme = 'dark'")
    window.emulate_media(media="print")
    for gone in (".rail", ".status", ".composer", ".card-foot", "#top-actions", ".foot-tools"):
        expect(window.locator(gone).first).to_be_hidden()
    expect(window.locator("#title")).to_be_visible()
    expect(window.locator(".chart svg").first).to_be_visible()
    background, height, seen = window.evaluate(
        "[getComputedStyle(document.querySelector('.card')).backgroundColor,"
        " document.querySelector('.scroll').scrollHeight, document.querySelector('.scroll').clientHeight]"
    )
    assert background == "rgb(255, 255, 255)"
    assert height == seen
    note = "getComputedStyle(document.querySelectorAll('.grid-note')[1], '::after').content"
    assert "an export has them all" in window.evaluate(note)


def test_a_script_that_was_lost_on_the_way_is_fetched_again(page: Page, peer: Peer) -> None:
    lost: list[str] = []

    def lose_once(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort("connectionreset")

    page.route("**/js/rail.js", lose_once)
    page.goto(peer.url)
    expect(page.get_by_label("Your question")).to_be_visible()
    assert len(lost) == 1


def test_one_of_a_thing_is_not_counted_in_the_plural(window: Page) -> None:
    said = window.evaluate(
        """async () => {
          const { t } = await import("/js/messages.js");
          return ["1", "2", "1,000"].map((count) => t("table.rows", { count }));
        }"""
    )
    assert said == ["1 row", "2 rows", "1,000 rows"]


def test_html_that_slipped_through_is_harmless(browser: Browser, peer: Peer) -> None:
    page = browser.new_page()  # the browser rightly complains of what is tried here
    page.goto(peer.url)
    page.evaluate(
        """async () => {
            const { setHtml } = await import("/js/dom.js");
            const place = document.body.appendChild(document.createElement("article"));
            setHtml(place, `<p onclick="hit=1">a<img src=x onerror="hit=1"><script>hit=1</script>
                <a href="javascript:hit=1" class="btn">b</a><style>*{display:none}</style></p>`);
        }"""
    )
    assert re.sub(r"\s+", " ", page.locator("article").inner_html()) == "<p>a <a>b</a></p>"
    assert page.evaluate("window.hit") is None
    page.close()
