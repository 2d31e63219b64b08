"""Where people and programs meet the results: SQL, the API, the analysis of a file."""
