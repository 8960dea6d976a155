"""What kube-controller-manager and kube-scheduler do."""
