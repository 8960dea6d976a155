"""How blocks are compressed: lz4 frames, gzip, or not at all."""

import gzip

from simulator.longhorn.backupstore.models import BackupstoreError

METHODS = ("none", "gzip", "lz4")

_LZ4_MAGIC = b"\x04\x22\x4d\x18"
_GZIP_MAGIC = b"\x1f\x8b"


def compress(data: bytes, method: str) -> bytes:
    """The block as it is stored. Raises BackupstoreError for an unknown method."""
    if method == "lz4":
        import lz4.frame

        packed: bytes = lz4.frame.compress(
            data, block_size=lz4.frame.BLOCKSIZE_MAX4MB, block_linked=False, content_checksum=True, store_size=False
        )
        return packed
    if method == "gzip":
        return gzip.compress(data, compresslevel=6, mtime=0)
    if method == "none":
        return data
    raise BackupstoreError(f"unsupported compression method: {method}")


def decompress(data: bytes, method: str) -> bytes:
    """The block's content. A frame with the other method's header is read as that, as Longhorn does.

    Raises BackupstoreError for data that neither method can read.
    """
    if method == "none":
        return data
    if method not in METHODS:
        raise BackupstoreError(f"unsupported decompression method: {method}")
    try:
        if data.startswith(_GZIP_MAGIC):
            return gzip.decompress(data)
        if data.startswith(_LZ4_MAGIC):
            import lz4.frame

            content: bytes = lz4.frame.decompress(data)
            return content
    except (OSError, EOFError, RuntimeError) as error:
        raise BackupstoreError(f"failed to decompress block: {error}") from error
    raise BackupstoreError("failed to decompress block: invalid header")
