"""A real Trino server over the local stack's tables: the engine family that Athena runs on."""
