"""Batching across callers: sentences of many requests share the model's batches."""
