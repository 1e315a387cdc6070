"""Wing: the arrows of Figure 1, from frames to answers, and what a fitted system does afterward."""
