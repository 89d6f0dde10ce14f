"""A page in a real browser, and what the browser says about it."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from urllib.parse import parse_qsl

BROWSER, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
READY_S = 5
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1400,900",
)  # fmt: skip


class Page:
    """An open page and what the browser says about it."""

    def __init__(self, driver) -> None:
        """Keep the driver."""
        self.driver = driver

    def open(self, path: Path, address: str = "") -> float:
        """Load a page anew, wait until it is ready, return the seconds."""
        from selenium.webdriver.support.ui import WebDriverWait

        self.driver.get("about:blank")
        self.driver.get_log("performance"), self.driver.get_log("browser")
        start = time.monotonic()
        self.driver.get(path.resolve().as_uri() + address)
        waiting = WebDriverWait(self.driver, 2 * READY_S)
        waiting.until(lambda _: self.find("body[data-ready]"))
        waiting.until(lambda _: self.run("return !(window.AGGLO_MAP || {})._animatingZoom"))
        return time.monotonic() - start

    def find(self, selector: str) -> list:
        """Find elements by CSS."""
        return self.driver.find_elements("css selector", selector)

    def wait(self, selector: str) -> None:
        """Wait until such an element is there."""
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, READY_S).until(lambda _: self.find(selector))

    def one(self, selector: str):
        """Find the one element of its kind."""
        (found,) = self.find(selector)
        return found

    def run(self, script: str, *arguments: object):
        """Run a script in the page."""
        return self.driver.execute_script(script, *arguments)

    def choose(self, name: str, value: str) -> None:
        """Choose in a list as a user does."""
        from selenium.webdriver.support.select import Select

        Select(self.one(f"select#{name}")).select_by_value(value)

    def options(self, name: str) -> dict[str, str]:
        """List what a list offers: text by value."""
        return {
            each.get_attribute("value"): each.get_property("textContent")
            for each in self.find(f"select#{name} option")
        }

    def colours(self) -> dict[str, str]:
        """Read the fill of every zone off the drawing."""
        return self.run(
            "var found = {}; AGGLO_MAP.eachLayer(function (layer) {"
            "  var p = layer.feature && layer.feature.properties;"
            "  if (p && p.zone_id && layer._path) {"
            "    found[p.zone_id] = layer._path.getAttribute('fill'); } }); return found"
        )

    def address(self) -> dict[str, str]:
        """Read the state out of the address."""
        return dict(parse_qsl(self.run("return location.hash.slice(1)")))

    def text(self, selector: str) -> str:
        """Read the text of an element, shown or not."""
        return self.one(selector).get_property("textContent")

    def requests(self) -> list[str]:
        """List what the page asked for since it was opened, itself and data left out."""
        messages = [
            json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")
        ]
        urls = [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]
        own = self.run("return location.href").split("#")[0]
        assert own in [url.split("#")[0] for url in urls], "the log missed even the page itself"
        return [url for url in urls if url.split("#")[0] != own and not url.startswith("data:")]

    def complaints(self) -> list[str]:
        """List what the console says; nothing is the only good answer."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


def shown_number(text: str) -> float:
    """Read a number off the page: thousands apart, comma or point, sign, per cent.

    Examples
    --------
    >>> shown_number("102\u00a0525 мест"), shown_number("+1,5 %"), shown_number("−3.25")
    (102525.0, 1.5, -3.25)
    """
    found = re.match(r"[+−-]?\d{1,3}(?:[\s,]\d{3})+(?!\d)|[+−-]?\d+(?:[.,]\d+)?", text.strip())
    assert found, text
    number = found.group().replace("−", "-")
    grouped = re.fullmatch(r"[+-]?\d{1,3}(?:[\s,]\d{3})+", number)
    return float(re.sub(r"[\s,]", "", number) if grouped else number.replace(",", "."))
