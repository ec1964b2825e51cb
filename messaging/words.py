"""What each kind of notification says. One sentence a kind, whole in every language, no client's name."""

from collections.abc import Callable
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common import saying
from messaging.models import Notification


def text(notification: Notification) -> str:
    """The sentence of a notification in the active language."""
    say = KINDS.get(notification.kind)
    return say(notification) if say else _("There is news for you.")


def _due(notification: Notification) -> str:
    said = ngettext(
        "%(count)s action came up for you on %(day)s.",
        "%(count)s actions came up for you on %(day)s.",
        notification.count,
    )
    return said % {"count": saying.number(notification.count), "day": _day(notification)}


def _handed_over(notification: Notification) -> str:
    said = ngettext(
        "%(count)s action was handed over to you.",
        "%(count)s actions were handed over to you.",
        notification.count,
    )
    return said % {"count": saying.number(notification.count)}


def _book(notification: Notification) -> str:
    said = ngettext(
        "%(count)s client joined your book.", "%(count)s clients joined your book.", notification.count
    )
    return said % {"count": saying.number(notification.count)}


def _escalation(notification: Notification) -> str:
    said = ngettext(
        "%(count)s action of your branch is overdue and nobody has acted.",
        "%(count)s actions of your branch are overdue and nobody has acted.",
        notification.count,
    )
    return said % {"count": saying.number(notification.count)}


def _message_unknown(notification: Notification) -> str:
    said = ngettext(
        "%(count)s message may or may not have been sent: please decide.",
        "%(count)s messages may or may not have been sent: please decide.",
        notification.count,
    )
    return said % {"count": saying.number(notification.count)}


def _client_message(notification: Notification) -> str:
    said = ngettext(
        "%(count)s message to a client did not leave: please look at it.",
        "%(count)s messages to clients did not leave: please look at them.",
        notification.count,
    )
    return said % {"count": saying.number(notification.count)}


KINDS: dict[str, Callable[[Notification], str]] = {
    "due": _due,
    "handed_over": _handed_over,
    "book": _book,
    "client_message": _client_message,
    "cover": lambda notification: _(
        "You stand in for a colleague: the book is open to you while they are away."
    ),
    "escalation": _escalation,
    "import_done": lambda notification: _("Your import is finished."),
    "import_ready": lambda notification: _("Your import is checked and waits for you to commit it."),
    "import_refused": lambda notification: _("Your import was refused. Nothing was loaded."),
    "file_opened": lambda notification: _("A client file was opened with a reason. Please review it."),
    "message_unknown": _message_unknown,
    "referral": lambda notification: _("A colleague leads a client to you. Please accept or decline."),
    "referral_ended": lambda notification: _("A referral of yours has ended; its outcome is on the file."),
    "courtesy": lambda notification: _("A courtesy above the limit waits for your decision."),
    "courtesy_decided": lambda notification: _("Your supervisor has decided about a courtesy."),
    "campaign_waits": lambda notification: _("A campaign waits for your approval."),
    "campaign_decided": lambda notification: _("Somebody has decided about your campaign."),
    "campaign_launched": lambda notification: _("Your campaign was launched: its list is frozen."),
    "preparation": lambda notification: _("You are asked to prepare something for an event."),
    "in_branch": lambda notification: _("A client of yours is in the branch now."),
}


def _day(notification: Notification) -> str:
    """The day that a subject like "day/2026-08-12" names."""
    return saying.day(date.fromisoformat(notification.subject.partition("/")[2]), "MMMd")
