"""Changes: contacts logged and corrected, actions worked, what was voiced followed, what comes due raised."""

from interactions.services.actions import (
    finish_action,
    hand_over_action,
    plan_action,
    skip_action,
    snooze_action,
)
from interactions.services.advice import Advised
from interactions.services.appointments import (
    cancel_appointment,
    change_appointment,
    make_appointment,
    plan_appointment,
)
from interactions.services.cadence import refresh_cadence
from interactions.services.cases import close_case, open_case, reopen_case, take_step
from interactions.services.contacts import NextStep, change_contact, log_contact, undo_contact, void_contact
from interactions.services.courtesies import (
    change_courtesy,
    decide_courtesy,
    plan_courtesy,
    take_courtesy_step,
)
from interactions.services.due import raise_due
from interactions.services.guard import repetition
from interactions.services.moves import move_action, put_back
from interactions.services.opportunities import (
    Interest,
    change_opportunity,
    move_opportunity,
    raise_opportunity,
    reopen_opportunity,
)
from interactions.services.promises import Noted, note_promise, withdraw_promise
from interactions.services.referrals import answer_referral, deliver_plan, finish_referral, refer

__all__ = [
    "Advised",
    "Interest",
    "NextStep",
    "Noted",
    "answer_referral",
    "cancel_appointment",
    "change_appointment",
    "change_contact",
    "change_courtesy",
    "change_opportunity",
    "close_case",
    "decide_courtesy",
    "deliver_plan",
    "finish_action",
    "finish_referral",
    "hand_over_action",
    "log_contact",
    "make_appointment",
    "move_action",
    "move_opportunity",
    "note_promise",
    "open_case",
    "plan_action",
    "plan_appointment",
    "plan_courtesy",
    "put_back",
    "raise_due",
    "raise_opportunity",
    "refer",
    "refresh_cadence",
    "reopen_case",
    "reopen_opportunity",
    "repetition",
    "skip_action",
    "snooze_action",
    "take_courtesy_step",
    "take_step",
    "undo_contact",
    "void_contact",
    "withdraw_promise",
]
