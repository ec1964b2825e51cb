"""What of a visible client a person may read: names, contact points, notes."""

from django.utils.translation import gettext as _

from clients.models import Client


def shown_name(user, client: Client) -> str:
    """The client's name, or its number for head office without the right to identities."""
    if user.may_see_identities:
        return client.name
    return _("Client %(number)s") % {"number": client.number}


def shown_native(user, client: Client) -> str:
    return client.other_script if user.may_see_identities else ""


def shown_words(user, text: str) -> str:
    """Words that staff wrote freely: they may name the client, so they go with the right to identities."""
    return text if user.may_see_identities else ""


def may_see_notes(user) -> bool:
    """Notes have their own right: those who look after clients, and auditors with a reason."""
    return user.role in ("account_manager", "supervisor", "auditor")


def may_reveal(user) -> bool:
    """Phones and emails are shown one at a time to those who contact clients; each look is recorded."""
    return user.role in ("account_manager", "supervisor") or (
        user.role == "head_office" and user.sees_identities
    )
