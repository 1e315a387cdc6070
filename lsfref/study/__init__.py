"""Wing: what the paper's system is compared with, and preset `best`; no stage needs it."""
