"""Text around the model: sentences, protected parts, glossary, loops, and which language it is.

Pure functions on strings; imports no HTTP, no storage, no model and no user interface.
"""
