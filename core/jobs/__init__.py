"""Supervised, detached processes: start, stop, heartbeat, queue; imports storage and below."""
