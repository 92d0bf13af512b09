"""The page in a browser: by mouse and keyboard, light and dark, on a desk and on a phone."""

import sys
from pathlib import Path

import pytest
from evaluations import evaluated
from pages import begin, filmed, trained

import bczoo

sys.path.append(str(Path(__file__).parents[3] / "bench"))
import chromium

pytest.importorskip("playwright", reason="Playwright is not installed: pip install 'bczoo[dev]'")
pytestmark = pytest.mark.skipif(chromium.find() is None, reason=chromium.MISSING)

CONTROLS = {"button", "link", "searchbox", "DisclosureTriangle"}
NAMED = CONTROLS | {"region", "table", "navigation", "image", "Video"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A report on seven runs, one of them unfinished."""
    folder = tmp_path_factory.mktemp("browser")
    runs = [trained(folder / "base", "1" * 60 + "0" * 40)]
    for i, successes in enumerate(("1" * 90 + "0" * 10, "0" * 100, "1" * 62 + "0" * 38, "1" * 99 + "0", "01" * 50)):
        runs.append(evaluated(folder / f"run{i}", successes, spec={"train.epochs": 10 + i}))
    runs.append(begin(folder / "begun_with_a_name_that_is_longer_than_a_phone_is_wide_in_any_case"))
    filmed(runs[0])
    filmed(runs[0], "rollouts-lighting.mp4")
    filmed(runs[1])
    bczoo.report(runs, folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def context():
    with chromium.opened() as context:
        yield context


@pytest.fixture
def page(context, place):
    """The opened page; fails if anything was requested from anywhere, or the console complained."""
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    page.goto(place.as_uri())
    page.evaluate("localStorage.clear()")
    page.reload()
    yield page
    page.close()
    assert said == []
    assert [url[:60] for url in asked if url != place.as_uri() and not url.startswith("data:")] == []


def first_column(page, table="leaderboard-table"):
    return page.locator(f"#{table} tbody tr:visible th").all_inner_texts()


def test_columns_are_sorted_by_mouse_and_what_has_no_value_stays_at_the_end(page):
    assert first_column(page)[:2] == ["run3", "run0"]
    success = page.locator("#leaderboard-table thead th", has_text="success")
    success.get_by_role("button").click()
    assert success.get_attribute("aria-sort") == "ascending"
    assert first_column(page)[0] == "run1"
    assert first_column(page)[-1].startswith("begun")
    success.get_by_role("button").click()
    assert success.get_attribute("aria-sort") == "descending"
    assert first_column(page)[0] == "run3"
    assert first_column(page)[-1].startswith("begun")
    assert page.locator("[aria-sort]").count() == 1


def test_columns_are_sorted_by_keyboard_and_it_is_said(page):
    page.locator("#leaderboard-table thead th", has_text="run").get_by_role("button").focus()
    page.keyboard.press("Enter")
    names = first_column(page)
    assert names == sorted(names)
    assert page.locator("#said").inner_text() == "Sorted by run, ascending"
    page.keyboard.press("Space")
    assert first_column(page) == names[::-1]


def test_rows_are_filtered_by_typing(page):
    page.get_by_label("Show rows with").first.focus()
    page.keyboard.type("RUN 99.0%")
    assert first_column(page) == ["run3"]
    page.keyboard.press("Control+A")
    page.keyboard.type("begun")
    assert len(first_column(page)) == 1
    assert page.locator("#leaderboard-table-count").inner_text() == "1 of 7 rows"
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    assert len(first_column(page)) == 7


def test_the_page_is_dark_when_asked_or_when_the_system_is_and_remembers_it(page):
    ground = "getComputedStyle(document.body).backgroundColor"
    line = "getComputedStyle(document.querySelector('figure svg [style*=series-1]')).stroke"
    light, blue = page.evaluate(ground), page.evaluate(line)
    switch = page.get_by_role("button", name="Dark")
    assert switch.get_attribute("aria-pressed") == "false"
    switch.click()
    dark = page.evaluate(ground)
    assert dark != light
    assert page.evaluate(line) != blue
    assert switch.get_attribute("aria-pressed") == "true"
    page.reload()
    assert page.evaluate(ground) == dark
    page.evaluate("localStorage.clear()")
    page.reload()
    assert page.evaluate(ground) == light
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) == dark
    assert switch.get_attribute("aria-pressed") == "true"


def test_on_paper_it_is_light_whatever_was_chosen_and_nothing_is_cut_off(page):
    page.get_by_role("button", name="Dark").click()
    page.emulate_media(media="print", color_scheme="dark")
    seen = page.evaluate("""() => {
        const of = (name, key) => getComputedStyle(document.querySelector(name))[key];
        return [of("body", "backgroundColor"), of("body", "color"), of("nav", "display"), of("#films", "display")];
    }""")
    assert seen == ["rgb(255, 255, 255)", "rgb(0, 0, 0)", "none", "none"]
    page.set_viewport_size({"width": 1030, "height": 700})  # A4 on its side, less the margins
    assert page.evaluate("document.documentElement.scrollWidth") <= 1030


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_not_wider_than_the_window(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_first_key_press_leads_past_the_navigation(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "result"


def test_focus_can_be_seen(page):
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_everything_that_can_be_used_or_looked_at_has_a_name(page, context):
    page.locator("details").evaluate_all("all => all.forEach(details => { details.open = true; })")
    nodes = context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    found = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"] and node["role"]["value"] in NAMED
    ]
    assert {role for role, _ in found} >= CONTROLS
    assert [role for role, name in found if not name] == []


def test_a_film_is_folded_away_and_not_read_before_it_is_played(page):
    film = page.locator("video").first
    assert not film.is_visible()
    page.locator(".film summary").first.focus()
    page.keyboard.press("Enter")
    assert film.is_visible()
    assert film.evaluate("film => film.readyState") == 0
