"""How this package writes: files that users ask for, pictures, tables. See `files`, `png` and `tables`."""
