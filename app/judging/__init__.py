"""The parts of the pages on which people judge, and on which their judgements are seen."""
