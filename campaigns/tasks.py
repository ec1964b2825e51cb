"""Doorways for Celery: ids in, services called."""

from celery import shared_task

from campaigns.models import Piece
from campaigns.services.learning import settle_piece


@shared_task(name="campaigns.send_piece", time_limit=3600)
def send_piece(piece_id: int) -> None:
    """Write a piece to those who wait for it, or stop what waits of one that was withdrawn."""
    settle_piece(Piece.objects.get(pk=piece_id))
