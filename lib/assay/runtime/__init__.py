"""What a job needs around the library: arguments, AWS clients, journal, logs, cost, exit codes."""
