"""Who follows when a client changes: rooms above register here what they must set right at once.

`AppConfig.ready()` of the room adds its function; services here call them inside their own transaction.
"""

from collections.abc import Callable, Iterable

Follower = Callable[[list[int]], object]

_on_status: list[Follower] = []
_on_rhythm: list[Follower] = []


def follow(*, status: Follower | None = None, rhythm: Follower | None = None) -> None:
    """Register a function that gets client ids: after a change of status, of tier, agreement or book."""
    if status is not None and status not in _on_status:
        _on_status.append(status)
    if rhythm is not None and rhythm not in _on_rhythm:
        _on_rhythm.append(rhythm)


def status_changed(client_ids: Iterable[int]) -> None:
    """Tell everybody that clients may have another status. Repeatable."""
    _tell(_on_status, client_ids)


def rhythm_changed(client_ids: Iterable[int]) -> None:
    """Tell everybody that clients may be due on another day. Repeatable."""
    _tell(_on_rhythm, client_ids)


def _tell(followers: list[Follower], client_ids: Iterable[int]) -> None:
    ids = list(client_ids)
    if ids:
        for follower in followers:
            follower(ids)
