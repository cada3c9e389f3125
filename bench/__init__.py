"""Speed and memory, each next to a peer or a requirement; may import core and scripts, not app."""
