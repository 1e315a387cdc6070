"""The map of lsfref."""
