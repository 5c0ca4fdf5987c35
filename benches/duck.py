"""The other side of the bench: DuckDB with the same guarantee, one task per process.

    duck.py import DATABASE FUNNEL DELIVERY TYPE    a primary key on both tables, repeats ignored
    duck.py audit DATABASE                          the three queries that an audit replaces

Prints one line of JSON. Times are measured inside the process.
"""

import json
import sys
import time

import duckdb

# TYPE is that of event_id: VARCHAR takes every id, as makegood does; UUID is faster and takes no other.
SCHEMA = """
CREATE TABLE event (
  event_id $TYPE, event VARCHAR, occurred_at TIMESTAMP, session_id VARCHAR, funnel_id VARCHAR,
  campaign_id VARCHAR, source VARCHAR, pixel_id VARCHAR, url VARCHAR, referrer VARCHAR,
  ttclid VARCHAR, ttp VARCHAR, email VARCHAR, phone VARCHAR, external_id VARCHAR, ip VARCHAR,
  user_agent VARCHAR, value DECIMAL(18, 4), currency VARCHAR, order_id VARCHAR, contents VARCHAR,
  PRIMARY KEY (event_id)
);
CREATE TABLE delivery (
  event_id $TYPE, event VARCHAR, pixel_id VARCHAR, channel VARCHAR, sent_at TIMESTAMP,
  http_status SMALLINT, code INTEGER, message VARCHAR, request_id VARCHAR,
  PRIMARY KEY (event_id, event, sent_at, channel)
);
"""

FUNNEL = """
INSERT OR IGNORE INTO event
SELECT event_id, event, occurred_at, session_id, funnel_id, campaign_id, source, pixel_id, page.url, page.referrer,
       "user".ttclid, "user".ttp, "user".email, "user".phone, "user".external_id, "user".ip, "user".user_agent,
       properties.value, properties.currency, properties.order_id, properties.contents
FROM read_json(?, format = 'newline_delimited', columns = {
  event_id: '$TYPE', event: 'VARCHAR', occurred_at: 'TIMESTAMP', session_id: 'VARCHAR', funnel_id: 'VARCHAR',
  campaign_id: 'VARCHAR', source: 'VARCHAR', pixel_id: 'VARCHAR',
  page: 'STRUCT(url VARCHAR, referrer VARCHAR)',
  user: 'STRUCT(ttclid VARCHAR, ttp VARCHAR, email VARCHAR, phone VARCHAR, external_id VARCHAR, ip VARCHAR,
         user_agent VARCHAR)',
  properties: 'STRUCT(value DECIMAL(18, 4), currency VARCHAR, order_id VARCHAR, contents VARCHAR)'})
"""

DELIVERY = """
INSERT OR IGNORE INTO delivery
SELECT event_id, event, pixel_id, channel, sent_at, http_status, code, message, request_id
FROM read_json(?, format = 'newline_delimited', columns = {
  event_id: '$TYPE', event: 'VARCHAR', pixel_id: 'VARCHAR', channel: 'VARCHAR', sent_at: 'TIMESTAMP',
  http_status: 'SMALLINT', code: 'INTEGER', message: 'VARCHAR', request_id: 'VARCHAR'})
"""

# One state per event: did any server receipt accept it, refuse it, or leave it open?
STATE = """
WITH answer AS (
  SELECT event_id,
         bool_or(code = 0) AS accepted,
         bool_or(code IS NULL OR code BETWEEN 50000 AND 69999 OR code IN (20001, 40050, 40202)) AS open
  FROM delivery WHERE channel = 'events_api' GROUP BY event_id
), state AS (
  SELECT e.event, e.event_id,
         CASE WHEN e.source <> 'tiktok' THEN 'excluded'
              WHEN a.accepted THEN 'delivered'
              WHEN a.event_id IS NULL THEN 'never_sent'
              WHEN a.open THEN 'unknown'
              ELSE 'refused' END AS state
  FROM event e LEFT JOIN answer a USING (event_id)
)
"""

QUERIES = {
    "counts": STATE + "SELECT event, state, count(*) FROM state GROUP BY ALL",
    "missing": STATE + "SELECT event_id, event FROM state WHERE state NOT IN ('excluded', 'delivered')",
    "coverage": """
SELECT event, count(*), count(ttclid), count(ttp), count(email), count(phone), count(external_id), count(ip),
       count(user_agent)
FROM event WHERE source = 'tiktok' GROUP BY event
""",
}


def connect(path):
    connection = duckdb.connect(path)
    connection.execute("SET threads = 2")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET enable_progress_bar = false")
    return connection


def load(path, funnel, delivery, id_type):
    connection = connect(path)
    start = time.perf_counter()
    connection.execute(SCHEMA.replace("$TYPE", id_type))
    connection.execute(FUNNEL.replace("$TYPE", id_type), [funnel])
    connection.execute(DELIVERY.replace("$TYPE", id_type), [delivery])
    connection.execute("CHECKPOINT")
    return {"seconds": time.perf_counter() - start}


def audit(path):
    connection = connect(path)
    result = {"seconds": 0.0}
    for name, query in QUERIES.items():
        start = time.perf_counter()
        rows = connection.execute(query).fetchall()
        took = time.perf_counter() - start
        result[f"{name}_seconds"] = took
        result["seconds"] += took
        if name == "counts":
            result["events"] = sum(count for _, _, count in rows)
        if name == "missing":
            result["missing"] = len(rows)
    return result


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    print(json.dumps({"import": load, "audit": audit}[task](*arguments)))
