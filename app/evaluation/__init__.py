"""The parts of Evaluate: choice, scores, segments, causes, robustness, scorers, people, report."""
