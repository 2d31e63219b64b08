"""Statistics held to account: measured error rates, comparison with planted truth, the gate on canaries.

Each module is imported by itself: who reads one certificate does not load what blueprints need.
"""
