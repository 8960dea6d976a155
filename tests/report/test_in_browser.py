"""`conformance.html` in headless Chromium: for eyes, fingers, keyboards, screen readers and printers."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from fixtures.report import webpage
from tests.report import browser as browsers
from tests.report import examples
from tests.report.browser import Browser

NAMES = ("conforming", "simulated", "violating", "deviating", "blocked", "selected")

OPEN_ALL = "document.querySelectorAll('details').forEach(fold => fold.open = true)"

BACKGROUND = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"

TOO_WIDE = """
    const width = document.documentElement.clientWidth;
    return [...document.querySelectorAll('body *')]
        .filter(element => element.checkVisibility() && !element.closest('.visually-hidden, .skip, thead'))
        .filter(element => element.getBoundingClientRect().right > width + 0.5)
        .map(element => `${element.tagName}.${element.className}: ${element.textContent.slice(0, 60)}`);
"""

POOR_CONTRAST = """
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = colour => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = colour => {
        const [r, g, b] = colour.slice(0, 3).map(value => value / 255)
            .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = element => {
        for (; element; element = element.parentElement) {
            const colour = rgba(getComputedStyle(element).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        throw new Error('no background');
    };
    const poor = [];
    let looked = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
        const [low, high] = [rgba(getComputedStyle(element).color), background(element)]
            .map(luminance).sort((one, other) => one - other);
        looked += 1;
        const ratio = (high + 0.05) / (low + 0.05);
        if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${element.className}: ${walker.currentNode.data.trim()}`);
    }
    return [looked, poor];
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium. Without it these tests are skipped, but never in CI."""
    browsers.require()
    with browsers.started() as browser:
        yield browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind, by the name of the example."""
    folder = tmp_path_factory.mktemp("pages")
    paths = {name: folder / f"{name}.html" for name in NAMES}
    for name, path in paths.items():
        path.write_text(webpage.render(getattr(examples, name)()), encoding="utf-8")
    return paths


def shown(browser: Browser) -> list[str | None]:
    """The clauses that the filter leaves."""
    return browser.attributes("details.clause", "id")


def test_ci_needs_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no Chromium these tests are skipped with the reason, and fail in CI."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="chromium is not installed"):
        browsers.require()

    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="chromium is not installed"):
        browsers.require()


@pytest.mark.parametrize("width", [390, 1280])
def test_verdict_is_the_first_thing(browser: Browser, pages: dict[str, Path], width: int) -> None:
    """Verdict, counts and what a simulation is worth are in the first window, before anything is moved."""
    browser.open(pages["simulated"], width=width)

    assert browser.one("h1").text.replace("\n", " ") == "✓ The simulated Longhorn 1.12.1 conforms"
    assert browser.text(".simulation").upper().startswith("SIMULATION")
    assert "never qualifies a release" in browser.text(".simulation")
    assert "4 ✓ conforms" in " ".join(browser.text(".counts").split())
    for selector in ("h1", ".counts", ".simulation"):
        bottom = browser.script("return document.querySelector(arguments[0]).getBoundingClientRect().bottom", selector)
        assert bottom < 800


def test_what_is_wrong_comes_next(browser: Browser, pages: dict[str, Path]) -> None:
    """The first section names each violated clause with what was expected, what was seen, and how to run it."""
    browser.open(pages["violating"])

    assert browser.script("return document.querySelector('main > section').id") == "wrong"
    (water, leaves) = browser.all("#wrong .card")
    assert "The water MUST boil." in water.text
    assert "Warm, as the page says." in water.text
    assert f"cold: {examples.HOSTILE}" in water.text
    assert "pytest conformance/tea/test_tea.py::test_water --target=cluster" in water.text
    assert "Leaves MUST go in first." in leaves.text
    assert browser.all(".simulation") == []


def test_filter_by_verdict(browser: Browser, pages: dict[str, Path]) -> None:
    """A verdict that is taken off takes its clauses and empty sections away, and the count is announced."""
    browser.open(pages["violating"])
    assert browser.text("#shown") == "6 of 6 clauses"

    for verdict in ("conforms", "not applicable", "not verified"):
        browser.one(f"input[value='{verdict}']").click()

    assert shown(browser) == ["tea.water", "tea.leaves", "tea.cup"]
    assert browser.text("#shown") == "3 of 6 clauses"
    assert browser.script("return document.getElementById('shown').getAttribute('aria-live')") == "polite"
    assert [heading.split()[0] for heading in browser.texts(".part h4")] == ["Water", "Cup"]


def test_search(browser: Browser, pages: dict[str, Path]) -> None:
    """Words are found in statements, names, sections and tests; all of them must be there; nothing found is said."""
    browser.open(pages["violating"])
    query = browser.one("#query")

    for text, found in (
        ("BOIL", ["tea.water"]),
        ("tea.cup", ["tea.cup"]),
        ("milk", ["tea.milk"]),
        ("test_biscuit", ["tea.biscuit"]),
        ("must first", ["tea.leaves"]),
        ("coffee", []),
    ):
        query.clear()
        query.send_keys(text)
        assert shown(browser) == found, text
        assert browser.text("#shown") == f"{len(found)} of 6 clauses"

    assert browser.text("#nothing") == "No clause matches."
    browser.one("button[type=reset]").click()
    assert len(shown(browser)) == 6


def test_a_link_leads_to_what_is_filtered_away(browser: Browser, pages: dict[str, Path]) -> None:
    """A link from above shows its clause unfolded, whatever the filter says."""
    browser.open(pages["violating"])
    browser.one("#query").send_keys("boil")
    assert shown(browser) == ["tea.water"]

    browser.one("#unverified a").click()

    assert "tea.taste" in shown(browser)
    assert browser.one("[id='tea.taste']").get_attribute("open") == "true"


def test_keyboard(browser: Browser, pages: dict[str, Path]) -> None:
    """Tab leads to the filter, the clauses and their evidence; Space and Enter do the rest; the focus can be seen."""
    browser.open(pages["violating"])

    first = browser.tab_to("a")
    assert first.text == "Skip to the report"
    browser.tab_to("#query")
    browser.press("boil")
    assert shown(browser) == ["tea.water"]
    browser.press(Keys.ESCAPE)
    box = browser.tab_to("input[value='conforms']")
    browser.press(Keys.SPACE)
    assert not box.is_selected()
    browser.tab_to("#unfold")
    browser.press(Keys.ENTER)
    assert None not in browser.attributes("details.clause", "open")
    browser.press(Keys.ENTER)
    browser.tab_to(".clause > summary")
    outline = browser.script("return getComputedStyle(document.activeElement).outlineWidth")
    browser.press(Keys.ENTER)
    assert browser.script("return document.activeElement.parentElement.open")
    assert float(outline.removesuffix("px")) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_for_eyes(browser: Browser, pages: dict[str, Path], name: str) -> None:
    """Nothing is requested but the page, nothing is complained of, and no message of the cluster is run.

    Wherever a clause's verdict is shown, its word is, and a sign. With everything unfolded nothing reaches beyond the
    window's edge, on a phone neither. The page is light or dark as the scheme is, and all text has a contrast of at
    least 4.5 (WCAG 2.2, AA).
    """
    browser.open(pages[name])
    verdicts = browser.attributes("details.clause", "data-verdict")
    signs, words = zip(
        *(text.split(" ", 1) for text in browser.texts("details.clause > summary .verdict")), strict=True
    )
    assert list(words) == verdicts
    assert all(len(sign) == 1 and not sign.isalnum() for sign in signs)

    browser.script(OPEN_ALL)
    for width in (390, 1280):
        browser.resize(width)
        assert browser.script("return innerWidth") == width
        assert browser.script("const root = document.documentElement; return root.scrollWidth - root.clientWidth") == 0
        assert browser.script(TOO_WIDE) == []
    for scheme, lowest, highest in (("light", 193, 255), ("dark", 0, 63)):
        browser.emulate(scheme)
        assert all(lowest <= value <= highest for value in browser.script(BACKGROUND))
        looked, poor = browser.script(POOR_CONTRAST)
        assert poor == []
        assert looked > 50
    assert browser.requests == [pages[name].as_uri()]
    assert browser.complaints == []
    assert browser.title != "taken over"


@pytest.mark.parametrize("name", NAMES)
def test_for_screen_readers(browser: Browser, pages: dict[str, Path], name: str) -> None:
    """Landmarks, one first heading and none left out below it, named controls, headed columns, a language."""
    browser.open(pages[name])
    browser.script(OPEN_ALL)

    levels = browser.script(
        "return [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(heading => Number(heading.tagName[1]))"
    )
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(browser.texts("h1, h2, h3, h4, h5, h6"))
    for landmark in ("header", "nav[aria-label]", "main", "footer", "[role=search][aria-label]"):
        assert len(browser.all(landmark)) == 1, landmark
    assert browser.script("return document.documentElement.lang") == "en"
    assert len(browser.controls) == len(browser.all("input, button, summary, a"))
    assert all(name for _, name in browser.controls), browser.controls
    assert browser.script("return [...document.querySelectorAll('input')].every(input => input.labels.length === 1)")
    assert browser.script("return document.querySelectorAll('th:not([scope]), svg:not([aria-hidden])').length") == 0
    assert browser.script("return [...document.querySelectorAll('table')].every(table => table.tHead)")


def test_without_javascript(browser: Browser, pages: dict[str, Path]) -> None:
    """Only the filter is absent: verdict, clauses and evidence can be read and unfolded."""
    browser.open(pages["violating"], scripts=False)

    assert "does not conform" in browser.text("h1")
    assert browser.all("#filter") == []
    clause = browser.one("[id='tea.biscuit']")
    clause.find_element("css selector", "summary").click()
    clause.find_element("css selector", ".evidence > summary").click()
    assert "bak://pvc-" in clause.text


def test_printed(browser: Browser, pages: dict[str, Path]) -> None:
    """On paper nothing is folded that says what is wrong, and what can only be pressed is gone."""
    browser.open(pages["violating"], scripts=False)
    wrong = "return document.getElementById('wrong').innerText"
    assert "boil the water" not in browser.script(wrong)

    browser.emulate("light", "print")

    assert "boil the water" in browser.script(wrong)
    assert "kitchen/lsc-abc-snapshot-6" in browser.script(wrong)
    assert "tea.biscuit" in browser.script("return document.getElementById('clauses').innerText")
    assert browser.all("#filter, nav") == []
