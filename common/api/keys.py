"""Idempotency-Key: a write that is sent again gives its first answer again and is done once."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta

from django.db import connection, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from common.api.access import owner_of
from common.api.problems import Problem
from common.crypto import decrypt, encrypt
from common.models import KeptAnswer

KEPT_FOR = timedelta(hours=24)
METHODS = ("POST", "PUT", "PATCH")
TRY_AGAIN = (409, 412, 429)  # nothing was done and the same request may well succeed next time
KEPT_HEADERS = ("ETag", "Location")
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


def key_of(request) -> str | None:
    """The request's Idempotency-Key where it has one and the method takes it."""
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method not in METHODS:
        return None
    if not _KEY.fullmatch(key):
        raise ValidationError({"Idempotency-Key": [_("Write 1 to 200 visible ASCII characters.")]})
    return key


def answered_once(
    request, key: str, run: Callable[[], HttpResponseBase], refuse: Callable[[Exception], HttpResponseBase]
) -> HttpResponseBase:
    """Run a write under its key, or give the kept first answer.

    The work and its kept answer are one transaction, guarded by an advisory lock on owner and key: a process
    that dies in between leaves neither, so no key can be stuck. A 5xx and "try again" answers are not kept.
    Raises: Problem 409 while the first request runs, 422 for another body under the same key.
    """
    owner, digest = owner_of(request), digest_of(request)
    with transaction.atomic():
        if not _try_lock(owner, key):
            raise Problem(409, "key-running", retry_after=1)
        kept = KeptAnswer.objects.filter(owner=owner, key=key).first()
        if kept is not None:
            if kept.request_digest != digest:
                raise Problem(422, "key-reused")
            return _replay(kept)
        try:
            with transaction.atomic():
                response = run()
        except Exception as error:  # every error becomes an answer here, because a refusal is kept as well
            response = refuse(error)
        if response.status_code < 500 and response.status_code not in TRY_AGAIN:
            KeptAnswer.objects.create(
                owner=owner,
                key=key,
                request_digest=digest,
                status=response.status_code,
                body=encrypt(_text(response)),
                headers={name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
                | {"Content-Type": getattr(response, "content_type", None) or "application/json"},
            )
        return response


def digest_of(request) -> str:
    """SHA-256 of method, address and body; of forms with files, of their fields and the files' bytes."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if not (request.content_type or "").startswith("multipart/"):
        digest.update(request.body)
        return digest.hexdigest()
    for name in sorted(request.data):
        for value in request.data.getlist(name):
            digest.update(json.dumps([name, getattr(value, "name", None)]).encode())
            if not hasattr(value, "chunks"):
                digest.update(str(value).encode())
                continue
            for chunk in value.chunks():
                digest.update(chunk)
            value.seek(0)
    return digest.hexdigest()


def purge_kept_answers() -> int:
    """Delete answers older than 24 hours and return how many. Repeatable; run by the sweeper."""
    count, _by_model = KeptAnswer.objects.filter(at__lt=timezone.now() - KEPT_FOR).delete()
    return count


def _try_lock(owner: str, key: str) -> bool:
    number = int.from_bytes(hashlib.sha256(f"{owner} {key}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return cursor.fetchone()[0]


def _text(response: HttpResponseBase) -> str:
    if isinstance(response, Response):
        return "" if response.data is None else JSONRenderer().render(response.data).decode()
    return response.content.decode() if isinstance(response, HttpResponse) else ""


def _replay(kept: KeptAnswer) -> HttpResponse:
    return HttpResponse(
        decrypt(bytes(kept.body or b"")),
        status=kept.status,
        headers={**kept.headers, "Idempotent-Replayed": "true"},
    )
