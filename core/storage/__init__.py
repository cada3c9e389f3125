"""Where records live: the workspace's folders, the database and its migrations.

Imports only errors, settings and languages.
"""
