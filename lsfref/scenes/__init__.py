"""Wing: the drawn videos, for a first run without any; only what draws, labels or shows them."""
