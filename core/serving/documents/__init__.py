"""Documents in and out: what of a file is translated, and the file with the translations in it.

Pure and synchronous; may import `core.errors` and `core.languages` only: no HTTP, no model.
"""
