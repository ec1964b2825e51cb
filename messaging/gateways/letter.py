"""Letters: a PDF in the store for letters, where the branch's printer or the print shop picks it up."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from messaging.files import write_whole
from messaging.gateways.errors import NotSent, Refused
from messaging.letters import UnprintableText, letter_pdf
from messaging.models import Message


class LetterGateway:
    """Writes `<LETTERS_DIR>/<day>/<message>-<hash>.pdf`.

    The name comes from the message alone, so a letter that lies there has been sent, whoever asks and
    however often; nothing is ever unclear.
    """

    is_repeatable = True

    def send(self, message: Message) -> None:
        name = f"{message.pk}-{hashlib.sha256(message.message_id.encode()).hexdigest()[:16]}.pdf"
        lines = [line.strip() for line in message.address.splitlines() if line.strip()]
        if len(lines) < 2:
            raise Refused("this is not a postal address")
        try:
            store = Path(settings.LETTERS_DIR)
            if next(store.glob(f"*/{name}"), None):
                return
            on = timezone.localdate()
            content = letter_pdf(
                sender=message.sender or settings.BANK_NAME,
                address_lines=lines,
                on=on,
                subject=message.subject,
                body=message.body,
                language=message.language or settings.LANGUAGE_CODE,
            )
            write_whole(store / on.isoformat() / name, content)
        except UnprintableText as error:
            raise Refused(str(error)) from error
        except OSError as error:  # a full disk, a folder that is not there, fonts that are missing
            raise NotSent(type(error).__name__) from error
