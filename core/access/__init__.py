"""Who may enter the application, and what each role may see.

Imports nothing of what the application does; pages and the translation service rely on it.
"""
