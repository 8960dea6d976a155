"""A user-space iSCSI initiator with the interface of `iscsiadm`, for nodes whose kernel has none.

    target  <- iSCSI -  qemu-storage-daemon  - FUSE ->  a file  - loop ->  /dev/loopN

Longhorn runs `iscsiadm` in the node's mount and network namespaces, but in its own PID namespace, so the processes that
it starts die with Longhorn's pod. Therefore a service of the node does the work, and the command only forwards to it.
"""
