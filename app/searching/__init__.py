"""Views of studies: the list, the form of a new one, one study, and ablations."""
