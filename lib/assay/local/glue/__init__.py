"""A local AWS Glue: it answers for the jobs, triggers and workflow of our templates by running them."""
