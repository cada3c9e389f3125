"""The shared user interface; may import core, never pages."""
