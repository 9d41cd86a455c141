"""The version of annealkit; the build reads it from here, a bare checkout has no other source."""

__version__ = "0.1.0"
