"""Wing: arrays in, arrays out, shared by stages; no files, no settings, no stage imported."""
