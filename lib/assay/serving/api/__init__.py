"""The API: takes in blueprints and records, reads gold, runs the workflow; under uvicorn or on Lambda."""
