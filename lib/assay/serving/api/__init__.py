"""The parameters API: registers blueprints as versioned objects; under uvicorn or as a Lambda function."""
