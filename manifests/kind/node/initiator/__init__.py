"""A user-space iSCSI initiator with the face of `iscsiadm`, for nodes whose kernel has none.

    target  <- iSCSI -  qemu-storage-daemon  - FUSE ->  a file  - loop ->  /dev/loopN

Longhorn runs `iscsiadm` in the node's mount and network namespaces, but in its own PID namespace: what that process
starts dies with Longhorn's pod. So a service of the node does the work, and the command hands its arguments to it.
"""
