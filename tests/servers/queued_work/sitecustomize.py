"""Lets every Python process with this folder on PYTHONPATH know the kind of job beside it."""

from pathlib import Path

import core

core.__path__.append(str(Path(__file__).parent))
