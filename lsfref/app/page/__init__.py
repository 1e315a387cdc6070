"""The HTML pages of `explain` and `compare`: what was computed becomes one file that loads nothing,
drawn with one shell, one kit of charts, one palette and one mark per class."""
