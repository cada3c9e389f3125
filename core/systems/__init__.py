"""Everything that translates, behind one protocol; may import neither pages nor core.search."""
