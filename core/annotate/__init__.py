"""Human evaluation: campaigns, what raters mark and score, results, agreement, formats of files.

Imports nothing of `core.evaluate`, which compares metrics with what is judged here.
"""
