"""Message catalogues without tools of the machine: extracted, compared and compiled in Python."""

import io
import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

LANGUAGES = {"es": 2, "zh_Hans": 1}  # catalogue and its plural forms
KEYWORDS = {
    "_": None, "_t": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2), "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
_PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]|%(?:s|d)")
_ROOMS = (*settings.HOUSE_APPS, "bankcrm")


def extract_template(fileobj, keywords, comment_tags, options):
    """Django's own view of a template, read as Python."""
    source = templatize(fileobj.read().decode())
    yield from extract_python(io.BytesIO(source.encode()), keywords, comment_tags, options)


def path_of(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"


def extracted() -> Catalog:
    """Every string for people in the house, without places: they change with every line."""
    found = Catalog(charset="utf-8", fuzzy=False)
    for room in (*_ROOMS, "templates"):
        methods = (
            [("**.html", extract_template), ("**.txt", extract_template)]
            if room == "templates"
            else [("**.py", "python")]
        )
        for _file, _line, message, _comments, context in extract_from_dir(
            str(settings.BASE_DIR / room), method_map=methods, options_map={}, keywords=KEYWORDS
        ):
            if message and message != ("", ""):
                found.add(message, context=context)
    return found


def read(language: str) -> Catalog:
    path = path_of(language)
    if not path.is_file():
        return Catalog(locale=language, charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> Path:
    """Bring a catalogue up to date: translations are kept, what is gone goes, nothing is guessed."""
    old, fresh = read(language), Catalog(locale=language, charset="utf-8", fuzzy=False)
    for message in sorted((m for m in extracted() if m.id), key=lambda m: str(m.id)):
        known = old.get(message.id, message.context)
        fresh.add(message.id, known.string if known else "", flags=message.flags, context=message.context)
    path = path_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    write_po(out, fresh, sort_output=True, omit_header=True, width=110)
    head = (
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Language: {language}\\n"\n"Plural-Forms: nplurals={LANGUAGES[language]}; plural='
        f'{"(n != 1)" if LANGUAGES[language] == 2 else "0"};\\n"\n\n'
    )
    path.write_text(head + out.getvalue().decode(), encoding="utf-8")
    return path


def compile_all() -> int:
    """Write the compiled catalogue beside each one; how many."""
    done = 0
    for language in LANGUAGES:
        if path_of(language).is_file():
            with path_of(language).with_suffix(".mo").open("wb") as file:
                write_mo(file, read(language))
            done += 1
    return done


def faults(language: str) -> list[str]:
    """What a catalogue lacks: missing, fuzzy or empty texts, plural forms, changed placeholders."""
    known, found = read(language), []
    for message in extracted():
        if not message.id:
            continue
        entry = known.get(message.id, message.context)
        name = message.id if isinstance(message.id, str) else message.id[0]
        if entry is None:
            found.append(f"{language}: missing: {name}")
            continue
        texts = [entry.string] if isinstance(entry.string, str) else list(entry.string)
        if entry.fuzzy or not all(texts):
            found.append(f"{language}: not translated: {name}")
            continue
        if not isinstance(message.id, str) and len(texts) != LANGUAGES[language]:
            found.append(f"{language}: {len(texts)} plural forms, not {LANGUAGES[language]}: {name}")
            continue
        wanted = set(
            _PLACEHOLDER.findall(message.id if isinstance(message.id, str) else " ".join(message.id))
        )
        for text in texts:
            if not set(_PLACEHOLDER.findall(text)) <= wanted or (
                isinstance(message.id, str) and set(_PLACEHOLDER.findall(text)) != wanted
            ):
                found.append(f"{language}: placeholders differ: {name}")
    return found
