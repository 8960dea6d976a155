"""What tests say when they fail: the expressions that the `says` of several faults share."""

BOUND = r"it was not refused but bound to"
"""Of a claim that had to be refused."""

REFUSED = r"it was refused: .*code = InvalidArgument"
"""Of a claim that had to be bound."""

NOT_BOUND = r"could not bind the claim that restores"

READY = r"it became ready; expected was an error"
"""Of a VolumeSnapshot that had to show an error."""

NO_ERROR = r"could not report the expected error"

ZEROS = r"offset \d+: expected block \d+ of stream \S+, found zeros"

OTHER_DATA = r"offset \d+: expected block \d+ of stream \S+, found block \d+ of stream"

BACKUP_STAYS = r"could not remove the backup"

UNASKED = r"and nobody has deleted it"

IMAGE_STAYS = r"could not remove the backing image"
