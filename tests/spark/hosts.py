"""Two hosts behind one load balancer: each visit's events are logged by one, their deliveries by the other."""

import gzip
import json
import subprocess
from pathlib import Path

HOSTS = ("web1", "web2")
PIXEL, OTHER_PIXEL = "CDEM0QU1ZP1XEL000001", "CDEM0QU1ZP1XEL000002"


def make_logs(makegood, events, end, to):
    """Made-up logs of two hosts that end at `end`: of each, the funnel's and the deliveries'."""
    funnels, deliveries = [], []
    for seed in (1, 2):
        made = to / f"made-{seed}"
        command = [makegood, "--now", end, "-q", "demo", "--logs-only", "--seed", seed, "--events", events // 2]
        subprocess.run([str(part) for part in [*command, "--out", made]], check=True)
        funnels.append(made / "funnel.jsonl")
        deliveries.append(made / "delivery.jsonl")
    return dict(zip(HOSTS, zip(funnels, reversed(deliveries))))


class Planted:
    """Events that go wrong in their own way, each with the host that logged what."""

    def __init__(self, at):
        self.at = at  # RFC 3339, whole seconds, an hour or so before the end
        self.lines = {host: [] for host in HOSTS}

    def event(self, host, name, at=None, session=None, event="payment_succeeded", **more):
        record = {
            "type": "funnel_event", "event_id": name, "event": event, "occurred_at": at or self.at,
            "session_id": session or f"visit of {name}", "campaign_id": "c1", "source": "tiktok", "pixel_id": PIXEL,
            "page": {"url": "https://pay.example.com/f/46/thanks"},
            "user": {"email": "someone@example.com", "ip": "95.104.11.250", "user_agent": "Mozilla/5.0 (iPhone)"},
            "properties": {
                "value": 9.99, "currency": "USD", "content_type": "product", "num_items": 1, "order_id": f"o-{name}",
                "contents": [{"content_id": "plan_1m", "content_name": "1 month", "quantity": 1, "price": 9.99}],
            },
        } | more
        self.lines[HOSTS[host]].append({key: value for key, value in record.items() if value is not None})

    def receipt(self, host, name, code=0, **more):
        record = {
            "type": "delivery", "event_id": name, "event": "CompletePayment", "pixel_id": PIXEL,
            "channel": "events_api", "sent_at": self.at, "http_status": 200, "code": code, "message": "",
            "request_id": "20261120",
        } | more
        self.lines[HOSTS[host]].append({key: value for key, value in record.items() if value is not None})

    def append_to(self, files):
        for host, records in self.lines.items():
            with open(files[host][0], "a", encoding="utf-8") as out:
                for record in records:
                    out.write(json.dumps(record, ensure_ascii=False) + "\n")


def plant(at):
    """What the made-up logs do not have, and where adding up hosts or losing a fact gives another answer."""
    planted = Planted(at)
    event, receipt = planted.event, planted.receipt
    event(0, "nobody-sent-it")
    event(0, "sent-by-the-other")
    receipt(1, "sent-by-the-other")
    event(0, "logged-by-both")
    event(1, "logged-by-both")
    event(0, "both-and-delivered")
    event(1, "both-and-delivered")
    receipt(0, "both-and-delivered")
    event(0, "refused-here-accepted-there")
    receipt(0, "refused-here-accepted-there", code=40002)
    receipt(1, "refused-here-accepted-there")
    event(0, "refused-by-both")
    receipt(0, "refused-by-both", code=40002)
    receipt(1, "refused-by-both", code=40105, http_status=401)
    event(0, "nobody-knows")
    receipt(1, "nobody-knows", code=50000)
    event(0, "under-another-name")
    receipt(1, "under-another-name", event="Purchase")
    event(0, "on-another-pixel")
    receipt(1, "on-another-pixel", pixel_id=OTHER_PIXEL)
    event(0, "receipt-without-pixel")
    receipt(1, "receipt-without-pixel", pixel_id=None)
    event(0, "receipt-of-two-pixels")
    event(1, "receipt-of-two-pixels", pixel_id=OTHER_PIXEL)
    receipt(1, "receipt-of-two-pixels", pixel_id=None)
    event(0, "browser-fired-there")
    receipt(1, "browser-fired-there", channel="pixel", http_status=None, code=None, message=None, request_id=None)
    event(0, "test-mode-alone")
    receipt(1, "test-mode-alone", test_event_code="TEST12345")
    event(0, "two-values")
    event(1, "two-values", properties={"value": 19.99, "currency": "USD", "order_id": "o-two-values"})
    event(0, "no-pixel-refused-there", pixel_id=None)
    receipt(1, "no-pixel-refused-there", code=40002)
    event(0, "no-pixel-delivered-there", pixel_id=None)
    receipt(1, "no-pixel-delivered-there", pixel_id=OTHER_PIXEL)
    event(0, "no-pixel-at-all", pixel_id=None)
    event(1, "denied", consent="denied", campaign_id="with consent")
    event(0, "no-consent-where-others-have", campaign_id="with consent")
    event(0, "not-tiktok's", source="google")
    event(0, "unmapped", event="Renewal")
    event(0, "Case-Of-ID")
    receipt(1, "case-of-id")
    event(0, 'quoted "id" with \\ and \t tab, ünï çode 🎬, \'single\'')
    event(0, "value-as-text", properties={"value": "1e1", "currency": "usd"})
    # What is known of the session on another host decides about this one.
    event(0, "click-known-there", session="shared click", user={"ip": "95.104.11.250"})
    event(1, "click-landing", session="shared click", event="page_view", at=minutes_from(at, -1),
          page={"url": "https://quiz.example.com/f/46?ttclid=E.C.P.shared"}, properties=None)
    receipt(1, "click-landing", event="PageView")
    event(0, "denial-known-there", session="shared denial", consent="granted", campaign_id="with consent")
    event(1, "denial-itself", session="shared denial", event="page_view", consent="denied", properties=None,
          campaign_id="with consent", at=minutes_from(at, 1))
    return planted


def minutes_from(at, minutes):
    return f"{at[:14]}{int(at[14:16]) + minutes:02}{at[16:]}"


def torn(segments):
    """What a copy that was cut short, or a hand that edited, leaves in a lake. Nothing of it is an event."""
    rows = [
        '{"pixel":"CDEM0QU1ZP1XEL000001","event":"CompletePayment","event_id":"torn-off","at_ms":17',
        "not JSON at all",
        "{}",
        '{"pixel":"CDEM0QU1ZP1XEL000001","event":"CompletePayment","event_id":"","session_id":"","at_ms":1}',
        '{"pixel":"CDEM0QU1ZP1XEL000001","event":null,"event_id":"no-name","session_id":null,"at_ms":1}',
    ]
    for view in ("expected", "delivered", "answered", "sessions", "facts"):
        folder = Path(segments, view, "dt=2026-01-14", "src=torn")
        folder.mkdir(parents=True)
        with gzip.open(folder / "h00-torn.jsonl.gz", "wt") as out:
            out.write("\n".join(rows))
