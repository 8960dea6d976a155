"""The kinds that Kubernetes itself brings: schemas, defaults, validation."""
