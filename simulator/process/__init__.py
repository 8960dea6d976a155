"""The process around the simulated cluster: its directory, its kubeconfig, its parent."""
