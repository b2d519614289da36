"""Reaching into a register past the program that keeps it, as somebody with the database's own tools would."""

from __future__ import annotations

import sqlalchemy as sa

from formats.register_address import RegisterAddress, engine_of

_WORDS = {
    "sqlite": {"{octet}": "x'00'", "{other_officer}": "replace(entry, 'officer-1', 'officer-2')"},
    "postgresql": {
        "{octet}": r"'\x00'::bytea",
        "{other_officer}": "convert_to(replace(convert_from(entry, 'UTF8'), 'officer-1', 'officer-2'), 'UTF8')",
    },
}


def rewrite(address: str, *statements: str, drop_guards: bool = False) -> None:
    """Run statements on a register's tables.

    Args:
        address: Where it is.
        statements: SQL; ``{octet}`` stands for one zero octet, ``{other_officer}`` for an audit entry that names
            another officer.
        drop_guards: Remove every trigger before.
    """
    engine = engine_of(RegisterAddress.parse(address))
    try:
        with engine.begin() as connection:
            if drop_guards:
                _drop_guards(connection)
            script = ";\n".join(statements)
            for word, meaning in _WORDS[engine.dialect.name].items():
                script = script.replace(word, meaning)
            for statement in filter(None, script.split(";\n")):
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def _drop_guards(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        query = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
        )
    for name, table in connection.exec_driver_sql(query).all():
        on_table = "" if connection.dialect.name == "sqlite" else f" ON {table}"
        connection.exec_driver_sql(f"DROP TRIGGER {name}{on_table}")
