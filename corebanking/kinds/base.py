"""What a kind of import is: columns, a target table, references, and the statements of its commit.

A kind is one class. Its columns make the staging table; its references are joined by code; what follows
from `upsert` (what is new, what differs, the two writing statements) is written here once. A kind with
more to write adds checks, plan columns and statements. docs/imports.md shows how to add one.

All SQL is made of names that stand in this package, never of anything that was read from a file.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import models

from corebanking.cells import Cell
from corebanking.mapping import Mapping

UNCHANGED, CREATE, UPDATE, OLDER = "=", "c", "u", "o"


@dataclass(frozen=True)
class Column:
    """One canonical column. `keeps`: an empty cell of an update leaves the stored value alone; else it clears it."""

    name: str
    cell: Cell
    required: bool = False
    key: bool = False
    keeps: bool = True


@dataclass(frozen=True)
class Ref:
    """A code in the file that names a row of another table."""

    column: str
    into: str
    table: str
    by: str
    unknown: Any  # lazy sentence: why the row is rejected; None: the commit makes what is not there

    @property
    def alias(self) -> str:
        return f"r_{self.into}"


@dataclass(frozen=True)
class Write:
    """One column of the target: from a staged column, a reference or an expression over s (staged) and p (plan).

    `column` is the file's column it depends on; where that is absent the target is not touched.
    `new` is what a created row gets where the file says nothing. `only_new`: never updated.
    """

    target: str
    column: str
    value: str = ""
    new: str = "''"
    only_new: bool = False

    @property
    def expression(self) -> str:
        return self.value or f"s.{self.column}"


@dataclass(frozen=True)
class Check:
    """Rows of `s` (staged) joined with `p` (plan) that meet `when` are rejected: column and reason.

    `{stage}` and `{rejects}` in `when` stand for the import's own tables.
    """

    column: str
    when: str
    reason: Any
    needs: tuple[str, ...] = ()  # columns of the file without which there is nothing to check
    lacks: tuple[str, ...] = ()  # columns of the file with which another check is made
    repeats: bool = False  # a rejected row may be the reason to reject another one


@dataclass
class Scope:
    """One import while SQL runs: the tables of its staging and what is known of its file."""

    stage: str
    plan: str
    rejects: str
    present: frozenset[str]
    source_date: date
    acts: frozenset[str] = frozenset({CREATE, UPDATE, UNCHANGED, OLDER})  # what the plan holds, once judged
    params: dict[str, Any] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)  # parameters of the statements: %(name)s

    def has(self, column: str) -> bool:
        return column in self.present


def history_of(model: type[models.Model]) -> type[models.Model]:
    return model.pgh_event_model  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Undoing:
    """One import while it is taken back. Each tracked model has a table of what the import did to which row.

    Its columns: `id`, the history rows `before` (none where it was not tracked), `first` and `last` of the
    import, and whether the row was `made` or is `gone`.
    """

    kind: "type[Kind]"
    history_id: UUID
    at: datetime  # when the commit began, which stands in every row that it wrote by now()
    actor_id: int | None

    def table(self, model: type[models.Model]) -> str:
        return f"undo_{model._meta.db_table}"

    def history(self, model: type[models.Model]) -> str:
        return history_of(model)._meta.db_table

    @property
    def names(self) -> dict:
        """Parameters of every statement."""
        return {"history": self.history_id, "at": self.at, "actor": self.actor_id}


@dataclass(frozen=True)
class Change:
    """How the preview tells what an update does to one column: SQL over s, p and the target t.

    `beside`: the stored value stands, the file's is kept beside it.
    """

    column: str
    old: str
    when: str
    beside: str = "false"


class Kind:
    """The base of all kinds. Subclasses are declarations; instances are not kept."""

    code: ClassVar[str]
    label: ClassVar[Any]
    columns: ClassVar[tuple[Column, ...]]
    model: ClassVar[type[models.Model]]
    key: ClassVar[str] = ""  # the target's column that the (only) key column names; see `match` for others
    refs: ClassVar[tuple[Ref, ...]] = ()
    writes: ClassVar[tuple[Write, ...]] = ()
    inserts: ClassVar[dict[str, str]] = {}  # further target columns of a created row: SQL expressions
    checks: ClassVar[tuple[Check, ...]] = ()
    derived: ClassVar[tuple[tuple[str, str], ...]] = ()  # further staged columns: name, type
    plan_columns: ClassVar[tuple[tuple[str, str], ...]] = ()  # further plan columns: name, expression
    plan_joins: ClassVar[str] = ""
    covers: ClassVar[tuple[str, ...]] = (CREATE, UPDATE, UNCHANGED)  # acts whose rows Coverage keeps
    masks: ClassVar[bool] = False  # stored values are client data: the preview masks them
    undo_models: ClassVar[tuple[type[models.Model], ...]] = ()  # tracked tables it writes, the target first
    # Columns of those that follow from something else: their change is nobody's.
    computed: ClassVar[dict[type[models.Model], tuple[str, ...]]] = {}
    # Untracked tables it writes beside them, and when a row `r` there is an undone import's own.
    ledgers: ClassVar[dict[str, str]] = {}
    shown: ClassVar[tuple[str, ...]] = ()  # columns of the preview, identity first

    # -- staging, in Python ----------------------------------------------------------------------

    @classmethod
    def column(cls, name: str) -> Column:
        return next(column for column in cls.columns if column.name == name)

    @classmethod
    def key_columns(cls) -> tuple[str, ...]:
        return tuple(column.name for column in cls.columns if column.key)

    @classmethod
    def staged(cls) -> list[tuple[str, str]]:
        """Every column of the staging table after the row number."""
        return [(column.name, column.cell.sql) for column in cls.columns] + list(cls.derived)

    @classmethod
    def deriver(cls, mapping: Mapping, present: frozenset[str]) -> Callable[[list], list] | None:
        """A function from a row's parsed values (in the order of `columns`) to its derived ones.

        It raises RowRejected with a `column` attribute where the row cannot be taken.
        """
        return None

    # -- SQL -------------------------------------------------------------------------------------

    @classmethod
    def table(cls) -> str:
        return cls.model._meta.db_table

    @classmethod
    def match(cls) -> str:
        """How a staged row finds its target `t`. A reference may be used as `r_<into>.id`."""
        (column,) = cls.key_columns()
        return f"t.{cls.key} = s.{column}"

    @classmethod
    def writes_present(cls, scope: Scope) -> list[Write]:
        return [write for write in cls.writes if not write.column or scope.has(write.column)]

    @classmethod
    def written(cls, write: Write, *, now: str) -> str:
        """What an update leaves in a target column: an empty cell keeps or clears."""
        column = cls.column(write.column) if write.column else None
        if column is None or column.required:
            return write.expression
        otherwise = now if column.keeps else write.new
        if otherwise == "NULL":
            return write.expression
        return f"CASE WHEN s.{column.name} IS NULL THEN {otherwise} ELSE {write.expression} END"

    @classmethod
    def differs(cls, scope: Scope) -> str:
        """SQL: whether a matched row would be written. Uses t, s, and references as r_<into>."""
        tests = [
            f"t.{write.target} IS DISTINCT FROM ({cls.written(write, now=f't.{write.target}')})"
            for write in cls.writes_present(scope)
            if not write.only_new
        ]
        return " OR ".join(tests) or "false"

    @classmethod
    def plan_parts(cls, scope: Scope) -> tuple[list[tuple[str, str]], str]:
        """Further plan columns (name, expression) and the joins that they need."""
        return list(cls.plan_columns), cls.plan_joins

    @classmethod
    def linking(cls, scope: Scope) -> list[str]:
        """Statements over the whole plan, before any row is rejected, where rows of one file name each other."""
        return []

    @classmethod
    def settling(cls, scope: Scope) -> list[str]:
        """Statements over the plan of the good rows, where rows of one file bear on each other."""
        return []

    @classmethod
    def notes(cls, scope: Scope) -> list[str]:
        """Sentences for the preview: what the good rows would do beyond themselves."""
        return []

    @classmethod
    def acts(cls, scope: Scope) -> list[str]:
        """Plan columns that, where they are not null, say that more than the target is written."""
        return []

    @classmethod
    def older(cls, scope: Scope) -> str:
        """SQL: whether a newer export has already said more of a matched row. `v` is its coverage."""
        return f"v.as_of > DATE '{scope.source_date.isoformat()}'"

    @classmethod
    def keeps_coverage(cls) -> bool:
        """Whether the source date of each row is kept in Coverage, the row itself having no place for it."""
        return True

    @classmethod
    def statements(cls, scope: Scope) -> list[str]:
        """The writing statements of a commit, in order. `plan` holds ids for every row, new ones included."""
        found = [cls.insert_sql(scope)] if CREATE in scope.acts else []
        return [*found, cls.update_sql(scope)] if UPDATE in scope.acts else found

    @classmethod
    def insert_sql(cls, scope: Scope) -> str:
        values = {write.target: cls._new_value(write, scope) for write in cls.writes}
        values.update(cls.inserted(scope))
        return f"""
            INSERT INTO {cls.table()} (id, {", ".join(values)})
            SELECT p.target_id, {", ".join(values.values())}
            FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no
            WHERE p.act = 'c' ORDER BY p.target_id
        """

    @classmethod
    def inserted(cls, scope: Scope) -> dict[str, str]:
        """Further target columns of a created row: SQL expressions."""
        return cls.inserts

    @classmethod
    def _new_value(cls, write: Write, scope: Scope) -> str:
        if write.column and not scope.has(write.column):
            return cls._in_plan(write.new)
        expression = cls._in_plan(write.expression)
        if write.new == "NULL" or (write.column and cls.column(write.column).required):
            return expression
        return f"COALESCE({expression}, {cls._in_plan(write.new)})"

    @classmethod
    def update_sql(cls, scope: Scope, extra: str = "") -> str:
        sets = [
            f"{write.target} = {cls._in_plan(cls.written(write, now=f't.{write.target}'))}"
            for write in cls.writes_present(scope)
            if not write.only_new
        ]
        if extra:
            sets.append(extra)
        if not sets:
            return ""
        return f"""
            UPDATE {cls.table()} t SET {", ".join(sets)}
            FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no
            WHERE p.act = 'u' AND t.id = p.target_id
        """

    @classmethod
    def _in_plan(cls, expression: str) -> str:
        """References are joined only while planning; the plan keeps their ids."""
        for ref in cls.refs:
            expression = expression.replace(f"{ref.alias}.id", f"p.{ref.into}")
        return expression

    @classmethod
    def changes(cls, scope: Scope) -> list[Change]:
        """What an update may change, column by column, for the preview."""
        found: dict[str, Change] = {}
        codes = {f"{ref.alias}.id": ref for ref in cls.refs}
        for write in cls.writes_present(scope):
            if write.only_new or not write.column or write.column in found:
                continue
            old, ref = f"t.{write.target}::text", codes.get(write.value)
            if ref is not None:
                old = f"(SELECT x.{ref.by} FROM {ref.table} x WHERE x.id = t.{write.target})"
            left = cls._in_plan(cls.written(write, now=f"t.{write.target}"))
            found[write.column] = Change(write.column, old, f"t.{write.target} IS DISTINCT FROM ({left})")
        return list(found.values())

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        """Counts rows that we know and the file lacks; empty where that says nothing."""
        (column,) = cls.key_columns()
        return f"""
            SELECT count(*) FROM {cls.table()} t
            WHERE NOT EXISTS (SELECT 1 FROM {scope.stage} s WHERE s.{column} = t.{cls.key})
        """

    @classmethod
    def finish(cls, scope: Scope) -> None:
        """Last words of the commit, inside its transaction, in Python over SQL."""

    # -- undoing ---------------------------------------------------------------------------------

    @classmethod
    def undo_obstacles(cls, undoing: Undoing) -> list[str]:
        """Sentences: why the import cannot be taken back, beyond what is asked of every kind."""
        return []

    @classmethod
    def before_undo(cls, undoing: Undoing) -> None:
        """What must happen while the rows are still there."""

    @classmethod
    def after_undo(cls, undoing: Undoing) -> None:
        """What must be computed anew when the rows are back."""
