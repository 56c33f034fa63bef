"""What the benchmarks share: where things are, and servers that they start and stop."""
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
SHARED = Path(os.environ.get("SHARED_BENCH", PROJECT.parent / "shared" / "bench"))
FERROBASE = PROJECT / "target" / "release" / "ferrobase"
TOOLS = PROJECT / "target" / "bench" / "release"
CONFIG = """project_id = "bench"
[api]
port = 0
[db]
port = 0
[inbucket]
enabled = false
[auth.email]
enable_confirmations = false
[auth.rate_limit]
sign_in_sign_ups = 1000000
token_refresh = 1000000
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def harness():
    """The shared harness; the environment that it reads must be set before."""
    sys.path.insert(0, str(SHARED))
    import bench
    return bench


class Run:
    """Everything that was started."""

    def __init__(self, folder):
        self.folder, self.children = folder, []

    def start(self, *command, cwd=None, env=None):
        child = subprocess.Popen([str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})},
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.children.append(child)
        return child

    def stop(self):
        for child in self.children:
            try:
                os.killpg(child.pid, signal.SIGTERM)
                child.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                child.kill()

    def ferrobase(self, name="ferrobase", binary=FERROBASE, config=CONFIG):
        project = self.folder / name
        (project / "supabase").mkdir(parents=True)
        (project / "supabase" / "config.toml").write_text(config)
        child = self.start(binary, "start", "--workdir", project)
        for _ in range(300):
            status = subprocess.run([binary, "status", "-o", "json", "--workdir", project], capture_output=True, text=True)
            if status.returncode == 0:
                break
            time.sleep(0.1)
        keys = json.loads(status.stdout)
        for file in ("schema", "rpc"):
            subprocess.run(["psql", "-q", keys["DB_URL"], "-f", SHARED / "sql" / f"{file}.sql"], check=True)
        time.sleep(1)
        return {"name": name, "db": keys["DB_URL"], "base": keys["API_URL"], "anon": keys["ANON_KEY"],
                "service": keys["SERVICE_ROLE_KEY"], "pids": [child.pid], "secret": keys["JWT_SECRET"]}


def rate(answer):
    return answer.get("rps") or answer.get("tps") or answer.get("pairs_per_s")


def line(workload, name, answer, base):
    if workload == "idle_rss":
        return f"{workload:24}{name:18}{answer.get('pss_mb', 0):8.1f} MB, PostgreSQL included"
    told = f"{workload:24}{name:18}{rate(answer):9.0f}/s"
    if "p50_ms" in answer:
        told += f"  p50 {answer['p50_ms']:.2f} p99 {answer['p99_ms']:.2f} ms"
    cpu = answer.get("cpu_us_per_req", answer.get("pg_cpu_us"))
    told += f"  cpu {cpu:.0f} µs" if cpu else ""
    told += f"  errors {answer['errors']}" if answer.get("errors") else ""
    return told + (f"  ferrobase has {base / rate(answer):.2f} times that" if base else "")
