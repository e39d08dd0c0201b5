"""A healthy week under all rules: traffic by the hours of the day, an idle night, deployments, restarts, vacuum, backups, a
fresh start. Nothing may fire, at any minute of it. And a week in which one thing is not healthy says so."""
import math
import pathlib
import subprocess
import unittest

from faults import world
from support.servers import scratch

STEP = 5  # minutes
DAY = 24 * 60 // STEP
STEPS = 7 * DAY


def busy(step):
    """How much there is to do: little at night, most in the afternoon, half of it on the weekend; for three hours of the
    third night nothing at all."""
    hour, day = step % DAY * STEP / 60, step // DAY
    if day == 3 and 1 <= hour < 4:
        return 0
    return max(0.02, 0.5 - 0.48 * math.cos((hour - 3) / 24 * 2 * math.pi)) * (0.5 if day >= 5 else 1)


def between(step, day, begin, minutes):
    """Whether `step` is within `minutes` from the minute `begin` of that day on (None: every day)."""
    minute = step % DAY * STEP
    return (day is None or step // DAY == day) and begin <= minute < begin + minutes


class Week:
    """What becomes of the world's series: a factor for what counts traffic, and what happens at certain times."""
    TRAFFIC = ("node_network_receive_bytes", "node_network_transmit_bytes", "node_network_receive_packets",
               "node_network_transmit_packets", "node_disk_", "pg_stat_database_xact", "pg_stat_database_active",
               "pg_stat_database_blks", "pg_stat_database_temp", "redis_keyspace", "redis_commands", "redis_cpu",
               "kong_", "realtime_channel", "node_vmstat_pgmajfault", "node_pressure_io", "redis_total_error_replies",
               "alertmanager_notifications_total", "loki_request_duration_seconds_count{method")
    # series begins with -> (day, minute, for minutes, value or factor of the rate)
    GAUGES = {
        # Backups at 03:00: one connection more, a long transaction, a busy disk; the archive is a little behind.
        "pg_stat_activity_max_tx_duration": [(None, 180, 25, lambda v, n: 300 * n + 1)],
        "basewatch_postgres_client_connections ": [(None, 180, 25, lambda v, n: v + 5)],
        "basewatch_postgres_archive_ready_files": [(None, 180, 25, lambda v, n: 20)],
        "basewatch_postgres_archive_recovery_point_age_seconds": [(None, 180, 25, lambda v, n: 240)],
        "node_procs_blocked": [(None, 180, 25, lambda v, n: 6)],
        # A deployment on the second day at 10:00: migrations wait for locks, pods come and go.
        "basewatch_postgres_blocked_longest_seconds": [(1, 600, 5, lambda v, n: 12)],
        "basewatch_postgres_blocked_sessions": [(1, 600, 5, lambda v, n: 4)],
        "node_load15": [(1, 600, 20, lambda v, n: 2.5), (None, 180, 25, lambda v, n: 2)],
        # Memory is used by day.
        "node_memory_MemAvailable_bytes": [(None, 600, 600, lambda v, n: v * 0.5)],
        "basewatch_postgres_role_connections{": [(None, 840, 120, lambda v, n: v * 2)],
        "redis_connected_clients": [(None, 840, 120, lambda v, n: v * 10)],
        # Autovacuum is about to be due and runs; a snapshot forks.
        "basewatch_postgres_table_vacuum_due_ratio": [(None, 300, 120, lambda v, n: 1.3)],
        "redis_latest_fork_seconds": [(None, 120, 30, lambda v, n: 0.2)],
        "supabase_auth_users_created_last_hour": [(None, 720, 240, lambda v, n: 15)],
        "supabase_cron_job_running_seconds": [(None, 60, 20, lambda v, n: 300 * n)],
        "supabase_net_queued_requests": [(1, 600, 10, lambda v, n: 150)],
    }
    RATES = {
        "node_disk_": [(None, 180, 25, 8)],
        "node_pressure_io_stalled_seconds_total": [(None, 180, 25, 20)],
        "pg_stat_database_blks_read": [(None, 180, 25, 30)],
        # The deployment loses a few requests.
        'kong_http_requests_total{code="500"': [(1, 600, 5, 3)],
        "pg_stat_database_xact_rollback": [(1, 600, 5, 4)],
        "realtime_channel_error": [(1, 600, 5, 2)],
    }
    # Restarts: the time of a start moves, counters begin anew. (series, day, minute)
    RESTARTS = [("redis/", 2, 660), ("basewatch/process_start_time_seconds", 1, 600)]

    def values(self, series):
        begin, rate = world.steps(series.value)
        if series.own.startswith("backup_last_success"):  # at 03:30 each night
            return [max(0, (step // DAY if step % DAY * STEP >= 210 else step // DAY - 1) * 86400 + 210 * 60)
                    for step in range(STEPS)]
        if series.own.startswith("backup_last_size"):  # it grows, and on one night somebody had cleaned up
            return [begin * (1 + 0.01 * (step // DAY)) * (0.8 if step // DAY == 4 else 1) for step in range(STEPS)]
        if series.own.startswith(("redis_rdb_last_save", "node_textfile_mtime", "node_time_seconds",
                                  "supabase_cron_job_last_start", "loki_compactor")):
            return [step * STEP * 60 for step in range(STEPS)]
        traffic = series.own.startswith(self.TRAFFIC)
        restart = next((day * DAY + minute // STEP for key, day, minute in self.RESTARTS
                        if series.is_meant(key) and series.instance != "db-1/replica"), None)
        out, value = [], begin
        for step in range(STEPS):
            if rate == 0 and not series.value.startswith("+"):
                now = begin
                for key, events in self.GAUGES.items():
                    for day, start, span, change in events:
                        if series.is_meant(key) and between(step, day, start, span):
                            now = change(begin, (step % DAY * STEP - start) // STEP)
                if restart is not None and step >= restart and series.own.endswith("start_time_seconds"):
                    now = restart * STEP * 60
                if series.own.startswith("pg_database_size_bytes"):
                    now = begin + 2e7 * step / DAY
                out.append(now)
                continue
            if step == restart:
                value = 0
            factor = busy(step) if traffic else 1
            for key, events in self.RATES.items():
                for day, start, span, more in events:
                    if series.is_meant(key) and between(step, day, start, span):
                        factor *= more
            value += rate * STEP * factor
            out.append(value)
        # The idle time of a processor is what the rest leaves.
        return out

    def series(self):
        return [(each.text, " ".join(f"{value:.10g}" for value in self.values(each))) for each in world.healthy()]


def fired(series, folder, steps=STEPS):
    """promtool's words on whether anything but the heartbeat ever fired within these steps."""
    path = pathlib.Path(folder) / "week_test.yml"
    expr = 'sum by (alertname) (count_over_time(ALERTS{alertstate="firing",alertname!="Heartbeat"}[8d])) > 0'
    text = world.head(f"{STEP}m") + world.case("a week", f"{STEP}m", series, [((steps - 1) * STEP, expr, [])])
    path.write_text(text)
    done = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


class HealthyWeek(unittest.TestCase):
    def test_nothing_fires(self):
        with scratch() as folder:
            status, said = fired(Week().series(), folder)
        self.assertEqual(0, status, said)

    def test_a_fault_in_it_would_be_seen(self):
        series = [(name, values if not name.startswith("redis_rdb_last_bgsave_status{")
                   else f"1x{DAY // 2} 0x5 1x{STEPS}") for name, values in Week().series() if 'job="redis"' in name]
        with scratch() as folder:
            status, said = fired(series, folder, DAY)
        self.assertEqual(1, status, said)
        self.assertIn('{alertname="RedisSnapshotFailing"}', said)


if __name__ == "__main__":
    unittest.main()
