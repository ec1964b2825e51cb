"""What a line of a log must not say: the secrets that some addresses carry."""

import logging
import re

# The part of a path that is a secret: whoever reads it may do what the address does.
_SECRET = re.compile(r"(/(?:calendar|invitation|reading|unsubscribe)/)[^/?\s\"']+")


def masked(text: str) -> str:
    """A path, or a line with one, without the secret in it."""
    return _SECRET.sub(r"\1•••", text)


class MaskSecrets(logging.Filter):
    """Masks them in every line that a handler writes; never drops one."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        clean = masked(said)
        if clean != said:
            record.msg, record.args = clean, ()
        return True
