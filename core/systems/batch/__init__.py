"""Test sets translated by several systems as one supervised job that never pays twice."""
