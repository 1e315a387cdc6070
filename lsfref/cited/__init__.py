"""Wing: works that the paper cites and the default replaces, chosen by settings; no stage."""
