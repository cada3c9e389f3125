"""The commands of `python -m core`, one module a group; they parse, call core and answer."""
