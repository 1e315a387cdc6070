"""Classifiers of feature vectors, in place of stages 9 and 10."""
