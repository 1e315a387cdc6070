"""How the scenes are drawn: pixels from a seed; nothing that writes a file or knows of a set."""
