"""The shared user interface: server, menu, forms, charts; imports core, never pages."""
