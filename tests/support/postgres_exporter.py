"""Debian's postgres_exporter, which ours is compared with."""
import os
import pathlib

from support.servers import Server, address, get, wait_until

# Of pg_statio_user_tables, by the names that postgres_exporter gives them itself in 0.20.
BLOCKS = {f"{part}_blocks_{how}": f"{part}_blks_{how}"
          for part in ("heap", "idx", "toast", "tidx") for how in ("read", "hit")}


def table_queries(views):
    """The queries file that people give it, which has no tables of its own: {view: {metric's name: SQL}}, counters
    all of them, labelled by table."""
    lines = []
    for view, columns in views.items():
        selected = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        lines += [f"{view}:", f'  query: "SELECT current_database() AS datname, schemaname, relname, {selected} FROM {view}"',
                  "  metrics:"]
        kinds = dict.fromkeys(("datname", "schemaname", "relname"), "LABEL") | dict.fromkeys(columns, "COUNTER")
        lines += [f"    - {name}: {{usage: {kind}, description: {name}}}" for name, kind in kinds.items()]
    return "\n".join(lines) + "\n"


class PostgresExporter(Server):
    """Watches the database `postgres` with the rights of the monitoring role, as a role of its own: ours may open
    a few connections only."""
    ROLE = """CREATE ROLE peer LOGIN PASSWORD 'watch' IN ROLE basewatch;
        INSERT INTO pg_db_role_setting SELECT setdatabase, 'peer'::regrole, setconfig FROM pg_db_role_setting
        WHERE setrole = 'basewatch'::regrole"""

    def __init__(self, folder, server, views):
        where = f"{address()}:9187"
        self.page_url = f"http://{where}/metrics"
        queries = pathlib.Path(folder) / "queries.yml"
        queries.write_text(table_queries(views))
        super().__init__(["prometheus-postgres-exporter", f"--web.listen-address={where}",
                          f"--extend.query-path={queries}"], ready="Listening on",
                         env=dict(os.environ, DATA_SOURCE_NAME=f"postgresql://peer:watch@{server.host}:5432/postgres"
                                                               "?sslmode=disable"))
        wait_until("the peer answers", lambda: get(self.page_url)[0] == 200)
