"""Monolingual text of the target language, translated into sources that a run can learn from."""
