"""Reports of an evaluation: CSV, LaTeX, JSON and one HTML page, all made from its result alone."""
