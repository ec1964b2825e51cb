"""What is done with segments, campaigns, events and what clients learn from. Each module says what is its own."""

from campaigns.services.segments import (
    MAY_WRITE,
    drop_segment,
    look,
    members,
    restore_segment,
    save_segment,
)

__all__ = [
    "MAY_WRITE",
    "drop_segment",
    "look",
    "members",
    "restore_segment",
    "save_segment",
]
