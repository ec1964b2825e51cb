"""What can be wrong with a file, a row or a request."""


class ImportRefused(Exception):
    """The whole file, or the act asked for, is refused. The text is one sentence for people."""


class RowRejected(Exception):
    """One cell cannot be taken. The text is the reason; `column` is set by who knows it."""

    column = ""
