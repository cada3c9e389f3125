"""Uploaded hypotheses, references and test sets: from bytes to texts that stand side by side.

Pure; may import errors, languages and the safe XML parser of the documents.
"""
