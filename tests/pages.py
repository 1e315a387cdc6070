"""What tests read of a page: tags in balance, numbers with their sources, pictures, words."""

import re
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "img", "br", "wbr", "input"}
BLOCKS = set("td th p dt dd li h1 h2 h3 h4 div summary figcaption label".split())


class Page(HTMLParser):
    """A page that is well formed, holds one line of text per line, and loads nothing."""

    def __init__(self, text):
        super().__init__()
        self.open, self.numbers, self.attributes, self.images, self.words = [], [], [], [], []
        self.feed(text)
        assert self.open == []
        assert all(line.isprintable() for line in text.split("\n"))
        assert "<script" not in text
        assert not re.search(r"url\(|@import|https?:", text)
        for tag, name, value in self.attributes:
            assert not name.startswith("on")
            if name == "src":
                assert value.startswith("data:image/"), (tag, value)
            assert name not in ("action", "srcset", "xlink:href")

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.attributes += [(tag, name, value) for name, value in attrs.items()]
        if tag == "data":
            self.numbers.append((attrs["data-from"], float(attrs["value"])))
        if tag == "img":
            self.images.append(attrs)
        if tag == "br":
            self.words.append(" ")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag in BLOCKS:
            self.words.append(" ")

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self):
        """All words of the page."""
        return " ".join("".join(self.words).split())

    def ids(self, tag):
        """The ids of a kind of element, in order."""
        return [value for kind, name, value in self.attributes if (kind, name) == (tag, "id")]


def read(path):
    """Return the text of a page, and the Page."""
    text = Path(path).read_text(encoding="utf-8")
    return text, Page(text)
