"""How segments and systems differ, and why: buckets, checks, words, n-grams. Plain texts in."""
