"""Prompts for language models that translate: templates, their filling, and what comes back.

Pure functions on strings; imports no network, no storage, no model and no user interface.
"""
