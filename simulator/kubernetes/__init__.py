"""A simulated Kubernetes: API server, controllers and one node. It knows neither snapshots nor Longhorn."""
