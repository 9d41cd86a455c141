"""The commands: what is typed, checked and handed on; what is printed."""
