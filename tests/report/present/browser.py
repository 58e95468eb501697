"""Debian's Chromium, without a window, that shows a report: what the tests of the page and its pictures drive.

Nothing is downloaded: the driver is the package chromium-driver's.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webelement import WebElement

from auditrules.report.model import Report
from auditrules.report.present.html import render

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"

# Root has no sandbox; the others keep Chromium from speaking to anybody by itself.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


class Browser:
    """A browser that shows one report at a time, from a file."""

    def __init__(self, driver: webdriver.Chrome, folder: Path) -> None:
        self.driver = driver
        self._file = folder / "report.html"

    def open(self, report: Report) -> str:
        """Show a report, with what the browser noted before forgotten; give the page's address."""
        return self.open_text(render(report))

    def open_text(self, source: str) -> str:
        """Show a page that is given as text."""
        self._file.write_text(source, encoding="utf-8")
        self.complaints()
        self.requests()
        self.driver.get(self._file.as_uri())
        return self._file.as_uri()

    def look(
        self, width: int = 1280, height: int = 900, *, dark: bool = False, printed: bool = False, scripts: bool = True
    ) -> None:
        """Choose what the window is like, from the next page on."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},  # what is scrolled to is there at once
        ]
        media = {"media": "print" if printed else "", "features": features}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})

    def complaints(self) -> list[str]:
        """What the console says since it was last asked."""
        return [entry["message"] for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """The addresses that somebody was asked for since this was last asked; what the policy stopped asks nobody."""
        events = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        stopped = {
            event["params"]["requestId"]
            for event in events
            if event["method"] == "Network.loadingFailed" and event["params"].get("blockedReason") == "csp"
        }
        wanted = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        urls = [each["request"]["url"] for each in wanted if each["requestId"] not in stopped]
        return [url for url in urls if not url.startswith("data:")]

    def _log(self, kind: str) -> list[dict[str, str]]:
        return list(self.driver.get_log(kind))  # type: ignore[no-untyped-call]

    def ask(self, script: str, *values: object) -> Any:
        """What a script gives that is run in the page."""
        return self.driver.execute_script(script, *values)

    def find(self, selector: str) -> WebElement:
        """The first element of a CSS selector."""
        return self.driver.find_element("css selector", selector)

    def texts(self, selector: str) -> list[str]:
        """What each element of a CSS selector reads."""
        found: list[str] = self.ask(
            "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)", selector
        )
        return found

    def show(self, selector: str) -> None:
        """Scroll so that an element is at the top."""
        self.ask("document.querySelector(arguments[0]).scrollIntoView({behavior: 'instant'})", selector)

    def picture(self) -> bytes:
        """What the window shows, as PNG."""
        return b64decode(self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"])


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser with a profile of its own, and end it."""
    with TemporaryDirectory() as folder:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS, f"--user-data-dir={folder}/profile"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = Service(DRIVER)
        driver = webdriver.Chrome(options, service)
        try:
            made = Browser(driver, Path(folder))
            made.look()
            yield made
        finally:
            driver.quit()
