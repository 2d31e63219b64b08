"""What the platform costs: a month in which nothing runs, a weekly run, a number of events."""
