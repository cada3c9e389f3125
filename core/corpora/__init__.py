"""Parallel text: reading, checking, splitting and the bundled sample; imports storage and below."""
