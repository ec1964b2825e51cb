"""Small helpers of pages: a header holds plain characters only, whatever stands in the address."""

import pytest
from django.urls import reverse

from common.text import is_id
from tests.factories import ActionFactory


def test_way_back_from_htmx_is_an_address_that_a_header_can_hold(signed_in, alice, carla):
    action = ActionFactory(client=carla)
    answer = signed_in(alice).post(
        reverse("action-done", args=[action.pk]),
        {"next": "/today/?q=王\nX-Y: z"},
        headers={"HX-Request": "true"},
    )
    assert answer["HX-Redirect"] == "/today/?q=%E7%8E%8B%0AX-Y:%20z"


@pytest.mark.parametrize(
    "address",
    [
        "/contacts/log/?client=N-1&action=²",
        "/client/N-1/contact/permits/?channel=call&action=²",
        "/client/N-1/contact/permits/?channel=call&theme=²",
        "/client/N-1/contact/permits/?channel=call&theme=99999999999999999999",
        "/today/arrivals/?seen=²",
    ],
)
def test_digits_that_are_no_number_do_no_harm(address, signed_in, alice, carla):
    assert signed_in(alice).get(address).status_code in (200, 302)


@pytest.mark.parametrize("text", ["", "²", "٣", "-1", "1" * 19, " 1"])
def test_only_plain_numbers_are_ids(text):
    assert not is_id(text)


@pytest.mark.parametrize("what", ["hand-over", "everything"])
def test_only_what_has_a_way_back_is_undone(what, signed_in, alice, carla):
    action = ActionFactory(client=carla)
    assert signed_in(alice).post(reverse("action-undo", args=[action.pk, what])).status_code == 404
