"""Scores with their signatures; imports only errors."""
