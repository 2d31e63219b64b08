"""The Spark face of the library: the session, and the statistics as column functions."""
