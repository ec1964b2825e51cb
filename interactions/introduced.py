"""The tree of introductions as one person may see it, with what every branch of it brought."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from clients.introduced import Introduced, Introductions
from clients.models import Client
from clients.sight import shown_name, shown_native, shown_words
from portfolio.assets import assets_of, by_size, summed
from staff.models import User

PAGE = 25  # branches of the client on one page
FOLD = 5  # of each of those
FOLDS = {2: FOLD, 3: 3}  # by depth; below it one each, or a tree of thousands would be a page of thousands
DRAWN = 5  # steps that are drawn; what is deeper is counted and summed


class IntroductionTree:
    """Sums go through clients out of sight to those below them; of whom is out of sight nothing is summed."""

    def __init__(
        self,
        user: User,
        client: Client,
        found: Introductions,
        *,
        seen: dict[int, Client],
        assets: dict[int, dict[str, Decimal]],
    ) -> None:
        self.user, self.client, self.seen, self.assets = user, client, seen, assets
        self.came, self.is_cut = found.came, found.is_cut
        self.below: dict[int, list[Introduced]] = {}
        for one in found.brought:
            self.below.setdefault(one.by_id, []).append(one)
        self.sums: dict[int, dict[str, Decimal]] = {}
        self.counts: dict[int, int] = {}  # clients in sight, of a branch with its own client
        self.hidden: dict[int, int] = {}  # clients out of sight, likewise
        for one in reversed(found.brought):
            self._add_up(one.client_id, is_seen=one.client_id in seen)
        self._add_up(client.pk, is_seen=False)

    def _add_up(self, pk: int, *, is_seen: bool) -> None:
        under = [one.client_id for one in self.below.get(pk, [])]
        own = self.assets.get(pk, {}) if is_seen else {}
        self.sums[pk] = summed([own, *(self.sums[one] for one in under)])
        self.counts[pk] = int(is_seen) + sum(self.counts[one] for one in under)
        self.hidden[pk] = int(not is_seen and pk != self.client.pk) + sum(self.hidden[one] for one in under)

    def total(self) -> dict:
        """Everything the client brought, without what the client has."""
        pk = self.client.pk
        return {"amounts": by_size(self.sums[pk]), "count": self.counts[pk], "hidden": self.hidden[pk]}

    def introducer(self) -> dict | None:
        """Who brought the client, with a name where the viewer may read one."""
        if self.came is None:
            return None
        by = self.seen.get(self.came.by_id)
        return {
            "client": by,
            "name": shown_name(self.user, by) if by else _("A client outside your book"),
            "native": shown_native(self.user, by) if by else "",
            "on": self.came.on,
            "note": shown_words(self.user, self.came.note) if by else "",
        }

    def branches(self, *, start: int = 0, most: int = PAGE) -> dict:
        return self._branches(self.client.pk, 1, start, most)

    def _branches(self, pk: int, depth: int, start: int, most: int) -> dict:
        """The drawn branches below a client, how many more there are, and those of whom nothing may be drawn."""
        drawn = [one for one in self.below.get(pk, []) if self.counts[one.client_id]]
        kept = {one.client_id for one in drawn}
        hidden = sum(
            self.hidden[one.client_id] for one in self.below.get(pk, []) if one.client_id not in kept
        )
        if depth > DRAWN:
            deeper = sum(self.counts[one.client_id] for one in drawn)
            return {"rows": [], "more": 0, "hidden": hidden, "deeper": deeper}
        shown = drawn[start : start + most]
        return {
            "rows": [self._branch(one, depth) for one in shown],
            "more": max(len(drawn) - start - len(shown), 0),
            "hidden": hidden,
            "deeper": 0,
        }

    def _branch(self, one: Introduced, depth: int) -> dict:
        client = self.seen.get(one.client_id)
        return {
            "client": client,
            "name": shown_name(self.user, client)
            if client
            else _("1 client outside your book; assets not shown"),
            "native": shown_native(self.user, client) if client else "",
            "on": one.on,
            "note": shown_words(self.user, one.note) if client else "",
            "own": by_size(self.assets.get(one.client_id, {})) if client else [],
            "total": by_size(self.sums[one.client_id]),
            "has_others": self.counts[one.client_id] > int(client is not None),
            "below": self._branches(one.client_id, depth + 1, 0, FOLDS.get(depth + 1, 1)),
        }


def tree_of(
    user: User, client: Client, found: Introductions, *, seen: dict[int, Client], on: date
) -> IntroductionTree:
    """The tree with the assets of those in sight; one query."""
    below: Collection[int] = {one.client_id for one in found.brought} & set(seen)
    return IntroductionTree(user, client, found, seen=seen, assets=assets_of(below, on))
