"""Every address in the pages of a site: that it leads somewhere, and that nothing is loaded from elsewhere."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"href", "src", "srcset", "poster", "data", "action"}
IN_STYLES = re.compile(r"(?:url\(|@import)\s*['\"]?(?!data:|#)([^'\")\s;]+)")


class Page(HTMLParser):
    """What a page holds.

    Args:
        text: HTML.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[tuple[str, str]] = []
        """Tag and address, in order."""
        self.places: set[str] = set()
        """What a link may lead to."""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses and the name of an element."""
        for name, value in attrs:
            if name in LOADED and value:
                self.addresses.append((tag, value))
            if name == "id" and value:
                self.places.add(value)


@cache
def page_at(path: Path) -> Page:
    """Return a page, read once.

    Args:
        path: Of its file.
    """
    return Page(path.read_text(encoding="utf-8"))


def find_faults(site: Path) -> list[str]:
    """Return in words every address that leads nowhere, and everything that would be loaded from elsewhere.

    Args:
        site: Folder of a built site.
    """
    faults = []
    for path in sorted(site.rglob("*.html")):
        for tag, address in page_at(path).addresses:
            if fault := fault_of(path, tag, address):
                faults.append(f"{path.relative_to(site)}: {fault}")
    for path in sorted(site.rglob("*.css")):
        for address in IN_STYLES.findall(path.read_text(encoding="utf-8")):
            if urlsplit(address).scheme or not (path.parent / address).exists():
                faults.append(f"{path.relative_to(site)}: {address} is not in the site")
    return faults


def fault_of(path: Path, tag: str, address: str) -> str:
    """Return what is wrong with an address; "" if nothing.

    Args:
        path: Of the page.
        tag: Of the element.
        address: As it stands there.
    """
    parts = urlsplit(address)
    if parts.scheme == "data":
        return ""
    if parts.scheme or parts.netloc:
        return "" if tag == "a" else f"<{tag}> would load {address} from elsewhere"
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return f"{address} leads nowhere"
    if parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in page_at(target).places:
        return f"{address} leads to no place in that page"
    return ""
