"""The suite on a simulator as on an existing cluster, compared with its own target."""
