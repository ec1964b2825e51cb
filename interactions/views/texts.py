"""The bank's texts for messages to clients, for administrators."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common import saying
from common.pages import go, panel_form, tell
from interactions.forms.messages import TemplateForm
from interactions.models import MessageKind, MessageTemplate
from interactions.services.templates import change_template
from interactions.writing import GAPS, OWN_WORDS
from staff.models import Role


def _only_administrators(request: HttpRequest) -> None:
    if request.user.role != Role.ADMINISTRATOR:
        raise Http404


@require_safe
def template_list(request: HttpRequest) -> HttpResponse:
    """Every kind with its texts by language."""
    _only_administrators(request)
    order = [code for code, _name in settings.LANGUAGES]
    rows = sorted(
        MessageTemplate.objects.all(),
        key=lambda row: (MessageKind.values.index(row.kind), row.form, order.index(row.language)),
    )
    shown = [
        {
            "row": row,
            "language": saying.language(row.language),
            "url": reverse("template-change", args=[row.kind, row.form, row.language]),
        }
        for row in rows
    ]
    return render(request, "interactions/texts.html", {"rows": shown})


def template_change(request: HttpRequest, kind: str, form: str, language: str) -> HttpResponse:
    _only_administrators(request)
    template = get_object_or_404(MessageTemplate, kind=kind, form=form, language=language)
    initial = {"subject": template.subject, "body": template.body}
    filled = TemplateForm(request.POST or None, template=template, initial=initial)
    back = reverse("template-list")
    if request.method == "POST" and filled.is_valid():
        try:
            change_template(actor=request.user, template=template, **filled.cleaned_data)
        except ValidationError as error:
            filled.add_service_errors(error)
        else:
            tell(request, _("Drafts read so from now on."))
            return go(request, back)
    gaps = ", ".join(f"{{{name}}}" for name in GAPS[MessageKind(kind)] if name != OWN_WORDS)
    return panel_form(
        request,
        form=filled,
        title=template.get_kind_display(),
        sub=f"{template.get_form_display()}, {saying.language(language)}",
        hint=_("Filled in by itself: %(gaps)s.") % {"gaps": gaps},
        save=_("Save"),
        back=back,
        template="interactions/text_form.html",
    )
