"""`create_application NAME --as STAFF_NUMBER --scope …`: a machine gets its id and secret, once."""

import json

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from common.api.machines import create_application
from staff.models import User


class Command(BaseCommand):
    help = "Create an OAuth 2 client-credentials application that acts with one staff member's sight."

    def add_arguments(self, parser) -> None:
        parser.add_argument("name", help="what the machine is called, for instance “core banking”")
        parser.add_argument("--as", dest="staff_number", required=True, help="whose sight it acts with")
        parser.add_argument(
            "--scope",
            dest="scopes",
            action="append",
            required=True,
            help="a scope it may ask for; repeat for more",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, name: str, staff_number: str, scopes: list[str], json: bool, **options) -> None:
        user = User.objects.active().filter(staff_number=staff_number).first()
        if user is None:
            raise CommandError(f"There is no active staff member {staff_number}.")
        try:
            application, secret = create_application(actor=user, name=name, scopes=scopes)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(_told(application.client_id, secret, as_json=json))


def _told(client_id: str, secret: str, *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"client_id": client_id, "client_secret": secret})
    return f"client_id      {client_id}\nclient_secret  {secret}\nThe secret is not kept: write it down now."
