"""Wing: numbers on disk: files written whole, arrays, recorded stages and their comparison."""
