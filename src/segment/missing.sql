-- What must come back from the cluster to be judged and sent: one JSON record a line.
--
-- One text for SQLite and Spark, over the views expected, delivered, answered, sessions, facts, queued.
-- The cutoff is a time in whole milliseconds: events after it are still waiting. So are those after the
-- time up to which the slowest host has shipped, for their delivery may lie there.
-- An event whose record and campaign name no pixel has the only one that receipts name, as on one machine.
WITH receipt AS (
  SELECT pixel, event, event_id, line
  FROM delivered
  WHERE event_id <> '' AND event <> ''
  UNION ALL
  SELECT pixel, event, event_id, line
  FROM answered
  WHERE event_id <> '' AND event <> ''
),
named AS (
  SELECT event, event_id, MIN(pixel) AS pixel
  FROM receipt
  WHERE pixel <> ''
  GROUP BY event, event_id
  HAVING COUNT(DISTINCT pixel) = 1
),
record AS (
  SELECT
    CASE WHEN e.pixel <> '' THEN e.pixel ELSE COALESCE(n.pixel, e.pixel_else, '') END AS pixel,
    e.event,
    e.event_id,
    e.session_id,
    e.at_ms,
    e.line
  FROM expected AS e
  LEFT JOIN named AS n ON n.event = e.event AND n.event_id = e.event_id
  WHERE e.event_id <> '' AND e.event <> ''
),
sole AS (
  SELECT event, event_id, MIN(pixel) AS pixel
  FROM record
  GROUP BY event, event_id
  HAVING COUNT(DISTINCT pixel) = 1
),
accepted AS (
  SELECT d.pixel, d.event, d.event_id
  FROM delivered AS d
  WHERE d.pixel <> '' AND d.event_id <> '' AND d.event <> ''
  UNION
  SELECT s.pixel, d.event, d.event_id
  FROM delivered AS d
  JOIN sole AS s ON s.event = d.event AND s.event_id = d.event_id
  WHERE d.pixel = ''
),
shipped AS (
  SELECT MAX(at_ms) AS at_ms
  FROM facts
  WHERE host <> ''
  GROUP BY host
  UNION ALL
  SELECT $1 AS at_ms
),
missing AS (
  SELECT r.event_id, r.session_id, r.line
  FROM record AS r
  WHERE r.at_ms <= (SELECT MIN(at_ms) FROM shipped)
    AND NOT EXISTS (
      SELECT 1
      FROM accepted AS a
      WHERE a.pixel = r.pixel AND a.event = r.event AND a.event_id = r.event_id
    )
),
-- Refused, unknown, fired by the browser, under another name or pixel: what decides if it may be sent.
wanted AS (
  SELECT event_id
  FROM missing
  UNION
  SELECT event_id
  FROM queued
  WHERE event_id <> ''
),
visit AS (
  SELECT DISTINCT session_id
  FROM missing
  WHERE session_id <> ''
)
SELECT line
FROM missing
UNION ALL
SELECT r.line
FROM receipt AS r
JOIN wanted AS w ON w.event_id = r.event_id
UNION ALL
-- A denial logged by any host, and the match keys that only the session had.
SELECT s.line
FROM sessions AS s
JOIN visit AS v ON v.session_id = s.session_id
UNION ALL
SELECT line
FROM facts
WHERE line <> ''
