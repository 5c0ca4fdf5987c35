-- The database of makegood, schema 1.
--
-- What decides the shape: import cost follows the bytes written, and the audit reads everything in
-- the order of event_id. So the two big tables are narrow, lie in key order (WITHOUT ROWID), and
-- name what repeats by small numbers; 0 and 1 take no room in a row, so the first and the commonest
-- are 0 or 1. Payloads lie apart in compressed blocks, IP addresses and user agents apart in contact.
--
-- Times are whole milliseconds since 1970, UTC. An event_id or a session_id is the 16 bytes of a
-- canonical lower-case UUID, or else its text exactly as logged. State (delivered, unknown, refused,
-- never sent) is no column: it is folded from receipt, attempt and batch when read.
--
-- The views at the end are the readable side, and the documented one.

PRAGMA application_id = 0x6d6b6764;
PRAGMA user_version = 1;

-- One row: what all processes share.
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  db_uuid BLOB NOT NULL CHECK (length(db_uuid) = 16),
  -- Counted up by every transaction that writes: readers on several connections compare it.
  revision INTEGER NOT NULL,
  -- Fingerprints of refused tokens are made under this key, so that they say nothing elsewhere.
  fingerprint_key BLOB NOT NULL CHECK (length(fingerprint_key) = 32),
  -- TikTok throttled us: no process sends before this time.
  throttled_until_ms INTEGER,
  -- The newest time any run has seen: a clock that went backwards shows itself.
  clock_high_water_ms INTEGER,
  -- When the next request of any process may go: microseconds of the clock that runs since the machine
  -- started, and goes on while it sleeps.
  next_request_us INTEGER,
  -- Where live requests went first, and all others must go: 1 TikTok, 2 a sandbox; NULL: none went.
  destination INTEGER CHECK (destination IN (1, 2)),
  -- Times of the oldest and the newest funnel record.
  oldest_ms INTEGER,
  newest_ms INTEGER,
  -- Counted up when texts and contacts are taken away: what a process remembers of them is then void.
  forgotten INTEGER NOT NULL DEFAULT 0,
  -- Rows were erased or pruned, and their bytes are not yet wiped from the file.
  scrub_due INTEGER NOT NULL DEFAULT 0 CHECK (scrub_due IN (0, 1))
) STRICT;

INSERT INTO meta (one, db_uuid, revision, fingerprint_key)
VALUES (1, randomblob(16), 0, randomblob(32));

-- What was erased, as digests under fingerprint_key: of a session, an event id, a hashed match key. A
-- record of it that is read again keeps its key and loses its personal data, so it is never sent.
CREATE TABLE tombstone (
  mark BLOB PRIMARY KEY CHECK (length(mark) = 32),
  erased_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Dictionary of texts that repeat; a code is never used for another text. Code 0 means none.
-- kind: 0 name, 1 pixel, 2 campaign, 3 funnel, 4 source, 5 page, 6 user agent, 7 currency, 8 test code.
CREATE TABLE term (
  kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 8),
  code INTEGER NOT NULL CHECK (code > 0),
  text TEXT NOT NULL,
  PRIMARY KEY (kind, code),
  UNIQUE (kind, text)
) STRICT, WITHOUT ROWID;

-- Where an event happened: five terms that repeat together, named by one number.
CREATE TABLE place (
  code INTEGER PRIMARY KEY,
  campaign INTEGER NOT NULL,
  funnel INTEGER NOT NULL,
  source_name INTEGER NOT NULL,
  page INTEGER NOT NULL,
  currency INTEGER NOT NULL,
  UNIQUE (campaign, funnel, source_name, page, currency)
) STRICT;

-- What a receipt says apart from its key, time and request: few rows, named by one number.
CREATE TABLE answer (
  code INTEGER PRIMARY KEY,
  leg INTEGER NOT NULL CHECK (leg IN (0, 1)), -- 0 server, 1 browser
  http_status INTEGER NOT NULL, -- -1: none logged
  kind INTEGER NOT NULL CHECK (kind IN (0, 1, 2, 3)), -- 0 no code, 1 integer, 2 no integer, 3 unreadable body
  api_code INTEGER NOT NULL, -- 0 unless kind is 1
  timed_out INTEGER NOT NULL CHECK (timed_out IN (0, 1)),
  alone INTEGER NOT NULL CHECK (alone IN (0, 1)), -- the request is known to have held one event
  claimed INTEGER NOT NULL CHECK (claimed IN (0, 1)), -- the sender's own word: delivered
  test_code INTEGER NOT NULL, -- a term; 0: live
  UNIQUE (leg, http_status, kind, api_code, timed_out, alone, claimed, test_code)
) STRICT;

-- Files that were imported, and how far. A file is known by device, inode, birth time and first line;
-- a copy of it by the first line and the checksum of all that was read.
CREATE TABLE source (
  code INTEGER PRIMARY KEY,
  path ANY NOT NULL, -- text; bytes where the name is no UTF-8
  dev INTEGER NOT NULL,
  ino INTEGER NOT NULL,
  born_ns INTEGER NOT NULL,
  head INTEGER NOT NULL,
  head_length INTEGER NOT NULL,
  position INTEGER NOT NULL,
  anchor INTEGER NOT NULL,
  anchor_length INTEGER NOT NULL,
  prefix INTEGER NOT NULL, -- CRC-32 of the text before position
  size_at_end INTEGER NOT NULL,
  problem INTEGER CHECK (problem IN (1, 2, 3, 4)), -- truncated, corrupt, expansion limit, unreadable
  imported_ms INTEGER NOT NULL,
  UNIQUE (dev, ino, born_ns, head)
) STRICT;

-- Lines that could not be used. The line itself may hold personal data and is not kept. The key knows
-- the same line of a copy: text_before is a checksum of the text before the line; where that is too
-- short to tell files apart, of the file's identity.
CREATE TABLE quarantine (
  source INTEGER NOT NULL,
  byte_offset INTEGER NOT NULL,
  text_before INTEGER NOT NULL,
  sha256 BLOB NOT NULL, -- part of the key: a file cut and written anew has other lines there
  length INTEGER NOT NULL,
  reason INTEGER NOT NULL, -- place in the list of reasons
  name INTEGER NOT NULL, -- term; 0: the line gave none
  at_ms INTEGER,
  PRIMARY KEY (sha256, byte_offset, text_before)
) STRICT, WITHOUT ROWID;

-- Funnel events: the winning record (smallest time, then content) of each id, logged name, logged pixel.
-- No CHECK and no REFERENCES here and in receipt: they are paid for a million times per import.
--
-- Ids are random, so that an import in the order of id alone would write nearly every page of the table
-- anew with every batch. span, three days of at_ms, keeps what a batch touches together; a read merges
-- the spans. A key whose records lie in two spans stands twice here; the ledger read makes one of them.
CREATE TABLE event (
  span INTEGER NOT NULL, -- at_ms >> 28
  event_id ANY NOT NULL,
  name INTEGER NOT NULL,
  pixel INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  place INTEGER NOT NULL,
  session INTEGER,
  contact INTEGER, -- NULL: none, or its retention is over
  payload INTEGER, -- block * 4096 + place in the block; NULL: none, or its retention is over
  bits INTEGER NOT NULL, -- 0-6 match keys present, 7-13 valid, from 14 facts; order of the view events
  content INTEGER NOT NULL, -- fingerprint of the record's content
  value TEXT, -- decimal, exactly as logged
  order_key INTEGER,
  seen_lag_ms INTEGER NOT NULL, -- at_ms minus the earliest sight of any record of this key
  flaws INTEGER NOT NULL, -- bits: what is wrong with match keys and payload
  source INTEGER NOT NULL,
  byte_offset INTEGER NOT NULL,
  PRIMARY KEY (span, event_id, name, pixel)
) STRICT, WITHOUT ROWID;

-- The spans that hold events, found by one look-up each.
CREATE VIEW event_span AS
WITH RECURSIVE found (span) AS (
  SELECT min(span)
  FROM event
  UNION ALL
  SELECT (SELECT min(e.span) FROM event AS e WHERE e.span > found.span)
  FROM found
  WHERE found.span IS NOT NULL
)
SELECT span
FROM found
WHERE span IS NOT NULL;

-- Logged tries on either leg. All but the position is the key: the same receipt twice is one.
CREATE TABLE receipt (
  span INTEGER NOT NULL, -- at_ms >> 28, as in event
  event_id ANY NOT NULL,
  name INTEGER NOT NULL,
  pixel INTEGER NOT NULL,
  at_ms INTEGER NOT NULL, -- 0: the log has no time
  answer INTEGER NOT NULL,
  request_id ANY NOT NULL, -- bytes where the text is upper-case hex of even length; '': none
  sent BLOB NOT NULL, -- what the request held: which keys, what is wrong with them, tags; empty: not logged
  source INTEGER NOT NULL,
  byte_offset INTEGER NOT NULL,
  PRIMARY KEY (span, event_id, name, pixel, at_ms, answer, request_id)
) STRICT, WITHOUT ROWID;

-- Requests that a log keeps on lines of their own, apart from their answers: a row per event, by a
-- fingerprint of the trace that both lines name. The receipt made of it stands in receipt: without a known
-- answer until the other line comes, whichever comes first and in whatever import.
CREATE TABLE half_request (
  trace INTEGER NOT NULL,
  body INTEGER NOT NULL, -- fingerprint of the request's keys: a retry has the same
  span INTEGER NOT NULL,
  event_id ANY NOT NULL,
  name INTEGER NOT NULL,
  pixel INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  alone INTEGER NOT NULL CHECK (alone IN (0, 1)),
  test_code INTEGER NOT NULL,
  answer INTEGER, -- as in the receipt it made; NULL: none made yet
  request_id ANY NOT NULL,
  sent BLOB NOT NULL, -- as in receipt
  source INTEGER NOT NULL,
  byte_offset INTEGER NOT NULL,
  PRIMARY KEY (trace, event_id, name, pixel, at_ms)
) STRICT, WITHOUT ROWID;

-- The answers.
CREATE TABLE half_answer (
  trace INTEGER NOT NULL,
  http_status INTEGER NOT NULL, -- as in answer
  kind INTEGER NOT NULL CHECK (kind IN (0, 1, 2, 3)),
  api_code INTEGER NOT NULL,
  timed_out INTEGER NOT NULL CHECK (timed_out IN (0, 1)),
  claimed INTEGER NOT NULL CHECK (claimed IN (0, 1)),
  request_id ANY NOT NULL,
  PRIMARY KEY (trace, http_status, kind, api_code, timed_out, claimed, request_id)
) STRICT, WITHOUT ROWID;

CREATE VIEW receipt_span AS
WITH RECURSIVE found (span) AS (
  SELECT min(span)
  FROM receipt
  UNION ALL
  SELECT (SELECT min(r.span) FROM receipt AS r WHERE r.span > found.span)
  FROM found
  WHERE found.span IS NOT NULL
)
SELECT span
FROM found
WHERE span IS NOT NULL;

-- What all records of a visitor's session together say: joined in any order with the same result.
-- Of each match key the value with the smallest (time, value); several: others were seen as well.
CREATE TABLE session (
  code INTEGER PRIMARY KEY,
  session_id ANY NOT NULL UNIQUE,
  landing_ms INTEGER,
  ttclid_ms INTEGER,
  ttp_ms INTEGER,
  email_ms INTEGER,
  phone_ms INTEGER,
  external_id_ms INTEGER,
  captured_ms INTEGER,
  paywall_ms INTEGER,
  denied_ms INTEGER,
  granted_ms INTEGER,
  several INTEGER NOT NULL, -- bits in the order of the match keys
  landing_page INTEGER NOT NULL,
  -- The smallest 16-bit tag of its IP addresses: enough to count sessions per address, too little to tell
  -- the address. 0: it showed none.
  ip_tag INTEGER NOT NULL,
  ttclid TEXT,
  ttp TEXT,
  email BLOB, -- SHA-256 digests
  phone BLOB,
  external_id BLOB,
  hints BLOB -- what wrong recipes make of its raw values: four bytes each, a recipe and a tag of 16 bits
) STRICT;

-- IP address and user agent must be kept as they are, because TikTok wants them so: they live here,
-- with a retention of their own. A pair may stand twice; nothing depends on it.
CREATE TABLE contact (
  code INTEGER PRIMARY KEY,
  ip BLOB, -- 4 or 16 bytes
  agent INTEGER NOT NULL
) STRICT;

-- Payloads of events, end to end, compressed by zstd. Unpacked: the number of entries, the end of
-- each, then their bytes (numbers of four bytes, little end first). Never two days in one block.
CREATE TABLE block (
  code INTEGER PRIMARY KEY,
  day INTEGER NOT NULL, -- days since 1970, UTC
  size INTEGER NOT NULL, -- unpacked
  sha256 BLOB NOT NULL, -- of body: SQLite notices no flipped bit
  body BLOB NOT NULL
) STRICT;

-- Newest receipt that names its pixel, per leg, without test event codes on the server leg.
CREATE TABLE log (
  pixel INTEGER NOT NULL, -- 0: receipts that name none
  leg INTEGER NOT NULL CHECK (leg IN (0, 1)),
  newest_ms INTEGER NOT NULL,
  PRIMARY KEY (pixel, leg)
) STRICT, WITHOUT ROWID;

-- Pixels and campaigns that funnel records name together.
CREATE TABLE origin (
  pixel INTEGER NOT NULL,
  campaign INTEGER NOT NULL,
  has_consent INTEGER NOT NULL CHECK (has_consent IN (0, 1)), -- some record says something of consent
  PRIMARY KEY (pixel, campaign)
) STRICT, WITHOUT ROWID;

-- One invocation that writes. ended_ms NULL: it still runs, or died and nobody has noticed; ended
-- without an exit_code: it died.
CREATE TABLE run (
  code INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3)), -- import, backfill, audit
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  exit_code INTEGER,
  note TEXT NOT NULL,
  counts TEXT
) STRICT;

-- What a cluster counted over the union of all hosts, by UTC day: of the last run that reconciled, whole.
-- The counts of two runs, or of single hosts, cannot be added: a delivery may be logged on another host
-- than its event.
CREATE TABLE coverage (
  run INTEGER NOT NULL REFERENCES run (code),
  day_ms INTEGER NOT NULL,
  pixel TEXT NOT NULL, -- '': none known
  event TEXT NOT NULL,
  expected INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  missing INTEGER NOT NULL CHECK (missing = expected - delivered AND missing >= 0),
  settled_ms INTEGER NOT NULL, -- up to here every host had shipped
  hosts INTEGER NOT NULL, -- 0: tables of one's own
  PRIMARY KEY (day_ms, pixel, event)
) STRICT, WITHOUT ROWID;

-- One request of a backfill, written before it goes out. Its code is the fencing token, so it is
-- never used again. outcome NULL: in flight, or the process died, or nobody knows. The newest batch of a
-- key, of live and of test sends apart, owns the key: while its lease lasts nobody else sends it.
CREATE TABLE batch (
  code INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES run (code),
  parent INTEGER REFERENCES batch (code), -- the refused batch this one is a part of
  pixel INTEGER NOT NULL,
  test_code INTEGER NOT NULL, -- a term; 0: live
  size INTEGER NOT NULL,
  started_ms INTEGER NOT NULL,
  lease_until_ms INTEGER NOT NULL,
  not_before_ms INTEGER NOT NULL, -- its keys are not sent again before this time
  ended_ms INTEGER,
  outcome INTEGER CHECK (outcome BETWEEN 1 AND 9),
  http_status INTEGER,
  kind INTEGER CHECK (kind IN (0, 1, 2, 3)), -- as in answer
  api_code INTEGER,
  request_id TEXT
) STRICT;

-- One key in one request. Never deleted, and an acceptance never taken back.
-- outcome: 1 accepted, refused for 2 event, 3 credential, 4 permission, 5 config, 6 throttle,
-- 7 not sent, 8 unknown, 9 unverified; NULL unknown.
-- Rows of a batch lie together: ids are random, and what changes would else touch a page per key. Only
-- the index is in the order of ids, and nothing in it ever changes.
CREATE TABLE attempt (
  batch INTEGER NOT NULL REFERENCES batch (code),
  event_id ANY NOT NULL,
  name INTEGER NOT NULL, -- TikTok's name
  pixel INTEGER NOT NULL, -- the resolved one
  outcome INTEGER CHECK (outcome BETWEEN 1 AND 9),
  PRIMARY KEY (batch, event_id, name, pixel)
) STRICT, WITHOUT ROWID;

CREATE INDEX attempt_by_key
ON attempt (event_id, name, pixel);

CREATE TRIGGER attempt_accepted_stays
BEFORE UPDATE OF outcome ON attempt
WHEN OLD.outcome = 1 AND NEW.outcome IS NOT 1
BEGIN
  SELECT RAISE(ABORT, 'an accepted attempt cannot change');
END;

-- The exact object of a key: frozen by the batch that sent it first, sent again by the later ones, gone
-- after acceptance. Live and test sends freeze apart.
CREATE TABLE frozen (
  batch INTEGER NOT NULL REFERENCES batch (code),
  event_id ANY NOT NULL,
  name INTEGER NOT NULL,
  pixel INTEGER NOT NULL,
  object TEXT,
  object_sha256 BLOB,
  provenance TEXT NOT NULL,
  PRIMARY KEY (batch, event_id, name, pixel)
) STRICT, WITHOUT ROWID;

-- Tokens that TikTok refused, by fingerprint: no request goes out under one.
CREATE TABLE blocked_token (
  pixel INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  api_code INTEGER NOT NULL
) STRICT;

-- Readable views.

CREATE VIEW events AS
SELECT
  CASE typeof(e.event_id)
    WHEN 'blob' THEN lower(
      substr(hex(e.event_id), 1, 8) || '-' || substr(hex(e.event_id), 9, 4) || '-' ||
      substr(hex(e.event_id), 13, 4) || '-' || substr(hex(e.event_id), 17, 4) || '-' ||
      substr(hex(e.event_id), 21))
    ELSE e.event_id
  END AS event_id,
  name.text AS event,
  pixel.text AS pixel_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', e.at_ms / 1000.0, 'unixepoch') AS occurred_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', (e.at_ms - e.seen_lag_ms) / 1000.0, 'unixepoch') AS seen_at,
  CASE typeof(s.session_id)
    WHEN 'blob' THEN lower(
      substr(hex(s.session_id), 1, 8) || '-' || substr(hex(s.session_id), 9, 4) || '-' ||
      substr(hex(s.session_id), 13, 4) || '-' || substr(hex(s.session_id), 17, 4) || '-' ||
      substr(hex(s.session_id), 21))
    ELSE s.session_id
  END AS session_id,
  campaign.text AS campaign_id,
  funnel.text AS funnel_id,
  source_name.text AS source,
  page.text AS page,
  e.value AS value,
  currency.text AS currency,
  e.bits >> 0 & 1 AS has_ttclid,
  e.bits >> 1 & 1 AS has_ttp,
  e.bits >> 2 & 1 AS has_email,
  e.bits >> 3 & 1 AS has_phone,
  e.bits >> 4 & 1 AS has_external_id,
  e.bits >> 5 & 1 AS has_ip,
  e.bits >> 6 & 1 AS has_user_agent,
  e.bits >> 7 & 1 AS valid_ttclid,
  e.bits >> 8 & 1 AS valid_ttp,
  e.bits >> 9 & 1 AS valid_email,
  e.bits >> 10 & 1 AS valid_phone,
  e.bits >> 11 & 1 AS valid_external_id,
  e.bits >> 12 & 1 AS valid_ip,
  e.bits >> 13 & 1 AS valid_user_agent,
  CASE e.bits >> 14 & 3 WHEN 1 THEN 'granted' WHEN 2 THEN 'denied' WHEN 3 THEN 'unclear' END AS consent,
  e.bits >> 18 & 1 AS is_test,
  e.bits >> 24 & 1 AS content_differs,
  e.bits >> 25 & 1 AS money_differs,
  f.path AS file,
  e.byte_offset AS byte_offset
FROM event AS e
JOIN term AS name ON name.kind = 0 AND name.code = e.name
JOIN place AS p ON p.code = e.place
JOIN source AS f ON f.code = e.source
LEFT JOIN term AS pixel ON pixel.kind = 1 AND pixel.code = e.pixel
LEFT JOIN term AS campaign ON campaign.kind = 2 AND campaign.code = p.campaign
LEFT JOIN term AS funnel ON funnel.kind = 3 AND funnel.code = p.funnel
LEFT JOIN term AS source_name ON source_name.kind = 4 AND source_name.code = p.source_name
LEFT JOIN term AS page ON page.kind = 5 AND page.code = p.page
LEFT JOIN term AS currency ON currency.kind = 7 AND currency.code = p.currency
LEFT JOIN session AS s ON s.code = e.session;

CREATE VIEW receipts AS
SELECT
  CASE typeof(r.event_id)
    WHEN 'blob' THEN lower(
      substr(hex(r.event_id), 1, 8) || '-' || substr(hex(r.event_id), 9, 4) || '-' ||
      substr(hex(r.event_id), 13, 4) || '-' || substr(hex(r.event_id), 17, 4) || '-' ||
      substr(hex(r.event_id), 21))
    ELSE r.event_id
  END AS event_id,
  name.text AS event,
  pixel.text AS pixel_id,
  CASE a.leg WHEN 0 THEN 'server' ELSE 'browser' END AS leg,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(r.at_ms, 0) / 1000.0, 'unixepoch') AS sent_at,
  nullif(a.http_status, -1) AS http_status,
  CASE a.kind WHEN 1 THEN a.api_code END AS code,
  CASE a.kind WHEN 0 THEN 'none' WHEN 1 THEN 'integer' WHEN 2 THEN 'no integer' ELSE 'unreadable' END
    AS code_kind,
  a.timed_out AS timed_out,
  a.claimed AS sender_claims_delivered,
  test_code.text AS test_event_code,
  CASE typeof(r.request_id) WHEN 'blob' THEN hex(r.request_id) ELSE nullif(r.request_id, '') END
    AS request_id,
  f.path AS file,
  r.byte_offset AS byte_offset
FROM receipt AS r
JOIN answer AS a ON a.code = r.answer
JOIN term AS name ON name.kind = 0 AND name.code = r.name
JOIN source AS f ON f.code = r.source
LEFT JOIN term AS pixel ON pixel.kind = 1 AND pixel.code = r.pixel
LEFT JOIN term AS test_code ON test_code.kind = 8 AND test_code.code = a.test_code;

CREATE VIEW attempts AS
SELECT
  CASE typeof(a.event_id)
    WHEN 'blob' THEN lower(
      substr(hex(a.event_id), 1, 8) || '-' || substr(hex(a.event_id), 9, 4) || '-' ||
      substr(hex(a.event_id), 13, 4) || '-' || substr(hex(a.event_id), 17, 4) || '-' ||
      substr(hex(a.event_id), 21))
    ELSE a.event_id
  END AS event_id,
  name.text AS event,
  pixel.text AS pixel_id,
  a.batch AS batch,
  b.run AS run,
  strftime('%Y-%m-%dT%H:%M:%fZ', b.started_ms / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', b.ended_ms / 1000.0, 'unixepoch') AS ended_at,
  CASE a.outcome
    WHEN 1 THEN 'accepted'
    WHEN 2 THEN 'refused: event'
    WHEN 3 THEN 'refused: credential'
    WHEN 4 THEN 'refused: permission'
    WHEN 5 THEN 'refused: config'
    WHEN 6 THEN 'refused: throttled'
    WHEN 7 THEN 'not sent'
    WHEN 9 THEN 'unverified'
    ELSE 'unknown'
  END AS outcome,
  b.http_status AS http_status,
  CASE b.kind WHEN 1 THEN b.api_code END AS code,
  b.request_id AS request_id,
  b.size AS batch_size,
  test_code.text AS test_event_code
FROM attempt AS a
JOIN batch AS b ON b.code = a.batch
JOIN term AS name ON name.kind = 0 AND name.code = a.name
JOIN term AS pixel ON pixel.kind = 1 AND pixel.code = a.pixel
LEFT JOIN term AS test_code ON test_code.kind = 8 AND test_code.code = b.test_code;

CREATE VIEW quarantined AS
SELECT
  f.path AS file,
  q.byte_offset AS byte_offset,
  q.length AS length,
  CASE q.reason
    WHEN 0 THEN 'syntax'
    WHEN 1 THEN 'utf8'
    WHEN 2 THEN 'line-too-long'
    WHEN 3 THEN 'depth'
    WHEN 4 THEN 'too-many-keys'
    WHEN 5 THEN 'duplicate-key'
    WHEN 6 THEN 'number-range'
    WHEN 7 THEN 'not-an-object'
    WHEN 8 THEN 'wrong-type'
    WHEN 9 THEN 'event-id-missing'
    WHEN 10 THEN 'event-id-not-string'
    WHEN 11 THEN 'id-too-long'
    WHEN 12 THEN 'event-name-missing'
    WHEN 13 THEN 'time-missing'
    WHEN 14 THEN 'time-unreadable'
    WHEN 15 THEN 'time-without-zone'
    WHEN 16 THEN 'time-range'
    WHEN 17 THEN 'unknown-record'
    WHEN 18 THEN 'truncated'
    WHEN 19 THEN 'corrupt'
    WHEN 20 THEN 'expansion-limit'
  END AS reason,
  lower(hex(q.sha256)) AS sha256,
  name.text AS event,
  strftime('%Y-%m-%dT%H:%M:%fZ', q.at_ms / 1000.0, 'unixepoch') AS occurred_at
FROM quarantine AS q
JOIN source AS f ON f.code = q.source
LEFT JOIN term AS name ON name.kind = 0 AND name.code = q.name;

CREATE VIEW sources AS
SELECT
  path AS file,
  position AS position,
  CASE problem
    WHEN 1 THEN 'truncated' WHEN 2 THEN 'corrupt' WHEN 3 THEN 'expansion-limit' WHEN 4 THEN 'unreadable'
  END AS problem,
  strftime('%Y-%m-%dT%H:%M:%fZ', imported_ms / 1000.0, 'unixepoch') AS imported_at
FROM source;

CREATE VIEW runs AS
SELECT
  code AS run,
  CASE kind WHEN 1 THEN 'import' WHEN 2 THEN 'backfill' ELSE 'audit' END AS kind,
  strftime('%Y-%m-%dT%H:%M:%fZ', started_ms / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', ended_ms / 1000.0, 'unixepoch') AS ended_at,
  exit_code AS exit_code,
  counts AS counts
FROM run;
