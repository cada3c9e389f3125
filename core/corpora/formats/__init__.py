"""Files into rows and rows into files; imports nothing of core.corpora but segments."""
