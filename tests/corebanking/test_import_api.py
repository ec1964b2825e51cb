"""The API's imports: send, follow, decide, fetch what was set aside, take back."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from clients.models import Client
from corebanking import services
from corebanking.models import ImportJob
from tests.corebanking.conftest import GOOD, HEAD

IMPORTS = "/api/v1/imports/"


@pytest.fixture
def caller(erin, north, alice):
    found = APIClient()
    found.force_login(erin, backend="django.contrib.auth.backends.ModelBackend")
    return found


def _send(caller, text):
    file = SimpleUploadedFile("nightly.csv", text.encode())
    return caller.post(IMPORTS, {"kind": "clients", "file": file}, format="multipart")


def test_file_is_sent_followed_committed_and_taken_back(caller):
    sent = _send(caller, HEAD + GOOD + "K9,person,Bad,x,,,,NORTH,,,\n")
    assert (sent.status_code, sent.json()["state"]) == (202, "uploaded")
    address = f"{IMPORTS}{sent.json()['id']}/"
    services.check_import(job_id=sent.json()["id"])
    found = caller.get(address).json()
    assert (found["state"], found["read"], found["created"], found["rejected"]) == ("checked", 4, 3, 1)
    assert b"_reason" in b"".join(caller.get(f"{address}errors/").streaming_content)
    ordered = caller.post(f"{address}commit/", {"allow_rejected": True}, format="json")
    assert (ordered.status_code, ordered.json()["state"]) == (202, "committing")
    services.commit_import(actor=None, job_id=found["id"])
    assert caller.get(address).json()["state"] == "committed"
    assert Client.objects.count() == 3
    undone = caller.post(f"{address}undo/")
    assert (undone.status_code, undone.json()["state"]) == (200, "undone")
    assert undone.json()["undone_at"]
    assert not Client.objects.exists()


def test_undo_that_cannot_be_is_a_problem_in_words(caller, load):
    job = load(HEAD + GOOD)
    Client.objects.filter(number="K1").update(city="Toledo")
    ImportJob.objects.filter(pk=job.pk).update(history_id=None)
    answer = caller.post(f"{IMPORTS}{job.pk}/undo/")
    assert answer.status_code == 400
    assert "cannot be undone" in answer.content.decode()
    assert Client.objects.count() == 3


def test_import_without_rejects_has_no_error_file(caller, load):
    job = load(HEAD + GOOD)
    assert caller.get(f"{IMPORTS}{job.pk}/errors/").status_code == 404


@pytest.mark.parametrize("way", ["", "errors/", "commit/", "undo/"])
def test_imports_are_hidden_from_everybody_else(caller, load, alice, way):
    job = load(HEAD + GOOD)
    caller.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    ask = caller.post if way in ("commit/", "undo/") else caller.get
    assert ask(f"{IMPORTS}{job.pk}/{way}").status_code == 404
    assert ImportJob.objects.get(pk=job.pk).state == "committed"
