"""Lists that people write, read and checked: labels, feature tables, people's boxes."""
