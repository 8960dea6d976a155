"""The S3 service in the simulated cluster."""
