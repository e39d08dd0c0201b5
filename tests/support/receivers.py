"""Stand-ins for those whom Alertmanager tells: PagerDuty's Events API v2, Slack's incoming webhooks, a webhook and a
mail server. Each holds what arrives against the documented format and refuses, as the original does, what breaks
it; what was refused stands in `refused`, and a test should find nothing there."""
import email
import email.policy
import http.server
import json
import queue
import re
import socketserver
import threading
import time

from support.servers import address

ROUTING_KEY = "0123456789abcdef0123456789abcdef"


class Wrong(Exception):
    """What arrived breaks the format; the text says where."""


def require(condition, what):
    if not condition:
        raise Wrong(what)


def only_keys(data, known, what):
    require(isinstance(data, dict), f"{what} must be an object")
    require(set(data) <= set(known), f"{what} has unknown keys: {sorted(set(data) - set(known))}")


def is_text(value, longest=None):
    return isinstance(value, str) and value != "" and (longest is None or len(value) <= longest)


def check_pagerduty(data):
    """An event of the Events API v2."""
    only_keys(data, {"routing_key", "event_action", "dedup_key", "payload", "links", "images", "client",
                     "client_url"}, "event")
    require(is_text(data.get("routing_key")) and len(data["routing_key"]) == 32, "routing_key has 32 characters")
    action = data.get("event_action")
    require(action in ("trigger", "acknowledge", "resolve"), f"event_action {action!r}")
    require(action == "trigger" or is_text(data.get("dedup_key")), "only a trigger may lack the dedup_key")
    require(len(data.get("dedup_key", "")) <= 255, "dedup_key is longer than 255")
    if action == "trigger" or "payload" in data:
        payload = data.get("payload")
        only_keys(payload, {"summary", "source", "severity", "timestamp", "component", "group", "class",
                            "custom_details"}, "payload")
        require(is_text(payload.get("summary"), 1024), "summary is needed, and at most 1024 long")
        require(is_text(payload.get("source")), "source is needed")
        require(payload.get("severity") in ("critical", "error", "warning", "info"),
                f"severity {payload.get('severity')!r}")
        require(isinstance(payload.get("custom_details", {}), dict), "custom_details must be an object")
    for link in data.get("links") or []:
        only_keys(link, {"href", "text"}, "link")
        require(re.match(r"https?://\S+$", link.get("href", "")), f"href {link.get('href')!r}")


def check_slack(data):
    """A message for an incoming webhook, with attachments."""
    only_keys(data, {"channel", "username", "text", "icon_emoji", "icon_url", "link_names", "attachments"}, "message")
    attachments = data.get("attachments", [])
    require(is_text(data.get("text")) or attachments, "no_text")
    require(len(attachments) <= 20, "more than 20 attachments")
    for one in attachments:
        only_keys(one, {"title", "title_link", "pretext", "text", "fallback", "callback_id", "fields", "image_url",
                        "thumb_url", "footer", "actions", "color", "mrkdwn_in"}, "attachment")
        require(is_text(one.get("text")) or is_text(one.get("fallback")), "attachment without text and fallback")
        require(len(one.get("text", "")) <= 40000, "text is longer than Slack shows")
        require(re.match(r"(good|warning|danger|#[0-9a-f]{6})$", one.get("color", "good")), f"color {one['color']!r}")
        link = one.get("title_link", "")
        require(link == "" or re.match(r"https?://\S+$", link), f"title_link {link!r}")
        for target in re.findall(r"<([^|>]*)\|", one.get("text", "")):
            require(re.match(r"https?://[^\s\"]+$", target), f"link {target!r} in the text")


def check_webhook(data):
    """Alertmanager's own message, version 4."""
    only_keys(data, {"version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
                     "commonAnnotations", "externalURL", "alerts"}, "message")
    require(data.get("version") == "4", f"version {data.get('version')!r}")
    require(data.get("status") in ("firing", "resolved"), f"status {data.get('status')!r}")
    for alert in data.get("alerts", []):
        only_keys(alert, {"status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"},
                  "alert")


class Web:
    """A small HTTP server on an address of its own, until the test ends. `add_cleanup` is the test's."""

    def __init__(self, add_cleanup, handler, host=None, port=8080):
        host = host or address()
        self.server = http.server.ThreadingHTTPServer((host, port), handler)
        self.url = f"http://{host}:{port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        add_cleanup(self.stop)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Pages(Web):
    """Answers every question with the text that `page_of(path)` is then."""

    def __init__(self, add_cleanup, page_of, host=None, port=8080, kind="text/plain; version=0.0.4"):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(page_of(self.path).encode())

            def log_message(self, *_):
                pass

        super().__init__(add_cleanup, Handler, host, port)


class Receivers(Web):
    """PagerDuty under /v2/enqueue, Slack under /slack/NAME, a webhook under /webhook/NAME. What arrives is put into
    `pages`, `messages` and `calls`, and with the time into `log`: (monotonic seconds, kind, name, body)."""

    def __init__(self, add_cleanup):
        self.pages, self.messages, self.calls = queue.Queue(), queue.Queue(), queue.Queue()
        self.log, self.refused = [], []
        self.tokens = {}     # of webhooks by name: what has to stand in Authorization
        self.arrived = threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"]))
                kind, _, name = self.path.strip("/").partition("/")
                try:
                    self.answer(*outer.take(kind, name, text, self.headers))
                except (Wrong, ValueError) as error:
                    outer.refused.append(f"{self.path}: {error}: {text[:2000]!r}")
                    self.answer(400, "text/plain", f"invalid_payload: {error}")

            def answer(self, status, kind, text):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        super().__init__(add_cleanup, Handler)

    def take(self, kind, name, text, headers):
        body = json.loads(text)
        require(headers.get_content_type() == "application/json", "Content-Type must be application/json")
        if (kind, name) == ("v2", "enqueue"):
            require(len(text) <= 512 * 1024, "an event may have 512 KB")
            check_pagerduty(body)
            self.keep("pagerduty", body["routing_key"], body, self.pages)
            return 202, "application/json", json.dumps({"status": "success", "message": "Event processed",
                                                        "dedup_key": body.get("dedup_key")})
        if kind == "slack":
            check_slack(body)
            self.keep(kind, name, body, self.messages)
            return 200, "text/plain", "ok"
        require(kind == "webhook", "no such place")
        check_webhook(body)
        if name in self.tokens:
            require(headers["Authorization"] == f"Bearer {self.tokens[name]}", "wrong token")
        self.keep(kind, name, body, self.calls)
        return 200, "text/plain", ""

    def keep(self, kind, name, body, into):
        with self.arrived:
            self.log.append((time.monotonic(), kind, name, body))
            self.arrived.notify_all()
        into.put(body)

    def wait_for(self, what, wanted, seconds):
        """The first entry of the log for which wanted(kind, name, body) holds, also one that came before."""
        def found():
            return next((entry for entry in self.log if wanted(*entry[1:])), None)
        with self.arrived:
            if not self.arrived.wait_for(found, seconds):
                told = "\n".join(f"{kind} {name} {str(body)[:300]}" for _, kind, name, body in self.log)
                raise AssertionError(f"not within {seconds} s: {what}; there came\n{told}\nrefused: {self.refused}")
            return found()


class Mail:
    """A mail server that takes everything that is well formed; `mails` has what arrived as email.message."""

    def __init__(self, add_cleanup):
        self.mails, self.refused, self.log = queue.Queue(), [], []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, text):
                self.wfile.write(text.encode() + b"\r\n")

            def handle(self):
                self.say("220 mail.example.org ESMTP")
                envelope = {}
                for line in iter(self.rfile.readline, b""):
                    words = line.decode().rstrip("\r\n")
                    verb = words.split(" ", 1)[0].upper()
                    if verb in ("EHLO", "HELO"):
                        self.say("250 mail.example.org")
                    elif verb == "MAIL":
                        envelope = {"from": words.partition(":")[2].split(">")[0].strip("< "), "to": []}
                        self.say("250 ok")
                    elif verb == "RCPT":
                        envelope["to"].append(words.partition(":")[2].split(">")[0].strip("< "))
                        self.say("250 ok")
                    elif verb == "DATA":
                        self.say("354 end with a dot")
                        self.say(outer.take(envelope, self.data()))
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 ok")

            def data(self):
                lines = []
                for line in iter(self.rfile.readline, b".\r\n"):
                    lines.append(line[1:] if line.startswith(b"..") else line)
                return b"".join(lines)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.host = address()
        self.server = Server((self.host, 2525), Handler)
        self.smarthost = f"{self.host}:2525"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        add_cleanup(self.stop)

    def take(self, envelope, data):
        mail = email.message_from_bytes(data, policy=email.policy.default)
        try:
            for header in ("From", "To", "Subject", "Date", "Message-Id", "MIME-Version"):
                require(mail[header], f"no {header}")
            require(mail["To"] in envelope["to"], "the header names somebody else than the envelope")
            html = mail.get_body(("html",))
            require(html is not None, "no HTML")
            require(html.get_content().rstrip().endswith("</html>"), "the HTML is cut")
        except Wrong as error:
            self.refused.append(f"{error}: {data[:2000]!r}")
            return f"554 {error}"
        self.log.append((time.monotonic(), mail))
        self.mails.put(mail)
        return "250 taken"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
