"""Taking a committed import back, by what history has kept of its commit.

What the import made is deleted, what it changed is put back, what it removed comes again. None of it happens
where somebody has changed a row since, or later rows refer to one that would go: half an undo is worse than
none. What counts as changed is a value, not a visit: a row that is again as the import left it may go back.
"""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from corebanking.kinds import Kind
from corebanking.kinds.base import Undoing, history_of
from corebanking.models import ImportJob
from corebanking.refusals import ImportRefused
from portfolio.models.product import Loaded


def take_back(*, kind: type[Kind], job_id: int, history_id: UUID, actor_id: int | None) -> None:
    """Undo inside the caller's transaction. Raises ImportRefused, saying how many rows stand in the way."""
    undoing = Undoing(kind, history_id, _began(kind, history_id), actor_id)
    with connection.cursor() as cursor:
        for model in kind.undo_models:
            _gather(cursor, undoing, model)
        obstacles = [
            *_changed(cursor, undoing),
            *_referred(cursor, undoing),
            *_forgotten(cursor, undoing),
            *kind.undo_obstacles(undoing),
        ]
        if obstacles:
            raise ImportRefused(" ".join(obstacles))
        try:
            kind.before_undo(undoing)
            _put_back(cursor, undoing)
            _uncover(cursor, undoing, job_id)
            kind.after_undo(undoing)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        except IntegrityError as error:
            raise ImportRefused(
                _("Rows that came since stand where former ones would return, so nothing was undone.")
            ) from error


def _began(kind: type[Kind], history_id: UUID) -> datetime:
    tracked = [model for model in kind.undo_models if not issubclass(model, Loaded)]
    for model in tracked:
        event = history_of(model)._default_manager.filter(pgh_context_id=history_id).first()
        if event is not None:
            return event.pgh_created_at  # type: ignore[attr-defined]
    if not tracked:  # it writes to ledgers alone: the import's own row changed at that moment
        event = history_of(ImportJob)._default_manager.filter(pgh_context_id=history_id).first()
        if event is not None:
            return event.pgh_created_at  # type: ignore[attr-defined]
    raise ImportRefused(_("This import changed nothing, so there is nothing to undo."))


def _columns(kind: type[Kind], model: type[Model], *, computed: bool = True) -> list[str]:
    """The columns of a model that its history keeps, but its key; quoted, for one is called "on"."""
    kept = {field.column for field in history_of(model)._meta.concrete_fields}
    left = {"id", *(() if computed else kind.computed.get(model, ()))}
    found = (f.column for f in model._meta.concrete_fields if f.column in kept and f.column not in left)
    return [connection.ops.quote_name(str(column)) for column in found]


# Added to nothing, lest the planner look for the row before by walking through all that came since.
_TRACKED = """
    SELECT u.*, (SELECT max(b.pgh_id + 0) FROM {history} b WHERE b.pgh_obj_id = u.id AND b.pgh_id < u.first) AS before
    FROM (
        SELECT pgh_obj_id AS id, min(pgh_id) AS first, max(pgh_id) AS last,
            bool_or(pgh_label = 'insert') AS made, bool_or(pgh_label = 'delete') AS gone
        FROM {history} WHERE pgh_context_id = %(history)s GROUP BY pgh_obj_id
    ) u WHERE NOT (u.made AND u.gone)
"""
# A ledger's row says which import made it; its history holds what was overwritten, as it was before.
_LOADED = """
    SELECT t.id, NULL::bigint AS first, NULL::bigint AS last, true AS made, false AS gone, NULL::bigint AS before
    FROM {table} t WHERE t.load = %(history)s
    UNION ALL
    SELECT pgh_obj_id, min(pgh_id), max(pgh_id), false, false, min(pgh_id)
    FROM {history} WHERE pgh_context_id = %(history)s AND pgh_label = 'update' GROUP BY pgh_obj_id
"""


def _gather(cursor, undoing: Undoing, model: type[Model]) -> None:
    """What the import did to which rows of a model; these rows stay locked."""
    table, history = undoing.table(model), undoing.history(model)
    cursor.execute(f"DROP TABLE IF EXISTS {table}")
    gathered = _LOADED if issubclass(model, Loaded) else _TRACKED
    cursor.execute(
        f"CREATE TEMP TABLE {table} ON COMMIT DROP AS "
        + gathered.format(table=model._meta.db_table, history=history),
        undoing.names,
    )
    cursor.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (id)")
    cursor.execute(f"ANALYZE {table}")
    cursor.execute(f"SELECT 1 FROM {model._meta.db_table} t JOIN {table} u ON u.id = t.id FOR UPDATE OF t")


def _changed(cursor, undoing: Undoing) -> list[str]:
    count = 0
    for model in undoing.kind.undo_models:
        columns = _columns(undoing.kind, model, computed=False)
        if issubclass(model, Loaded):
            # The first correction since kept the row as the import left it; without one it stands so.
            cursor.execute(
                f"""
                SELECT count(*) FROM {undoing.table(model)} u
                LEFT JOIN {model._meta.db_table} t ON t.id = u.id
                LEFT JOIN LATERAL (
                    SELECT * FROM {undoing.history(model)} e
                    WHERE e.pgh_obj_id = u.id AND e.pgh_id > COALESCE(u.last, 0) ORDER BY e.pgh_id LIMIT 1
                ) e ON true
                WHERE t.id IS NULL OR e.pgh_id IS NOT NULL
                    AND ({", ".join(f"t.{c}" for c in columns)}) IS DISTINCT FROM ({", ".join(f"e.{c}" for c in columns)})
                """
            )
            count += cursor.fetchone()[0]
            continue
        cursor.execute(
            f"""
            SELECT count(*) FROM {undoing.table(model)} u JOIN {undoing.history(model)} e ON e.pgh_id = u.last
            LEFT JOIN {model._meta.db_table} t ON t.id = u.id
            WHERE NOT u.gone AND (t.id IS NULL
                OR ({", ".join(f"t.{c}" for c in columns)}) IS DISTINCT FROM ({", ".join(f"e.{c}" for c in columns)}))
            """
        )
        count += cursor.fetchone()[0]
    if not count:
        return []
    said = ngettext(
        "%(count)s row of this import was changed since, so nothing was undone.",
        "%(count)s rows of this import were changed since, so nothing was undone.",
        count,
    )
    return [said % {"count": count}]


def _referred(cursor, undoing: Undoing) -> list[str]:
    """Rows that would be deleted though rows that this import did not make point at them."""
    count = 0
    for model in undoing.kind.undo_models:
        table = undoing.table(model)
        found = [
            f"SELECT r.{column} AS id FROM {other} r JOIN {table} u ON u.id = r.{column} AND u.made"
            f" WHERE NOT ({own})"
            for other, column, own in _pointing_at(undoing, model)
        ]
        if found:
            cursor.execute(f"SELECT count(*) FROM ({' UNION '.join(found)}) x", undoing.names)
            count += cursor.fetchone()[0]
    if not count:
        return []
    said = ngettext(
        "Later rows refer to %(count)s row that this import made, so nothing was undone.",
        "Later rows refer to %(count)s rows that this import made, so nothing was undone.",
        count,
    )
    return [said % {"count": count}]


def _pointing_at(undoing: Undoing, model: type[Model]) -> list[tuple[str, str, str]]:
    """Table and column of every foreign key to a model, and when a row `r` there is this import's own."""
    found = []
    for relation in model._meta.get_fields(include_hidden=True):
        field = getattr(relation, "field", None)
        if not (relation.auto_created and (relation.one_to_many or relation.one_to_one)) or field is None:
            continue
        if not field.db_constraint:  # history refers to what may be gone
            continue
        other = field.model
        own = undoing.kind.ledgers.get(other._meta.db_table, "false")
        if other in undoing.kind.undo_models:  # goes as well, or points elsewhere again
            own = f"EXISTS (SELECT 1 FROM {undoing.table(other)} o WHERE o.id = r.{other._meta.pk.column})"
        found.append((other._meta.db_table, field.column, own))
    return found


def _forgotten(cursor, undoing: Undoing) -> list[str]:
    """Changed rows of which history has nothing older: they came before it was kept."""
    count = 0
    for model in undoing.kind.undo_models:
        cursor.execute(
            f"SELECT count(*) FROM {undoing.table(model)} WHERE NOT made AND NOT gone AND before IS NULL"
        )
        count += cursor.fetchone()[0]
    if not count:
        return []
    said = ngettext(
        "What stood in %(count)s row before is not kept, so nothing was undone.",
        "What stood in %(count)s rows before is not kept, so nothing was undone.",
        count,
    )
    return [said % {"count": count}]


def _put_back(cursor, undoing: Undoing) -> None:
    """Deletions first: what was made may stand where something else returns."""
    for model in reversed(undoing.kind.undo_models):
        cursor.execute(
            f"DELETE FROM {model._meta.db_table} t USING {undoing.table(model)} u WHERE u.made AND t.id = u.id"
        )
    for model in undoing.kind.undo_models:
        columns = _columns(undoing.kind, model, computed=False)
        cursor.execute(
            f"""
            UPDATE {model._meta.db_table} t SET {", ".join(f"{c} = e.{c}" for c in columns)}
            FROM {undoing.table(model)} u JOIN {undoing.history(model)} e ON e.pgh_id = u.before
            WHERE NOT u.made AND NOT u.gone AND t.id = u.id
            """
        )
        columns = _columns(undoing.kind, model)
        cursor.execute(
            f"""
            INSERT INTO {model._meta.db_table} (id, {", ".join(columns)})
            SELECT u.id, {", ".join(f"e.{c}" for c in columns)}
            FROM {undoing.table(model)} u JOIN {undoing.history(model)} e ON e.pgh_id = COALESCE(u.before, u.last)
            WHERE u.gone
            """
        )


def _uncover(cursor, undoing: Undoing, job_id: int) -> None:
    """The export covers nothing any more, so that it or an older one can be loaded."""
    kind = undoing.kind
    if not kind.keeps_coverage():
        return
    cursor.execute(
        f"""
        DELETE FROM corebanking_coverage v WHERE v.kind = %s AND (v.job_id = %s
            OR v.object_id IN (SELECT id FROM {undoing.table(kind.model)} WHERE made))
        """,
        [kind.code, job_id],
    )
