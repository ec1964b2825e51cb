"""Document numbers at rest: keys rotate, tampering shows, `rotate_keys` moves everything to the newest."""

import base64

import pytest
from cryptography.exceptions import InvalidTag
from django.core.management import CommandError, call_command

from clients.models import Client
from clients.search import document_hash
from common.crypto import decrypt, encrypt, is_newest, keyed_hash
from tests.factories import ClientFactory


def _key(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


OLD, NEW = _key("o"), _key("n")


def test_same_text_never_looks_the_same_and_opens_to_itself():
    first, second = encrypt("X1234567L"), encrypt("X1234567L")
    assert first != second
    assert decrypt(first) == decrypt(second) == "X1234567L"


def test_old_values_open_while_their_key_is_kept(settings):
    settings.FIELD_KEYS = [OLD]
    stored = encrypt("X1")
    settings.FIELD_KEYS = [NEW, OLD]
    assert decrypt(stored) == "X1"
    assert not is_newest(stored)
    assert is_newest(encrypt("X1"))
    settings.FIELD_KEYS = [NEW]
    with pytest.raises(KeyError):
        decrypt(stored)


@pytest.mark.parametrize("place", [5, 17, -1])
def test_tampered_value_does_not_open(place):
    stored = bytearray(encrypt("X1234567L"))
    stored[place] ^= 1
    with pytest.raises(InvalidTag):
        decrypt(bytes(stored))


def test_keyed_hash_depends_on_the_key(settings):
    settings.HASH_KEY = "one"
    first = keyed_hash("X1")
    assert keyed_hash("X1") == first
    settings.HASH_KEY = "two"
    assert keyed_hash("X1") != first


def _with_documents(count: int) -> None:
    for number in range(count):
        ClientFactory(
            document_number=encrypt(f"DOC{number:05}"), document_hash=document_hash(f"DOC{number:05}")
        )


def test_rotation_moves_every_number_in_batches_and_again_does_nothing(db, settings, capsys):
    settings.FIELD_KEYS = [OLD]
    _with_documents(5)
    settings.FIELD_KEYS = [NEW, OLD]
    call_command("rotate_keys", batch=2)
    assert "5 read, 5 encrypted anew" in capsys.readouterr().out
    call_command("rotate_keys")
    assert "5 read, 0 encrypted anew" in capsys.readouterr().out
    settings.FIELD_KEYS = [NEW]
    numbers = {client.open_document_number() for client in Client.objects.exclude(document_number=None)}
    assert numbers == {f"DOC{number:05}" for number in range(5)}


def test_rotation_says_what_no_key_opens(db, settings):
    settings.FIELD_KEYS = [OLD]
    _with_documents(1)
    settings.FIELD_KEYS = [NEW]
    with pytest.raises(CommandError, match="1 cannot be opened"):
        call_command("rotate_keys")


def test_new_hash_key_is_followed_by_hashes_and_search(db, settings, capsys):
    _with_documents(1)
    settings.HASH_KEY = "another"
    call_command("rotate_keys", hashes=True)
    assert "1 hashed anew" in capsys.readouterr().out
    client = Client.objects.get()
    assert client.document_hash == document_hash("DOC00000")
    assert Client.objects.matching("DOC00000").get() == client
