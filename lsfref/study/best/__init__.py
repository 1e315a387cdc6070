"""Preset `best`: what it sees of a video beyond trajectories, and the experts that answer."""
