"""Hyperparameters that are found: studies whose trials are ordinary runs, and ablations."""
