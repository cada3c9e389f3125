"""Which held-out segments stand in what is learnt from: exactly, normalised, or nearly.

A comparison keeps the held-out rows, which are few, and lets the other side's rows stream past.
"""
