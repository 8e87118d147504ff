"""Reads a page as a browser would, and minds that every tag is closed."""

from html.parser import HTMLParser


class PageReader(HTMLParser):
    """Tags, attributes and words of a page."""

    VOID = ("meta", "br", "link", "img")

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.words, self.tags, self.attributes = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, words):
        if "style" not in self.open:
            self.words.append(words)

    @property
    def text(self):
        return "".join(self.words)

    def of(self, name):
        """All values of an attribute, in order."""
        return [attributes[name] for _, attributes in self.attributes if name in attributes]
