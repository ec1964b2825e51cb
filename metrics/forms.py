"""What the dashboard is asked: which branch, which period, against what."""

from datetime import date

from django import forms
from django.utils.translation import gettext_lazy as _

from metrics.behind import BEHIND
from metrics.periods import Kind, Period, PeriodError

PREVIOUS, YEAR = "previous", "year"
_DATE = {"type": "date"}


class ScopeForm(forms.Form):
    """The choices of a dashboard; every one has a default, so that an empty form is this month.

    Branch, manager, campaign and rows are only named here: whether they are the person's is decided by
    `metrics.reports.scope_for`, which answers the same for hidden and absent ones.
    """

    branch = forms.CharField(label=_("Branch"), required=False, max_length=20)
    manager = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    campaign = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    period = forms.ChoiceField(label=_("Period"), required=False, choices=Kind.choices)
    from_on = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs=_DATE, format="%Y-%m-%d")
    )
    to_on = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(attrs=_DATE, format="%Y-%m-%d")
    )
    compare = forms.ChoiceField(
        label=_("Compared with"),
        required=False,
        choices=[(PREVIOUS, _("the period before")), (YEAR, _("the year before"))],
    )
    rows = forms.ChoiceField(
        label=_("Rows"),
        required=False,
        choices=[("", _("as the branch is")), ("manager", _("account managers")), ("branch", _("branches"))],
    )

    def __init__(self, data=None, *, today: date, branches=(), own: Period | None = None, **kwargs) -> None:
        """`branches`: (code, name) pairs that the person may choose from; `own`: the days of the campaign asked for."""
        super().__init__(data or {}, **kwargs)
        self.today = today
        self.own = own
        if branches:
            self.fields["branch"].widget = forms.Select(choices=[("", _("all of mine")), *branches])
        else:
            self.fields["branch"].widget = forms.HiddenInput()

    def clean(self):
        cleaned = super().clean()
        dates = (cleaned.get("from_on"), cleaned.get("to_on"))
        if self.own and not (cleaned.get("period") or any(dates) or self.errors):
            cleaned |= {"period": Kind.DATES, "asked": self.own}
            return cleaned
        kind = cleaned.get("period") or (Kind.DATES if any(dates) else Kind.THIS_MONTH)
        cleaned["period"] = kind
        if self.errors:
            return cleaned
        if kind != Kind.DATES:
            cleaned["asked"] = Period.of_kind(kind, self.today)
            return cleaned
        if not all(dates):
            self.add_error("from_on" if dates[0] is None else "to_on", _("Choose both days, from and to."))
            return cleaned
        try:
            cleaned["asked"] = Period.asked(*dates, self.today)
        except PeriodError as error:
            self.add_error("to_on", str(error))
        return cleaned

    def asked(self) -> Period:
        """The period asked for; this month where the form is wrong."""
        return self.cleaned_data.get("asked") or Period.of_kind(Kind.THIS_MONTH, self.today)


class ClientsForm(ScopeForm):
    """The clients behind one figure; `of=nobody` narrows to those without an account manager."""

    figure = forms.ChoiceField(required=False, choices=[(key, key) for key in BEHIND])
    of = forms.ChoiceField(required=False, choices=[("nobody", "nobody")])
