"""What a gateway may report. The class says what is known about the outside world; that alone decides what follows."""


class GatewayError(Exception):
    """What went wrong, in words without an address or a client's data."""


class NotSent(GatewayError):
    """Nothing has left the house: it may be tried again later, not before `wait` seconds where the other side asked."""

    def __init__(self, words: str, *, wait: int = 0) -> None:
        super().__init__(words)
        self.wait = wait


class Refused(GatewayError):
    """The other side said no for good: trying again is of no use."""


class Unclear(GatewayError):
    """It may have reached the outside world: never repeated by a machine."""
