"""A simulated Kubernetes cluster with CSI snapshots, a Longhorn and an S3 backupstore: `python -m simulator`."""
