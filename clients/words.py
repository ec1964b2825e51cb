"""Words on screen for what a bank ships with; names that a bank adds are shown as it wrote them."""

from datetime import date

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from common import saying

THEMES = {
    "birthday": _("Birthday"),
    "anniversary": _("Anniversary"),
    "maturity": _("Maturity"),
    "holiday": _("Holiday"),
    "review": _("Review"),
    "service": _("Service"),
    "product": _("Product"),
    "education": _("Education"),
    "event": _("Event"),
    "complaint": _("Complaint"),
    "promise": _("Promise"),
    "limit": _("Gain or loss limit"),
    "keeping_in_touch": _("Keeping in touch"),
    "other": _("Other"),
}

FACTS = {
    "occupation": _("Work"),
    "employer": _("Employer"),
    "phone": _("Phone"),
    "email": _("Email"),
    "address": _("Address"),
    "messenger": _("Messenger"),
    "birthday": _("Birthday"),
    "founding": _("Founding day"),
    "wedding": _("Wedding day"),
    "family_date": _("Dates in the family"),
    "other_date": _("Another date"),
    "interest": _("Likes"),
    "family": _("Family"),
    "education": _("Education of children"),
    "business": _("Business"),
    "personality": _("Character"),
    "assets_elsewhere": _("Assets elsewhere"),
    "preference": _("Preferences"),
    "need": _("Needs"),
    "goal": _("Plans"),
    "decides": _("Who decides"),
    "custom": _("Custom or religion"),
    "relation": _("People close"),
    "agreement": _("Contact agreement"),
}

# What to ask where a fact is not known yet.
QUESTIONS = {
    "occupation": _("What is the client's work?"),
    "employer": _("For whom does the client work?"),
    "phone": _("Which phone is best?"),
    "email": _("Which email is read?"),
    "address": _("Where should letters go?"),
    "messenger": _("Which messenger does the client use?"),
    "birthday": _("When is the birthday?"),
    "founding": _("When was the company founded?"),
    "wedding": _("When is the wedding day?"),
    "family_date": _("Whose birthday in the family matters?"),
    "interest": _("What does the client like to do?"),
    "family": _("Who belongs to the family?"),
    "education": _("Where do the children study?"),
    "business": _("How is the business doing?"),
    "personality": _("How does the client like to be spoken to?"),
    "assets_elsewhere": _("What is held at other banks, roughly?"),
    "preference": _("Which products are preferred, which never?"),
    "need": _("What is needed next?"),
    "goal": _("What is the money for, and when?"),
    "decides": _("Who decides about money at home?"),
    "custom": _("Which holidays are kept?"),
    "relation": _("Who is close to the client?"),
    "agreement": _("How, when and how often may we call?"),
}


def question(fact_type) -> str:
    """What to ask for a fact type that is not known."""
    asked = QUESTIONS.get(fact_type.code)
    return str(asked) if asked else fact_name(fact_type)


def theme_name(theme) -> str:
    return str(THEMES.get(theme.code, theme.name))


def fact_name(fact_type) -> str:
    return str(FACTS.get(fact_type.code, fact_type.name))


# What core banking may say otherwise.
CORE_FIELDS = {
    "phone": _("Phone"),
    "email": _("Email"),
    "address": _("Address"),
    "occupation": _("Work"),
    "employer": _("Employer"),
    "manager": _("Account manager"),
    "tier": _("Tier"),
}

# Why two clients may be one.
LIKENESS = {
    "phone": _("the same phone"),
    "email": _("the same email"),
    "birth": _("the same name and birth date"),
    "name": _("a very similar name"),
}


def dated(fact) -> str:
    """The day of a dated fact as people say it: 20 May 1972, 29 February, day 15 of the 4th lunar month."""
    if fact.month is None:
        return str(fact.year)
    if fact.calendar == "gregorian":
        if fact.year is None:
            return saying.day(date(2000, fact.month, fact.day), "MMMMd")
        return saying.day(date(fact.year, fact.month, fact.day), "yMMMMd")
    parts = {"day": fact.day, "month": fact.month, "year": fact.year}
    if fact.is_leap_month and fact.year is not None:
        return gettext("day %(day)s of leap month %(month)s of the lunar year %(year)s") % parts
    if fact.is_leap_month:
        return gettext("day %(day)s of leap month %(month)s of the lunar year") % parts
    if fact.year is not None:
        return gettext("day %(day)s of month %(month)s of the lunar year %(year)s") % parts
    return gettext("day %(day)s of month %(month)s of the lunar year") % parts


def weekdays(days) -> str:
    """Days of the week, Monday is 0; a row of three or more is said from its first to its last."""
    days = sorted(days)
    names = [saying.day(date(2024, 1, 1 + day), "EEE") for day in days]  # 1 January 2024 was a Monday
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return gettext("%(first)s to %(last)s") % {"first": names[0], "last": names[-1]}
    return ", ".join(names)


def agreed(agreement, themes: dict[str, str], channels: dict[str, str]) -> list[tuple[str, str]]:
    """What was agreed, as labels and values; nothing about what was left open."""
    rows = []
    if agreement.interval_days:
        often = ngettext("every day", "every %(days)s days", agreement.interval_days)
        rows.append((gettext("How often"), often % {"days": saying.number(agreement.interval_days)}))
    if agreement.channels:
        rows.append(
            (gettext("Channels"), ", ".join(str(channels.get(code, code)) for code in agreement.channels))
        )
    if agreement.weekdays:
        rows.append((gettext("Days"), weekdays(agreement.weekdays)))
    if agreement.from_time and agreement.to_time:
        rows.append(
            (gettext("Hours"), f"{saying.clock(agreement.from_time)}–{saying.clock(agreement.to_time)}")
        )
    if agreement.minutes:
        most = ngettext("at most %(n)s minute", "at most %(n)s minutes", agreement.minutes)
        rows.append((gettext("How long"), most % {"n": saying.number(agreement.minutes)}))
    if agreement.themes:
        rows.append((gettext("About"), ", ".join(str(themes.get(code, code)) for code in agreement.themes)))
    return rows


_DOCUMENTS = {
    "identity_card": _("Identity card"),
    "passport": _("Passport"),
    "residence_permit": _("Residence permit"),
    "tax_number": _("Tax number"),
    "register_number": _("Register number"),
}


def document_type(code: str) -> str:
    """The kind of a document in words: core banking's own code where it is none of the usual ones."""
    return str(_DOCUMENTS.get(code, code.replace("_", " ")))
