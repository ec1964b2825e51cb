"""`manage.py rotate_keys`: what is encrypted at rest moves to the newest key."""

from argparse import ArgumentParser
from typing import Any

from cryptography.exceptions import InvalidTag
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from clients.models import Client
from clients.search import document_hash
from clients.services import refresh_search
from common.crypto import decrypt, encrypt, is_newest


class Command(BaseCommand):
    """Encrypts every document number anew that another key than the newest holds.

    How to rotate: put a new key in front of FIELD_KEYS, restart, run this, then drop the old key. It may be
    stopped and run again: what is done is recognised by the key that a value names. After a change of
    HASH_KEY, `--hashes` recomputes the hashes by which a document is found.
    """

    help = "Encrypts document numbers with the newest of FIELD_KEYS; repeatable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--hashes", action="store_true", help="recompute the search hashes with HASH_KEY")
        parser.add_argument("--batch", type=int, default=1000, help="clients in one transaction (1000)")

    def handle(self, *args: Any, **options: Any) -> None:
        seen = encrypted = hashed = last = 0
        lost: list[int] = []
        while True:
            with transaction.atomic():
                batch = list(
                    Client.objects.filter(pk__gt=last, document_number__isnull=False)
                    .order_by("pk")
                    .select_for_update(of=("self",))
                    .only("pk", "document_number", "document_hash")[: options["batch"]]
                )
                if not batch:
                    break
                again, newly_hashed = [], []
                for client in batch:
                    stored = bytes(client.document_number or b"")
                    needs_key = not is_newest(stored)
                    if not needs_key and not options["hashes"]:
                        continue
                    try:
                        number = decrypt(stored)
                    except (KeyError, InvalidTag):
                        lost.append(client.pk)
                        continue
                    if needs_key:
                        client.document_number = encrypt(number)
                        again.append(client)
                    if options["hashes"] and client.document_hash != document_hash(number):
                        client.document_hash = document_hash(number)
                        newly_hashed.append(client)
                Client.objects.bulk_update(again, ["document_number"])
                Client.objects.bulk_update(newly_hashed, ["document_hash"])
                refresh_search([client.pk for client in newly_hashed])
            last = batch[-1].pk
            seen += len(batch)
            encrypted += len(again)
            hashed += len(newly_hashed)
            self.stdout.write(f"{seen} read, {encrypted} encrypted anew, {hashed} hashed anew")
        if lost:
            some = ", ".join(map(str, lost[:5]))
            raise CommandError(
                f"{len(lost)} cannot be opened with any of FIELD_KEYS (clients {some}): keep every old key."
            )
        self.stdout.write("Every document number is under the newest key.")
