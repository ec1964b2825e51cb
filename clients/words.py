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
    "birthday": _("Birthday"),
    "interest": _("Likes"),
    "family": _("Family"),
    "assets_elsewhere": _("Assets elsewhere"),
    "preference": _("Preferences"),
    "need": _("Needs"),
}


def theme_name(theme) -> str:
    return str(THEMES.get(theme.code, theme.name))


def fact_name(fact_type) -> str:
    return str(FACTS.get(fact_type.code, fact_type.name))
