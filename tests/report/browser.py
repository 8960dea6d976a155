"""A page in headless Chromium, with what a test wants to know of it."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement


def require() -> None:
    """Skip the test if there is no browser; in CI (the variable of that name) fail it."""
    for name in ("chromium", "chromedriver"):
        if shutil.which(name) is None:
            if os.environ.get("CI"):
                pytest.fail(f"{name} is not installed, and CI has to look at the report")
            pytest.skip(f"{name} is not installed")


DISPLAYED = """
    const displayed = selector => [...document.querySelectorAll(selector)].filter(element =>
        element.checkVisibility({opacityProperty: true, visibilityProperty: true}) && element.getClientRects().length);
"""

CONTROLS = {"textbox", "searchbox", "checkbox", "button", "link", "DisclosureTriangle"}
"""Roles of what can be pressed or filled in: inputs, buttons, links, summaries."""


class Browser:
    """A browser with one tab. Each question costs as much as a hundred answers: many are asked in one script."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def open(self, page: Path, *, width: int = 1280, scheme: str = "light", scripts: bool = True) -> None:
        """Show a file in a window of this width (CSS pixels), light or dark."""
        self._command("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.resize(width)
        self.emulate(scheme)
        for log in ("browser", "performance"):
            self._driver.get_log(log)  # type: ignore[no-untyped-call]
        self._driver.get(page.as_uri())

    def resize(self, width: int) -> None:
        """Change the width of the window (CSS pixels)."""
        self._command(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500
        )

    def emulate(self, scheme: str, media: str = "") -> None:
        """Change colour scheme and medium of the page that is shown."""
        wishes = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self._command("Emulation.setEmulatedMedia", media=media, features=features)

    def all(self, selector: str) -> list[WebElement]:
        """The elements that a CSS selector finds and that are displayed."""
        found: list[WebElement] = self.script(f"{DISPLAYED} return displayed(arguments[0])", selector)
        return found

    def texts(self, selector: str) -> list[str]:
        """The texts of all of them, as they are displayed."""
        found: list[str] = self.script(f"{DISPLAYED} return displayed(arguments[0]).map(e => e.innerText)", selector)
        return found

    def attributes(self, selector: str, name: str) -> list[str | None]:
        """An attribute of all of them."""
        found: list[str | None] = self.script(
            f"{DISPLAYED} return displayed(arguments[0]).map(e => e.getAttribute(arguments[1]))", selector, name
        )
        return found

    def one(self, selector: str) -> WebElement:
        """The one displayed element that a CSS selector finds."""
        (element,) = self.all(selector)
        return element

    def text(self, selector: str) -> str:
        """Its text as it is displayed."""
        return self.one(selector).text

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            self.focused.send_keys(key)

    def tab_to(self, selector: str) -> WebElement:
        """Press Tab until the element has the focus; it must come within 200 times."""
        for _ in range(200):
            self.press(Keys.TAB)
            if self.script("return document.activeElement.matches(arguments[0])", selector):
                return self.focused
        raise AssertionError(f"Tab never leads to {selector}")

    @property
    def focused(self) -> WebElement:
        """The element that has the focus."""
        return self._driver.switch_to.active_element

    def script(self, source: str, *arguments: object) -> Any:
        """What a function body in JavaScript returns."""
        return self._driver.execute_script(source, *arguments)

    @property
    def controls(self) -> list[tuple[str, str]]:
        """Role and name of everything that can be pressed or filled in, as a screen reader tells them."""
        nodes = self._driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        told = [(node["role"]["value"], node["name"]["value"]) for node in nodes if not node["ignored"]]
        return [(role, name) for role, name in told if role in CONTROLS]

    @property
    def title(self) -> str:
        """The page's title."""
        return self._driver.title

    @property
    def complaints(self) -> list[str]:
        """What the console says since the page was opened."""
        return [entry["message"] for entry in self._driver.get_log("browser")]  # type: ignore[no-untyped-call]

    @property
    def requests(self) -> list[str]:
        """The addresses that were asked for since the page was opened, that of the page among them."""
        entries = self._driver.get_log("performance")  # type: ignore[no-untyped-call]
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        sent = [entry["params"] for entry in messages if entry["method"] == "Network.requestWillBeSent"]
        urls = [str(entry["request"]["url"]) for entry in sent]
        return [url for url in urls if not url.startswith("data:")]

    def _command(self, name: str, **arguments: object) -> None:
        self._driver.execute_cdp_cmd(name, arguments)


@contextmanager
def started() -> Iterator[Browser]:
    """A browser of one's own, gone at the end."""
    binary, driver_path = shutil.which("chromium"), shutil.which("chromedriver")
    options = ChromeOptions()
    options.binary_location = binary or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        # Chromium refuses to run as root in its sandbox.
        options.add_argument("--no-sandbox")
    driver = Chrome(options=options, service=Service(driver_path))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
