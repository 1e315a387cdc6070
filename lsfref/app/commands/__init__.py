"""One module per command: its run, what it prints, and nothing that another command needs."""
