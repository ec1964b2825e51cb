"""Words on screen for what a bank ships with; names that a bank adds are shown as it wrote them."""

from django.utils.translation import gettext_lazy as _

THEMES = {
    "birthday": _("Birthday"),
    "anniversary": _("Anniversary"),
    "maturity": _("Maturity"),
    "holiday": _("Holiday"),
    "review": _("Review"),
    "service": _("Service"),
    "product": _("Product"),
    "education": _("Education"),
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
