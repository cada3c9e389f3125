"""Pairs of a training split that are like a segment, as examples for a language model."""
