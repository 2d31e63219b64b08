"""What AWS is asked to run: CloudFormation templates read as a deployment reads them, and their workflow."""
