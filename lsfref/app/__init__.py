"""Wing: what a person touches, from the command line to the pages; nothing below imports it."""
