"""Texts to try, without the table of all of Unicode: to build it takes Hypothesis 12 seconds."""

from hypothesis import strategies as st

LETTERS = "".join(map(chr, range(256))) + "\u0130\u0301\u2028\u202e\ufeff\ufffd\U0001f600\ud800"


def texts(*, max_size: int) -> st.SearchStrategy[str]:
    """Return a strategy of texts: ASCII, Latin-1, and letters that programs stumble over."""
    return st.text(alphabet=LETTERS, max_size=max_size)
