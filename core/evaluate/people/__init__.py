"""Ratings by people: reading them, matching them with hypotheses, comparing metrics with them."""
