"""What is done with segments, campaigns, events and what clients learn from. Each module says what is its own."""

from campaigns.services.events import (
    add_preparation,
    cancel_event,
    drop_preparation,
    note_question,
    plan_event,
    reply_question,
    series_named,
    tick_preparation,
)
from campaigns.services.invitations import (
    Invited,
    answer_invitation,
    invite,
    log_answer,
    settle_attendance,
    withdraw_invitation,
)
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
    "Invited",
    "add_preparation",
    "answer_invitation",
    "cancel_event",
    "drop_preparation",
    "drop_segment",
    "invite",
    "log_answer",
    "look",
    "members",
    "note_question",
    "plan_event",
    "reply_question",
    "restore_segment",
    "save_segment",
    "series_named",
    "settle_attendance",
    "tick_preparation",
    "withdraw_invitation",
]
