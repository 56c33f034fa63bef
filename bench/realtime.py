#!/usr/bin/env python3
"""Realtime beside a bare relay, in one run. See README.md."""
import argparse
import base64
import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from backend import CONFIG, HERE, PROJECT, TOOLS, Run, free_port, harness

PARTS = ["fanout", "latency", "idle", "changes", "users", "joins"]
SUBSCRIBERS = 500
SQL = """
create table public.open_changes (id int primary key, body text);
create table public.user_changes (id int primary key, body text);
alter table public.user_changes enable row level security;
create table public.teams (who uuid primary key, team int);
insert into public.teams select ('00000000-0000-4000-a000-' || lpad(n::text, 12, '0'))::uuid, 1 from generate_series(0, 999) n;
grant select on public.open_changes, public.user_changes, public.teams to anon, authenticated;
create policy "team" on public.user_changes for select to authenticated
  using (exists (select from public.teams t where t.who = (select auth.uid()) and t.team = 1));
create policy "members read" on realtime.messages for select to authenticated
  using (extension = 'broadcast' and (select auth.uid()) is not null);
alter publication supabase_realtime add table public.open_changes, public.user_changes, public.inserts;
"""
NODE = PROJECT / "e2e" / "node_modules" / "node" / "bin" / "node"
SERVER_CPU, DRIVER_CPU = "0", "1"


def token(secret, number):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    claims = {"role": "authenticated", "sub": f"00000000-0000-4000-a000-{number:012}", "exp": int(time.time()) + 86400}
    text = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    signature = base64.urlsafe_b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).rstrip(b"=")
    return (text + b"." + signature).decode()


def loadgen(command, **options):
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    done = subprocess.run(["taskset", "-c", DRIVER_CPU, TOOLS / "loadgen", command, *words], capture_output=True, text=True, timeout=300)
    return json.loads(done.stdout.strip().splitlines()[-1])


def load(what, **given):
    done = subprocess.run(["taskset", "-c", DRIVER_CPU, NODE, HERE / "realtime_load.mjs", what], input=json.dumps(given), capture_output=True,
                          text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def tree(pid):
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
    return [pid] + [below for child in listed for below in tree(int(child))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--binary", default=None)
    given = parser.parse_args()
    parts = given.only.split(",")
    with tempfile.TemporaryDirectory(prefix="ferrobase-bench-") as folder:
        os.chmod(folder, 0o755)
        run = Run(Path(folder))
        try:
            measure(run, parts, given.binary)
        finally:
            run.stop()


def measure(run, parts, binary):
    os.sched_setaffinity(0, {int(SERVER_CPU)})
    server = run.ferrobase(**({"binary": Path(binary).resolve()} if binary else {}), config=CONFIG)
    relay = free_port()
    if "fanout" in parts:
        run.start(TOOLS / "limits", "ws", relay)
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", server["db"], "-c", SQL], check=True)
    time.sleep(1)
    common = {"apikey": server["anon"], "secs": 5}
    if "fanout" in parts:
        bare = loadgen("fanout", base=f"127.0.0.1:{relay}", subs=1000, **common)
        ours = loadgen("fanout", base=server["base"].removeprefix("http://"), subs=1000, **common)
        print(f"broadcast to 1,000: relay {bare['rps']:.0f}, ferrobase {ours['rps']:.0f} deliveries/s: {ours['rps'] / bare['rps']:.2f}", flush=True)
        half = ours["rps"] / 2 / 1000
        calm = loadgen("fanout", base=server["base"].removeprefix("http://"), subs=1000, rate=half, **common)
        print(f"  at half of that: p50 {calm['p50_ms']:.2f} p99 {calm['p99_ms']:.2f} ms", flush=True)
    if "latency" in parts:
        for subscribers in (1, 100):
            got = loadgen("dbchange", base=server["base"].removeprefix("http://"), subs=subscribers, rate=100, **common)
            print(f"100 changes/s to {subscribers}: p50 {got['p50_ms']:.2f} p99 {got['p99_ms']:.2f} ms (insert {got.get('insert_p50_ms')})", flush=True)
    if "joins" in parts:
        tokens = [token(server["secret"], number) for number in range(100)]
        for lanes in (1, 32):
            print("private joins,", lanes, "at once:", load("joins", url=server["base"], key=server["anon"], tokens=tokens, lanes=lanes,
                  joins=5000 if lanes > 1 else 1000), flush=True)
    if "changes" in parts:
        print(f"{SUBSCRIBERS} subscribers without RLS:", flush=True)
        for result in load("changes", url=server["base"], key=server["anon"], tokens=[server["anon"]] * SUBSCRIBERS, db=server["db"],
                           table="open_changes", rates=[100, 500, 1000, 2000, 4000]):
            print("  ", result, flush=True)
    if "users" in parts:
        tokens = [token(server["secret"], number) for number in range(SUBSCRIBERS)]
        print(f"{SUBSCRIBERS} users under RLS:", flush=True)
        for result in load("changes", url=server["base"], key=server["anon"], tokens=tokens, db=server["db"], table="user_changes",
                           rates=[100, 300, 600, 1000, 2000]):
            print("  ", result, flush=True)
    if "idle" in parts:
        pids = ",".join(str(pid) for pid in server["pids"])
        got = loadgen("wsidle", base=server["base"].removeprefix("http://"), subs=10000, pids=pids, **common)
        print("10,000 idle sockets:", got, flush=True)


if __name__ == "__main__":
    main()
