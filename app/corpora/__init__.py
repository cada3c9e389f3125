"""The parts of the pages Corpora and Corpus."""
