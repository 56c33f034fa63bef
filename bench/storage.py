#!/usr/bin/env python3
"""Storage beside nginx, beside its SQL alone, and beside bare writes, in one run. See README.md."""
import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from backend import CONFIG, PROJECT, TOOLS, Run, free_port, harness, line, rate

SETTINGS = CONFIG + """[storage]
file_size_limit = "1GiB"
[storage.image_transformation]
cache_size = 0
"""
PARTS = ["get", "get_user", "put", "first_byte", "large", "list", "render"]
SECONDS = 5
LARGE_MB = 200
ROUNDS = 5
USER = "00000000-0000-4000-a000-000000000001"
SCHEMA = """
create policy bench_read on storage.objects for select to authenticated
  using (bucket_id in ('private', 'many') and (select auth.uid()) is not null);
create policy bench_write on storage.objects for insert to authenticated
  with check (bucket_id = 'private' and owner_id = (select auth.uid())::text);
insert into storage.objects (bucket_id, name, version, metadata)
  select 'many', case when i % 2 = 0 then 'folder/' || i % 1000 || '/' else '' end || 'file-' || lpad(i::text, 6, '0') || '.bin',
    gen_random_uuid()::text, '{"eTag": "\\"x\\"", "size": 10240, "mimetype": "application/octet-stream", "cacheControl": "no-cache"}'
  from generate_series(1, 100000) i;
vacuum analyze storage.objects;
"""
# What the server sends for a read: of a public bucket, and besides that as the user of a private one.
FIND = """\\set i random(1, 20)
select o.id, o.version, o.metadata, o.user_metadata, o.created_at, o.updated_at, b.public
  from storage.buckets b left join storage.objects o on o.bucket_id = b.id and o.name = 'k' || :i || '.bin' where b.id = 'BUCKET';
"""
FIND_AS_USER = FIND + """\\startpipeline
begin;
select set_config('role', 'authenticated', true), set_config('request.jwt.claim.role', 'authenticated', true),
  set_config('request.jwt', 'token', true), set_config('request.jwt.claim.sub', 'USER', true),
  set_config('request.jwt.claims', '{"role":"authenticated","sub":"USER"}', true), set_config('request.headers', '{}', true),
  set_config('request.method', 'GET', true), set_config('request.path', '/', true), set_config('storage.operation', 'x', true),
  set_config('storage.allow_delete_query', 'true', true), set_config('statement_timeout', '30000', true);
select id, version, metadata, user_metadata, created_at, updated_at
  from storage.objects where bucket_id = 'BUCKET' and name = 'k' || :i || '.bin';
rollback;
\\endpipeline
"""
LISTS = [("root", "list", {"prefix": "", "limit": 100}), ("folder", "list", {"prefix": "folder/10", "limit": 100}),
         ("folders", "list", {"prefix": "folder", "limit": 100}), ("root v2", "list-v2", {"prefix": "", "limit": 100, "with_delimiter": True}),
         ("folder v2", "list-v2", {"prefix": "folder/10/", "limit": 100, "with_delimiter": True})]
# Each of `workers` processes writes new files of 10 KB and syncs file and folder for some seconds.
BARE_WRITES = """
import os, sys, time
root, workers, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
for folder in range(256):
    os.makedirs(f"{root}/{folder:02x}", exist_ok=True)
body, results = b"x" * 10240, []
for worker in range(workers):
    read, write = os.pipe()
    if os.fork() == 0:
        done, end = 0, time.time() + seconds
        while time.time() < end:
            folder = f"{root}/{os.urandom(1).hex()}"
            file = os.open(f"{folder}/{worker}-{done}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(file, body); os.fsync(file); os.close(file)
            file = os.open(folder, os.O_RDONLY); os.fsync(file); os.close(file)
            done += 1
        os.write(write, str(done).encode()); os._exit(0)
    os.close(write); results.append(read)
print(sum(int(os.read(read, 20)) for read in results) / seconds)
"""
BARE_WRITE = """
import os, sys, time
body, begun = b"x" * (1 << 20), time.time()
file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT, 0o600)
for _ in range(int(sys.argv[2])): os.write(file, body)
os.fsync(file)
folder = os.open(os.path.dirname(sys.argv[1]), os.O_RDONLY); os.fsync(folder)
print(int(sys.argv[2]) / (time.time() - begun))
"""
NGINX = """worker_processes 1; pid {root}/nginx.pid; error_log {root}/nginx.log; {user}
events {{ worker_connections 256; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; default_type application/octet-stream;
  client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3; uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
  server {{ listen 127.0.0.1:{port}; root {root}/files; }} }}
"""


def on_server_core(*command):
    answer = subprocess.run(["nice", "-n", "-5", "taskset", "-c", "0", *map(str, command)], capture_output=True, text=True, check=True)
    return answer.stdout


class Storage:
    """Ferrobase with its buckets, and nginx with the same files."""

    def __init__(self, run, bench, keys):
        self.bench, self.run, self.server = bench, run, bench.Server(keys)
        self.token = bench.jwt(keys["secret"], {"role": "authenticated", "sub": USER, "aud": "authenticated", "exp": int(time.time()) + 36000})
        self.user = {"apikey": keys["anon"], "authorization": f"Bearer {self.token}"}
        self.base, self.db = keys["base"] + "/storage/v1", keys["db"]
        for name in ("bench", "private", "many"):
            self.call("POST", "/bucket", {"id": name, "name": name, "public": name == "bench"})
        subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", self.db], input=SCHEMA, text=True, check=True)
        self.files = run.folder / "nginx" / "files"
        self.files.mkdir(parents=True)
        for i in range(1, 21):
            self.add(f"k{i}.bin", os.urandom(10240), ["bench", "private"])
        self.add("1mb.bin", os.urandom(1 << 20), ["bench"])
        self.add("large.bin", b"Z" * (LARGE_MB << 20), ["bench"])
        self.nginx = self.start_nginx()
        for server in (self.server, self.nginx):
            server.pin()

    def call(self, method, path, body):
        kind = {"content-type": "application/octet-stream"} if isinstance(body, bytes) else {}
        status, answer = self.bench.call(method, self.base + path, {**self.server.h(self.server.service), **kind}, body)
        assert status == 200, (path, status, answer)
        return answer

    def add(self, name, content, buckets):
        for bucket in buckets:
            self.call("POST", f"/object/{bucket}/{name}", content)
        (self.files / name).write_bytes(content)

    def start_nginx(self):
        root, port = self.files.parent, free_port()
        (root / "nginx.conf").write_text(NGINX.format(root=root, port=port, user="user root;" if os.getuid() == 0 else ""))
        child = self.run.start(shutil.which("nginx") or "/usr/sbin/nginx", "-c", root / "nginx.conf", "-g", "daemon off;")
        time.sleep(0.5)
        return self.bench.Server({"name": "nginx", "base": f"http://127.0.0.1:{port}", "pids": [child.pid]})

    def pgbench(self, text, clients=16):
        """How often a second PostgreSQL runs a script, on the core where it serves."""
        script = self.run.folder / "script.sql"
        script.write_text(text)
        answer = subprocess.run(["nice", "-n", "-5", "taskset", "-c", "1", "pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(clients),
                                 "-T", "4", self.db], capture_output=True, text=True)
        found = re.search(r"tps = ([\d.]+)", answer.stdout)
        return {"tps": float(found.group(1))} if found else sys.exit(answer.stderr)

    def load(self, name, spec, server=None, **more):
        return self.bench.http(server or self.server, name, spec, secs=SECONDS, **more)

    def show(self, workload, rows):
        ours = rate(rows[0][1])
        for name, answer in rows:
            print(line(workload, name, answer, None if answer is rows[0][1] else ours), answer.get("first_error", ""), flush=True)

    # The parts.

    def get(self):
        public = {"path": "/storage/v1/object/public/bench/k{{rand:1:20}}.bin", "headers": {}, "minlen": 10240}
        rows = [("ferrobase", self.load("get", public)),
                ("nginx", self.load("get", {"path": "/k{{rand:1:20}}.bin", "headers": {}, "minlen": 10240}, self.nginx)),
                ("pgbench", self.pgbench(FIND.replace("BUCKET", "bench")))]
        self.show("public GET 10 KB", rows)

    def get_user(self):
        path = "/storage/v1/object/authenticated/private/k{{rand:1:20}}.bin"
        rows = [("ferrobase", self.load("get_user", {"path": path, "headers": self.user, "minlen": 10240})),
                ("pgbench", self.pgbench(FIND_AS_USER.replace("BUCKET", "private").replace("USER", USER)))]
        self.show("authenticated GET 10 KB", rows)

    def put(self):
        headers = {**self.user, "content-type": "application/octet-stream"}
        ours = self.load("put", {"method": "POST", "path": "/storage/v1/object/private/p{{uuid}}.bin", "headers": headers, "body": "x" * 10240})
        bare = on_server_core("python3", "-c", BARE_WRITES, self.run.folder / "bare", 16, SECONDS)
        self.show("upload 10 KB", [("ferrobase", ours), ("write and fsync", {"rps": float(bare)})])

    def first_byte(self):
        """From the request to the first byte of the body, one request after the other."""
        host, port = self.server.hostport.split(":")
        for name in ("k1.bin", "1mb.bin", "large.bin"):
            waited = []
            for _ in range(20):
                with socket.create_connection((host, int(port))) as connection:
                    begun, answer = time.perf_counter(), b""
                    connection.sendall(f"GET /storage/v1/object/public/bench/{name} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
                    while not answer.partition(b"\r\n\r\n")[2]:
                        answer += connection.recv(4096)
                    waited.append((time.perf_counter() - begun) * 1000)
                    left = int(re.search(rb"content-length: (\d+)", answer)[1]) - len(answer.partition(b"\r\n\r\n")[2])
                    while left:
                        left -= len(connection.recv(min(left, 1 << 20)))
            waited.sort()
            print(f"{'first byte':24}{name:18} p50 {statistics.median(waited):.2f} p95 {waited[18]:.2f} ms", flush=True)

    def large(self):
        """Medians of rounds that take turns; the greatest growth of memory, PostgreSQL included."""
        common = {"mb": LARGE_MB, "headers": "".join(f"{k}: {v}\\r\\n" for k, v in {**self.server.h(self.server.service), "x-upsert": "true"}.items())}
        path = "/storage/v1/object/bench/large.bin"
        rounds, files, bare = [], [], []
        for i in range(ROUNDS):
            rounds.append(self.bench.lg("blob", self.server, "large", up=path, down=path.replace("bench/", "public/bench/"), **common))
            files.append(self.bench.lg("blob", self.nginx, "large", up_method="NONE", up="", down="/large.bin", **common))
            bare.append(float(on_server_core("python3", "-c", BARE_WRITE, self.run.folder / f"bare-{i}", LARGE_MB)))
        for answer in (*rounds, *files):
            if "down_mb_s" not in answer or answer.get("up_error"):
                sys.exit(json.dumps(answer))
        up, down = (statistics.median(answer[name] for answer in rounds) for name in ("up_mb_s", "down_mb_s"))
        nginx, bare = statistics.median(answer["down_mb_s"] for answer in files), statistics.median(bare)
        grown = [max(answer[name] - answer["idle_mb"] for answer in rounds) for name in ("peak_up_mb", "peak_down_mb")]
        print(f"{'200 MB up':24}{up:6.0f} MB/s, {up / bare:.2f} of a bare write ({bare:.0f}); memory grew by {grown[0]:.0f} MB")
        print(f"{'200 MB down':24}{down:6.0f} MB/s, {down / nginx:.2f} of nginx ({nginx:.0f}); memory grew by {grown[1]:.0f} MB")
        for key in ("up_mb_s", "down_mb_s", "cpu_s_server", "idle_mb", "peak_up_mb", "peak_down_mb"):
            print(f"{'':24}{key:18}", [answer[key] for answer in rounds], [answer["down_mb_s"] for answer in files] if key == "down_mb_s" else "", flush=True)

    def list(self):
        """A page of 100 of 100,000 objects as a user with policies, one request after the other."""
        for name, route, body in LISTS:
            request = urllib.request.Request(f"{self.base}/object/{route}/many", json.dumps(body).encode(),
                                             {**self.user, "content-type": "application/json"})
            waited = []
            for _ in range(60):
                begun = time.perf_counter()
                with urllib.request.urlopen(request) as answer:
                    found = json.load(answer)
                waited.append((time.perf_counter() - begun) * 1000)
            rows = found if isinstance(found, list) else found["objects"] + found["folders"]
            assert len(rows) == 100, (name, len(rows))
            waited.sort()
            print(f"{'list 100 of 100,000':24}{name:18} p50 {statistics.median(waited):.1f} p95 {waited[56]:.1f} ms", flush=True)

    def render(self):
        """JPEG of 1600x1200 to WebP 400 pixels wide, nothing cached, and the steps of it alone."""
        tool = PROJECT / "target" / "release" / "examples" / "image_steps"
        photo = self.run.folder / "photo.jpg"
        steps = json.loads(on_server_core(tool, photo))
        headers = {**self.server.h(self.server.service), "content-type": "image/jpeg"}
        status, answer = self.bench.call("POST", self.base + "/object/bench/photo.jpg", headers, photo.read_bytes())
        assert status == 200, answer
        spec = {"path": "/storage/v1/render/image/public/bench/photo.jpg?width=400", "headers": {"accept": "image/webp"}, "minlen": 1000}
        ours = self.load("render", spec, conns=4)
        ours.pop("cpu_us_per_req")  # Of threads that have ended nothing is known.
        print(line("render 1600x1200 → 400", "ferrobase", ours, None), f" {rate(ours) * steps['all_ms'] / 1000:.2f} times its steps one after the other:")
        print(f"{'':24}", ", ".join(f"{name} {value}" for name, value in steps.items()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=lambda text: text.split(","), default=PARTS, help=f"of {', '.join(PARTS)}, with commas")
    parser.add_argument("--binary", type=Path, default=PROJECT / "target" / "release" / "ferrobase", help="another build of ferrobase")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ferrobase-bench-"))
    folder.chmod(0o755)
    os.environ.update(LOADGEN=str(TOOLS / "loadgen"), STATE=str(folder / "state"))
    run, bench = Run(folder), harness()
    try:
        storage = Storage(run, bench, run.ferrobase(binary=chosen.binary, config=SETTINGS))
        for part in chosen.only:
            getattr(storage, part)()
    finally:
        run.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
