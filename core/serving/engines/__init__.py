"""Engines: what turns token ids into token ids; one module each, the protocol in `engine`."""
