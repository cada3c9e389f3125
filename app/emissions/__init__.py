"""The parts of the Emissions page, each shown from values that `core.emissions` gives."""
