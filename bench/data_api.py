#!/usr/bin/env python3
"""The data API beside its ceilings and its rivals, in one run. See README.md."""
import argparse
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from backend import SHARED, TOOLS, Run, free_port, harness, line, rate

WORKLOADS = ["rest_point", "rest_point_user", "rest_list100", "rest_embed2", "rest_insert", "rest_bulk1000", "rest_rpc",
             "mix_rest_during_signin", "idle_rss"]
# The statements that pgbench runs, by the workload that sends the same ones.
SAME_STATEMENTS = {"rest_point": "07_implicit_pipeline.sql", "rest_list100": "12_list100_pipeline.sql",
                   "rest_embed2": "11_embed_json.sql", "rest_insert": "10_insert_txn_pipeline.sql",
                   "rest_bulk1000": "14_bulk1000_json.sql"}


def listener(port):
    """The process that listens on a port."""
    for _ in range(100):
        found = re.search(rf":{port}\s.*?pid=(\d+)", subprocess.check_output(["ss", "-ltnp"], text=True))
        if found:
            return int(found.group(1))
        time.sleep(0.1)
    raise SystemExit(f"nothing listens on port {port}")


class Postgres:
    """A cluster of the benchmark's own, for the ceilings and for rivals that bring none."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        binaries = subprocess.check_output(["pg_config", "--bindir"], text=True).strip()
        self.bin = Path(binaries)
        folder.mkdir()
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        self.run("initdb", "-D", folder / "data", "-A", "trust", "-U", "postgres")
        options = f"-c shared_buffers=256MB -c port={self.port} -c unix_socket_directories={folder} -c listen_addresses=127.0.0.1"
        self.run("pg_ctl", "-D", folder / "data", "-l", folder / "log", "-o", options, "-w", "start")
        os.environ.update(PGHOST=str(folder), PGPORT=str(self.port), PGUSER="postgres")
        self.sql("postgres", command="create database bench")
        for file in ("roles", "schema", "rpc"):
            self.sql("bench", file=SHARED / "sql" / f"{file}.sql")

    def run(self, program, *arguments):
        command = [str(self.bin / program), *map(str, arguments)]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def sql(self, database, command=None, file=None):
        what = ["-c", command] if command else ["-f", str(file)]
        subprocess.run(["psql", "-q", "-d", database, *what], check=True, stdout=subprocess.DEVNULL)

    @property
    def pid(self):
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def stop(self):
        self.run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")


class DataRun(Run):
    """Ferrobase, with ceilings and rivals."""

    def ceiling(self, ferrobase, postgres, connections, depth):
        port = free_port()
        self.start(TOOLS / "limits", "rest", port, postgres.folder, connections, depth,
                   env={"JWT_SECRET": ferrobase["secret"]})
        return {"name": f"limit-{connections}x{depth}", "base": f"http://127.0.0.1:{port}", "anon": ferrobase["anon"],
                "pids": [listener(port), postgres.pid], "only": ["rest_point"]}

    def lite(self, home, driver, postgres):
        """`@supabase/lite` on SQLite, or on the benchmark's PostgreSQL."""
        project, port = self.folder / f"lite-{driver}", free_port()
        project.mkdir()
        (project / "node_modules").symlink_to(home / "node_modules")
        command = [home / "node_modules/node/bin/node", home / "node_modules/@supabase/lite/dist/cli/index.js", "--no-telemetry"]
        subprocess.run([*command, "init"], cwd=project, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        config = project / "supabase" / "config.toml"
        text = config.read_text().replace("port = 54321", f"port = {port}")
        pids, verb = [], "dev"
        if driver == "postgres":
            postgres.sql("postgres", command="create database lite")
            for file in ("roles", "schema", "rpc"):
                postgres.sql("lite", file=SHARED / "sql" / f"{file}.sql")
            address = f"postgres://postgres:none@127.0.0.1:{postgres.port}/lite"
            text = re.sub(r'driver = .*\nurl = .*', f'driver = "postgres"\nurl = "{address}"', text)
            pids, verb = [postgres.pid], "start"
        else:
            shutil.copy(SHARED / "sql" / "schema.sql", project / "supabase" / "schemas" / "schema.sql")
        config.write_text(text)
        self.start(*command, verb, cwd=project)
        keys = dict(line.split("=", 1) for line in (project / ".env").read_text().splitlines() if "=" in line)
        skip = ["auth_mfa"] + (["rest_rpc", "rest_bulk1000"] if driver == "sqlite" else [])
        return {"name": f"lite-{driver}", "base": f"http://127.0.0.1:{port}", "anon": keys["SUPABASE_PUBLISHABLE_KEY"],
                "service": keys["SUPABASE_SECRET_KEY"], "pids": [listener(port), *pids], "skip": skip}


def measure(bench, limits, servers, postgres, workloads):
    for server in servers:
        server.pin()
    for workload in workloads:
        rows = [(server.name, bench.run_one(server, workload)) for server in servers]
        if workload in SAME_STATEMENTS:
            clients = 4 if workload == "rest_bulk1000" else 8
            rows.append(("pgbench", limits.pgbench(str(SHARED / "pgbench" / SAME_STATEMENTS[workload]), clients, 4, True)))
        ours = next((answer for name, answer in rows if name == "ferrobase"), None)
        for name, answer in rows:
            if answer is None:
                continue
            if "error" in answer:
                print(f"{workload:24}{name:18} {answer['error']}", flush=True)
                continue
            base = rate(ours) if ours and name != "ferrobase" and workload != "idle_rss" else None
            print(line(workload, name, answer, base), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=lambda text: text.split(","), default=WORKLOADS, help="workloads, with commas")
    workloads = parser.parse_args().only
    folder = Path(tempfile.mkdtemp(prefix="ferrobase-bench-"))
    folder.chmod(0o755)
    run, postgres = DataRun(folder), Postgres(folder / "postgres")
    os.environ.update(LOADGEN=str(TOOLS / "loadgen"), LIMITS=str(TOOLS / "limits"), STATE=str(folder / "state"),
                      PG_PIDFILE=str(folder / "postgres" / "data" / "postmaster.pid"), OUT=os.devnull,
                      PATH=f"{postgres.bin}:{os.environ['PATH']}")
    bench = harness()
    import limits
    try:
        ours = run.ferrobase()
        rivals = []
        if "LITE_HOME" in os.environ:
            home = Path(os.environ["LITE_HOME"])
            rivals = [run.lite(home, driver, postgres) for driver in ("sqlite", "postgres")]
        for server in [ours, *rivals]:
            bench.seed(bench.Server(server))
        # The ceilings and pgbench read the same rows from a database of their own.
        rows = "insert into items select i, ('00000000-0000-4000-a000-' || lpad((i % 100)::text, 12, '0'))::uuid, i % 100, 'item number ' || i, (i % 1000) + 0.99, true, '2025-01-01', jsonb_build_object('k', i, 'tags', array['a', 'b', 'c'], 'note', 'a short note about item ' || i) from generate_series(1, 10000) i; insert into authors select i, 'author ' || i from generate_series(1, 500) i; insert into books select i, 1 + (i - 1) / 5, 'book title ' || i from generate_series(1, 2500) i; insert into reviews select i, 1 + (i - 1) / 4, i % 5, 'review body text ' || i from generate_series(1, 10000) i; analyze"
        postgres.sql("bench", command=rows)
        ceilings = [run.ceiling(ours, postgres, 4, 8), run.ceiling(ours, postgres, 8, 1)]
        measure(bench, limits, [bench.Server(server) for server in [*ceilings, ours, *rivals]], postgres, workloads)
    finally:
        run.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
