"""Many videos at once: processes, clusters, the cache, progress, what an interruption leaves."""
