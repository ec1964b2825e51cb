"""What clients may learn from: articles and cases, and to whom each was sent."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from campaigns.querysets import PieceQuerySet
from clients.models import Client
from clients.querysets import OfClientQuerySet
from common.history import tracked
from interactions.models import ClientMessage


@tracked()
class Piece(models.Model):
    """An article or a case. Its words stand in `PieceWords`, one set a language."""

    class Kind(models.TextChoices):
        ARTICLE = "article", _("Article")
        CASE = "case", _("Case")

    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.ARTICLE)
    language = models.CharField(max_length=10)  # of the words that are there at least
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)  # from then on its words stay as they are
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = PieceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-written_at", "-id"], name="piece_latest")]

    def __str__(self) -> str:
        return self.title

    def words(self, language: str | None = None) -> "PieceWords":
        """Title and text in a language, else in the piece's own. Rows come with `wordings`."""
        found = {row.language: row for row in self.wordings.all()}
        return found.get(language or get_language() or "") or found[self.language]

    @property
    def title(self) -> str:
        return self.words().title


@tracked()
class PieceWords(models.Model):
    """A piece in one language. Paragraphs are separated by empty lines; there is no markup."""

    piece = models.ForeignKey(Piece, models.CASCADE, related_name="wordings")
    language = models.CharField(max_length=10)
    title = models.CharField(_("title"), max_length=150)
    body = models.TextField(_("text"), max_length=40000)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["piece", "language"], name="piece_words_once"),
            models.CheckConstraint(condition=~Q(title="") & ~Q(body=""), name="piece_words_are_written"),
        ]


@tracked(exclude=["key"])
class PieceSending(models.Model):
    """That a client was sent a piece: never twice. `opened_at`: when the personal link was first followed."""

    piece = models.ForeignKey(Piece, models.CASCADE, related_name="sendings", db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="piece_sendings")
    language = models.CharField(max_length=10)
    key = models.CharField(max_length=24)  # makes the personal link
    message = models.OneToOneField(
        ClientMessage, models.SET_NULL, null=True, blank=True, related_name="piece_sending"
    )
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True, blank=True)

    objects = OfClientQuerySet.as_manager()

    merge_rule = "keep"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["piece", "client"], name="piece_sent_once")]
