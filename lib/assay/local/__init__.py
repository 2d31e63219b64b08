"""The stand-ins of AWS on one machine: the same code runs against them, only endpoints differ."""
