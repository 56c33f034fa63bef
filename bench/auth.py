#!/usr/bin/env python3
"""Auth beside the bare cost of its passwords, beside an older build, and with many users and sessions. See README.md."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from backend import CONFIG, TOOLS, Run, harness, line, rate

WORKLOADS = ["auth_signin", "auth_refresh", "auth_user", "auth_mfa"]
# The driver answers challenges as fast as it can; within one step of the clock that is the same code again.
SECOND_FACTOR = """[auth.mfa.totp]
reject_replayed_codes = false
enroll_enabled = true
verify_enabled = true
"""
MANY_USERS = """insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at, created_at, updated_at,
    raw_app_meta_data, raw_user_meta_data, is_sso_user, is_anonymous)
  select gen_random_uuid(), 'authenticated', 'authenticated', 'listed-' || i || '@example.com', '', now(),
    now() - make_interval(secs => i), now(), '{"provider":"email","providers":["email"]}',
    jsonb_build_object('full_name', 'Person ' || i), false, false
  from generate_series(1, 100000) i"""
MANY_SESSIONS = """with added as (
    insert into auth.sessions (id, user_id, created_at, updated_at, aal)
      select gen_random_uuid(), u.id, now() - interval '1 hour', now(), 'aal1'
      from (select distinct user_id as id from auth.sessions) u, generate_series(1, 1000) returning id, user_id),
  methods as (insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
      select gen_random_uuid(), id, now(), now(), 'password' from added)
  insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, session_id)
    select '00000000-0000-0000-0000-000000000000', substr(md5(id::text), 1, 12), user_id, false, now(), now(), id from added"""
PAGES = ["page=1&per_page=50", "page=1000&per_page=50", "page=1&per_page=50&filter=%40example.com", "page=1&per_page=50&filter=listed-77777"]


def sql(server, *statements):
    for statement in statements:
        subprocess.run(["psql", "-q", server.d["db"], "-c", statement], check=True, stdout=subprocess.DEVNULL)


def compare(bench, servers, workloads):
    for workload in workloads:
        rows = [(server.name, bench.run_one(server, workload)) for server in servers]
        ours = rows[0][1]
        for name, answer in rows:
            if not rate(answer):
                print(f"{workload:24}{name:18} {answer}")
                continue
            print(line(workload, name, answer, rate(ours) if name != "ferrobase" else None), flush=True)


def passwords():
    """How many of the passwords' hashes one core makes in a second."""
    answer = subprocess.run(["taskset", "-c", "0", TOOLS / "limits", "crypto"], capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout)
    print("bare cost, one core:     ", {name: value for name, value in found.items() if "bcrypt" in name}, flush=True)


def pages(server):
    """How long an administrator waits for a page of 100,000 users; one request after the other."""
    sql(server, MANY_USERS, "vacuum analyze auth.users")
    for query in PAGES:
        request = urllib.request.Request(f"{server.base}/auth/v1/admin/users?{query}", headers=server.h(server.service))
        waited = []
        for _ in range(60):
            begun = time.perf_counter()
            with urllib.request.urlopen(request) as answer:
                assert json.load(answer)["users"], query
            waited.append((time.perf_counter() - begun) * 1000)
        waited.sort()
        print(f"100,000 users           {query:42} p50 {statistics.median(waited):.1f} p95 {waited[56]:.1f} ms", flush=True)


def sessions(bench, server):
    """Refreshing while every user of the driver has a thousand more sessions."""
    before = bench.run_one(server, "auth_refresh")
    sql(server, MANY_SESSIONS, "analyze auth.sessions", "analyze auth.refresh_tokens", "analyze auth.mfa_amr_claims")
    after = bench.run_one(server, "auth_refresh")
    print(line("few sessions", server.name, before, None))
    print(line("1,000 sessions a user", server.name, after, None), f" {rate(after) / rate(before):.2f} times few sessions", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beside", type=Path, help="an older ferrobase binary, measured in the same run")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[*WORKLOADS, "pages", "sessions"],
                        help="workloads, `pages`, `sessions`, with commas")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ferrobase-bench-"))
    folder.chmod(0o755)
    os.environ.update(LOADGEN=str(TOOLS / "loadgen"), STATE=str(folder / "state"))
    run, bench = Run(folder), harness()
    try:
        started = [run.ferrobase(config=CONFIG + SECOND_FACTOR)]
        if chosen.beside:
            started.append(run.ferrobase("beside", chosen.beside, CONFIG + SECOND_FACTOR))
        servers = [bench.Server({**server, "only": WORKLOADS}) for server in started]
        for server in servers:
            bench.seed(server)
            server.pin()
        if "auth_signin" in chosen.only:
            passwords()
        compare(bench, servers, [name for name in WORKLOADS if name in chosen.only])
        if "sessions" in chosen.only:
            sessions(bench, servers[0])
        if "pages" in chosen.only:
            pages(servers[0])
    finally:
        run.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
