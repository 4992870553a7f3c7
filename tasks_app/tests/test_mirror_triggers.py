"""Triggers queue exactly what changes a mirrored row, whatever way it is changed."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tasks_app.mirror.kinds import Watched
from tasks_app.mirror.state import quietly
from tasks_app.mirror.triggers import PREFIX, after_migrate, before_migrate, ensure_triggers
from tasks_app.models import MirrorState, OutboxEntry, RunRequest
from tasks_app.tests.mirror_toys import ToyKind, ToyServer, add_toy, sql

pytestmark = pytest.mark.django_db


def versions() -> dict[int, int]:
    return dict(OutboxEntry.objects.values_list("local_id", "version"))


def triggers() -> dict[str, str]:
    return dict(sql(f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{PREFIX}%'"))


@pytest.fixture
def ball(toy_server: ToyServer) -> int:
    """A toy that nothing waits for."""
    with quietly():
        return add_toy("Ball")


def test_an_entry_counts_changes_and_keeps_the_last_name(ball: int) -> None:
    sql("UPDATE toy SET note = 'x'")
    sql("UPDATE toy SET name = 'Better ball'")
    sql("DELETE FROM toy")
    [entry] = OutboxEntry.objects.all()
    assert (entry.kind, entry.local_id, entry.name, entry.version) == ("toy", ball, "Better ball", 3)
    assert (entry.state, entry.attempts, entry.reason, entry.conflict, entry.wishes) == ("waiting", 0, "", {}, {})
    assert entry.queued_at is not None


def test_an_update_that_changes_nothing_is_not_queued(ball: int) -> None:
    sql("UPDATE toy SET name = name, note = ''")
    assert versions() == {}


def test_columns_that_are_not_mirrored_are_not_queued(ball: int) -> None:
    sql("UPDATE toy SET plays = plays + 1")
    assert versions() == {}


def test_a_value_that_becomes_null_is_a_change(ball: int) -> None:
    sql("UPDATE toy SET box_id = 4")
    sql("UPDATE toy SET box_id = NULL")
    assert versions() == {ball: 2}


def test_rows_of_a_row_concern_their_owner_both_owners_when_they_move(ball: int) -> None:
    with quietly():
        other = add_toy("Other")
        sql("INSERT INTO toy_tag(toy_id, tag, position) VALUES (%s, 'a', 0)", [ball])
    sql("UPDATE toy_tag SET toy_id = %s", [other])
    assert versions() == {ball: 1, other: 1}
    sql("DELETE FROM toy_tag")
    assert versions() == {ball: 1, other: 2}


def test_rows_that_are_not_mirrored_are_passed_over_and_noticed_when_that_changes(ball: int) -> None:
    foreign = add_toy("Foreign", is_ours=0)
    sql("UPDATE toy SET name = 'Still foreign' WHERE id = %s", [foreign])
    assert versions() == {}
    sql("UPDATE toy SET is_ours = 1 WHERE id = %s", [foreign])
    assert versions() == {foreign: 1}
    sql("UPDATE toy SET is_ours = 0 WHERE id = %s", [foreign])
    assert versions() == {foreign: 2}
    sql("DELETE FROM toy WHERE id = %s", [foreign])
    assert versions() == {foreign: 2}


def test_whatever_the_statement_says_about_clashes_the_entry_is_counted(ball: int) -> None:
    """The policy of an outer "OR IGNORE" would replace that of plain inserts in a trigger."""
    sql("UPDATE toy SET note = 'x'")
    sql("UPDATE OR IGNORE toy SET note = 'y'")
    sql("UPDATE OR REPLACE toy SET note = 'z'")
    assert versions() == {ball: 3}
    sql("INSERT OR IGNORE INTO toy_tag(toy_id, tag, position) VALUES (%s, 'a', 0)", [ball])
    sql("INSERT OR REPLACE INTO toy_tag(toy_id, tag, position) VALUES (%s, 'b', 1)", [ball])
    sql("INSERT INTO toy_tag(id, toy_id, tag) VALUES (1, %s, 'c') ON CONFLICT(id) DO UPDATE SET tag = 'd'", [ball])
    assert versions() == {ball: 6}


def test_a_change_that_is_rolled_back_waits_for_nothing(ball: int) -> None:
    with transaction.atomic():
        sql("UPDATE toy SET note = 'x'")
        assert versions() == {ball: 1}
        transaction.set_rollback(True)
    assert versions() == {}
    assert not RunRequest.objects.exists()


def test_silence_ends_with_its_transaction_also_when_that_fails(ball: int) -> None:
    def fail() -> None:
        with quietly():
            sql("UPDATE toy SET note = 'x'")
            raise IntegrityError

    with pytest.raises(IntegrityError):
        fail()
    assert not MirrorState.objects.get().quiet
    sql("UPDATE toy SET note = 'y'")
    assert versions() == {ball: 1}


@pytest.mark.parametrize(("state", "after"), [("parked", "waiting"), ("conflict", "conflict"), ("waiting", "waiting")])
def test_a_new_edit_is_a_new_chance_but_settles_no_conflict(ball: int, state: str, after: str) -> None:
    sql("UPDATE toy SET note = 'x'")
    OutboxEntry.objects.update(
        state=state, reason="No.", attempts=3, next_attempt_at="2030-01-01T00:00Z", conflict={"a": 1}, wishes={"fields": ["*"]}
    )
    sql("UPDATE toy SET note = 'y'")
    [entry] = OutboxEntry.objects.all()
    assert (entry.state, entry.attempts, entry.next_attempt_at, entry.wishes) == (after, 0, None, {})
    assert entry.reason == ("No." if state == "conflict" else "")
    assert entry.conflict == {"a": 1}


def test_thousands_of_letters_and_nulls_in_a_name_stop_nothing(ball: int) -> None:
    pk = add_toy("<script>" + "ä" * 5000)
    assert len(OutboxEntry.objects.get(local_id=pk).name) == 512


def test_a_run_is_asked_for_once_and_not_before_an_outage_is_expected_to_end(ball: int) -> None:
    later = timezone.now() + timedelta(minutes=10)
    MirrorState.objects.update(retry_at=later)
    sql("UPDATE toy SET note = 'x'")
    sql("UPDATE toy SET note = 'y'")
    [request] = RunRequest.objects.all()
    assert request.due_at == later
    assert request.parameters == {}


def test_the_request_is_the_one_that_the_engine_would_make(ball: int) -> None:
    from tasks_app.engine import request_run_soon

    sql("UPDATE toy SET note = 'x'")
    request_run_soon("deliver_outbox")
    assert RunRequest.objects.count() == 1


def test_no_entry_and_no_trigger_counts_as_a_changed_row_of_the_statement(ball: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE toy SET note = 'x'")
        assert cursor.rowcount == 1
        cursor.execute("INSERT INTO toy(name) VALUES ('New')")
        assert cursor.lastrowid == sql("SELECT max(id) FROM toy")[0][0]


def test_they_are_made_again_when_lost_or_different_and_left_alone_otherwise(toy_server: ToyServer) -> None:
    made = triggers()
    assert len(made) == 3 * 3 + 2
    ensure_triggers()
    assert triggers() == made
    sql(f'DROP TRIGGER "{PREFIX}toy_0_update"')
    sql(f'DROP TRIGGER "{PREFIX}toy_0_insert"')
    sql(f'CREATE TRIGGER "{PREFIX}toy_0_insert" AFTER INSERT ON toy BEGIN SELECT 1; END')
    sql(f'CREATE TRIGGER "{PREFIX}old_0_insert" AFTER INSERT ON toy BEGIN SELECT 1; END')
    ensure_triggers()
    assert triggers() == made


def test_a_column_that_is_not_there_is_told(toy_server: ToyServer) -> None:
    class Wrong(ToyKind):
        watched = (Watched("toy", columns=("colour",)),)

    with pytest.raises(LookupError, match="colour"):
        ensure_triggers([Wrong()])


def test_kinds_whose_tables_are_in_an_older_state_go_without_and_stop_no_migration(
    toy_server: ToyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql("ALTER TABLE toy_tag RENAME COLUMN position TO place")
    after_migrate(using="default")
    assert {name.removeprefix(PREFIX).split("_")[0] for name in triggers()} == {"kick", "box"}


def test_all_columns_count_when_none_are_named(toy_server: ToyServer) -> None:
    class Whole(ToyKind):
        watched = (Watched("toy"),)

    ensure_triggers([Whole()])
    pk = add_toy("Ball")
    sql("UPDATE toy SET plays = 4")
    assert versions() == {pk: 2}


def test_they_go_before_a_migration_and_come_back_after_it(toy_server: ToyServer) -> None:
    before_migrate(using="default", plan=[])
    assert triggers()
    before_migrate(using="default", plan=["something"])
    assert triggers() == {}
    after_migrate(using="default")
    assert triggers()


def test_the_registered_kinds_have_their_triggers_after_every_migrate(db: None) -> None:
    from tasks_app.mirror.kinds import all_kinds

    wanted = {f"{PREFIX}{kind.name}_{number}_update" for kind in all_kinds() for number in range(len(kind.watched))}
    assert wanted <= set(triggers())


@pytest.mark.django_db(transaction=True)
def test_a_table_can_be_rebuilt_by_a_migration_although_triggers_name_it() -> None:
    """SQLite refuses to rename a table while a trigger names one that is not there."""
    ensure_triggers()
    try:
        call_command("migrate", "tasks_app", "0012", verbosity=0)
        assert OutboxEntry._meta.db_table in connection.introspection.table_names()
    finally:
        call_command("migrate", "tasks_app", verbosity=0)
    assert triggers()
