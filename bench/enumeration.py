#!/usr/bin/env python3
"""Whether answers of Auth tell by the clock who has an account: medians and overlap for known and unknown addresses.

    bench/enumeration.py [--rounds 200] [--mail MS] [--binary PATH]

Overlap is the share that two distributions have in common, in bins of equal weight: 100 % = the same, 0 % = one answer tells.
`noise` is the overlap of the known ones' halves with each other: what the same distribution shows with so few rounds.
`--mail` makes every mail take that long, as a mail server far away does.
"""
import argparse
import http.client
import json
import statistics
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from backend import FERROBASE

PASSWORD = "correct horse 1"
BINS = 8


def mail_hook(milliseconds):
    """A send_email hook that takes its time."""
    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            time.sleep(milliseconds / 1000)
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return (f"[auth.hook.send_email]\nenabled = true\nuri = \"http://127.0.0.1:{server.server_port}/\"\n"
            "secrets = \"v1,whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=\"\n")


class Backend:
    def __init__(self, binary, further):
        self.folder = tempfile.TemporaryDirectory()
        Path(self.folder.name).chmod(0o755)
        supabase = Path(self.folder.name, "supabase")
        supabase.mkdir()
        (supabase / "config.toml").write_text(
            "[auth.email]\nenable_confirmations = true\nmax_frequency = \"1ms\"\n"
            "[auth.sms]\nenabled = true\nenable_confirmations = true\nmax_frequency = \"1ms\"\n"
            "[auth.rate_limit]\nemail_sent = 1000000\nsms_sent = 1000000\n" + further)
        self.process = subprocess.Popen([binary, "start", "--ephemeral", "--workdir", self.folder.name],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        state = supabase / ".ferrobase" / "run" / "server.json"
        for _ in range(600):
            if state.exists():
                break
            time.sleep(0.1)
        self.state = json.loads(state.read_text())
        self.connection = http.client.HTTPConnection(urlsplit(self.state["API_URL"]).netloc)

    def post(self, path, body, key="ANON_KEY"):
        """Status and seconds."""
        headers = {"apikey": self.state[key], "authorization": f"Bearer {self.state[key]}", "content-type": "application/json"}
        started = time.perf_counter()
        self.connection.request("POST", f"/auth/v1/{path}", json.dumps(body), headers)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status, time.perf_counter() - started

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.folder.cleanup()


def overlap(one, other):
    both = sorted(one + other)
    edges = [both[len(both) * i // BINS] for i in range(1, BINS)]
    share = lambda values: [sum(low <= value < high for value in values) / len(values)
                            for low, high in zip([-1.0, *edges], [*edges, float("inf")])]
    return sum(min(a, b) for a, b in zip(share(one), share(other)))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=200)
    options.add_argument("--mail", type=int, default=0, metavar="MS")
    options.add_argument("--binary", default=str(FERROBASE))
    options = options.parse_args()
    backend = Backend(options.binary, mail_hook(options.mail) if options.mail else "")
    try:
        for i in range(options.rounds):
            backend.post("admin/users", {"email": f"known{i}@example.com", "phone": f"49151{i:08}", "password": PASSWORD,
                                         "email_confirm": True, "phone_confirm": True}, "SERVICE_ROLE_KEY")
        cases = [
            ("sign-in, e-mail", "token?grant_type=password", lambda name, i: {"email": f"{name}{i}@example.com", "password": "wrong horse"}),
            ("recover", "recover", lambda name, i: {"email": f"{name}{i}@example.com"}),
            ("resend, nothing pending", "resend", lambda name, i: {"type": "signup", "email": f"{name}{i}@example.com"}),
            ("sign-up", "signup", lambda name, i: {"email": f"{'known' if name == 'known' else 'new'}{i}@example.com", "password": "another horse"}),
            ("otp", "otp", lambda name, i: {"email": f"{'known' if name == 'known' else 'otp'}{i}@example.com"}),
            ("magiclink", "magiclink", lambda name, i: {"email": f"{'known' if name == 'known' else 'link'}{i}@example.com"}),
            ("otp, SMS", "otp", lambda name, i: {"phone": f"+{'49151' if name == 'known' else '49160'}{i:08}"}),
        ]
        print(f"{'':26}{'known':>10}{'unknown':>10}{'overlap':>10}{'noise':>10}")
        for title, path, body in cases:
            took = {"known": [], "unknown": []}
            for i in range(options.rounds):
                for name in took:
                    status, seconds = backend.post(path, body(name, i))
                    assert status < 429, f"{title}: {status}"
                    took[name].append(seconds * 1000)
            # The first answers have nothing to imitate yet.
            known, unknown = (values[options.rounds // 10:] for values in took.values())
            print(f"{title:26}{statistics.median(known):8.1f}ms{statistics.median(unknown):8.1f}ms"
                  f"{overlap(known, unknown):10.0%}{overlap(known[::2], known[1::2]):10.0%}", flush=True)
    finally:
        backend.stop()


if __name__ == "__main__":
    main()
