"""The rater's form for one item: ES modules that `app.assets` serves, and one Python function."""
