"""Parts: what can be named, where it comes from, and whose fault it is."""
