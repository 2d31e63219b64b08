"""The laboratory: simulate a scenario, collect what methods say, diagnose it. Each step can be used alone."""
