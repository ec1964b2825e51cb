"""Words, money and dates for templates. No decisions: they format what they are given."""

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.db.models import Model
from django.templatetags.static import static
from django.utils.formats import localize
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from common import saying

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> str:
    """One icon of the sprite; with a label it speaks to screen readers, without it is decoration."""
    return _icon(name, str(label))


@lru_cache(maxsize=1024)
def _icon(name: str, label: str) -> SafeString:
    href = static("vendor/icons.svg")
    if label:
        return format_html(
            '<svg class="i" role="img" aria-label="{}"><use href="{}#{}"/></svg>', label, href, name
        )
    return format_html('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>', href, name)


@register.simple_tag
def money(amount: Decimal | None, currency: str = "", cents: bool = False) -> str:
    """An amount with its currency small and grey before it; a dash where there is none."""
    if amount is None:
        return "–"
    return format_html(
        '<span class="nb"><span class="cur">{}</span>{}</span>', currency, saying.amount(amount, cents=cents)
    )


@register.filter
def cents(amount: Decimal | None) -> str:
    """An amount to the cent, for costs; a dash where there is none."""
    return "–" if amount is None else saying.amount(amount, cents=True)


@register.filter
def language_name(code: str) -> str:
    return saying.language(code)


@register.filter
def choice(row: Model, field: str) -> str:
    """What a field with choices says: quicker than its own method, which counts in a long list."""
    return saying.choice(row, field)


@register.filter
def quoted(text: str) -> str:
    return saying.quoted(text)


@register.filter
def number(value: Decimal | int | float | None) -> str:
    return "–" if value is None else saying.number(value)


@register.filter
def share(value: float | Decimal | None) -> str:
    """A fraction as percent, the way the language writes it; a dash where there is nothing to divide."""
    return "–" if value is None else saying.percent(value)


@register.filter
def rate(value: Decimal | None) -> str:
    """An interest rate or return, a fraction in data, in percent with two decimals; a dash where there is none."""
    return "–" if value is None else saying.rate(value)


@register.filter
def day(value: date | None, skeleton: str = "yMMMd") -> str:
    return saying.day(value, skeleton) if value else ""


@register.filter
def clock(value: time | datetime | None) -> str:
    return saying.clock(value) if value else ""


@register.simple_tag
def moment(value: datetime | None, today: date) -> str:
    """A time as people say it, with the exact one on hover."""
    if value is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="minutes"),
        saying.exact(value),
        saying.when(value, today),
    )


@register.simple_tag
def native(text: str) -> str:
    """A name in its own script, marked with its language where that is Chinese."""
    if not text:
        return ""
    lang = saying.script_language(text)
    if lang:
        return format_html('<span class="native" lang="{}">{}</span>', lang, text)
    return format_html('<span class="native">{}</span>', text)


@register.simple_tag
def cells(found: Iterable[dict[str, Any]], today: date) -> str:
    """The cells of a row as `clients.listing.cells` gives them, written at once like `options`."""
    lines = []
    for cell in found:
        css = format_html(' class="{}"', cell["css"]) if cell.get("css") else ""
        text = moment(cell["at"], today) if cell.get("at") else escape(cell["text"])
        sub = (
            format_html('<span class="{}">{}</span>', cell["sub_css"], cell["sub"]) if cell.get("sub") else ""
        )
        lines.append(f"<td{css}>{text}{sub}</td>")
    return SafeString("".join(lines))


@register.simple_tag
def choose(choices: Iterable[tuple[str, str, bool]]) -> str:
    """The options of a select: value, words, whether it is the one; written at once like `options`."""
    return SafeString(
        "".join(
            f'<option value="{escape(value)}"{" selected" if is_on else ""}>{escape(words)}</option>'
            for value, words, is_on in choices
        )
    )


@register.simple_tag
def options(groups: Iterable[tuple[str | None, list[dict[str, Any]], int]]) -> str:
    """The options of a select, written at once: a template for each would cost more than its page."""
    lines = []
    for name, choices, _index in groups:
        if name:
            lines.append(format_html('\n  <optgroup label="{}">', name))
        for choice in choices:
            attrs = format_html_join(
                "",
                "{}",
                (
                    [format_html(" {}" if value is True else ' {}="{}"', key, str(value))]
                    for key, value in choice["attrs"].items()
                    if value is not False
                ),
            )
            label = localize(choice["label"])
            lines.append(
                format_html('\n  <option value="{}"{}>{}</option>', str(choice["value"]), attrs, label)
            )
        if name:
            lines.append(SafeString("\n  </optgroup>"))
    return SafeString("".join(lines))


@register.simple_tag(takes_context=True)
def query(context, **changes) -> str:
    """The current query string with some parameters changed; None or "" drops one."""
    params = context["request"].GET.copy()
    for key, value in changes.items():
        if value in (None, ""):
            params.pop(key, None)
        else:
            params[key] = value
    encoded = params.urlencode()
    return f"?{encoded}" if encoded else "?"
