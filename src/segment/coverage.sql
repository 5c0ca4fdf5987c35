-- Expected, delivered and missing keys of each day, pixel and event, over the union of all hosts, and the
-- newest acceptance among them.
--
-- One text for SQLite and Spark, over the views expected, delivered, answered and facts. The cutoff is as
-- in missing.sql. A key accepted before that grace is over is expected too, as its verdict is delivered.
WITH named AS (
  SELECT event, event_id, MIN(pixel) AS pixel
  FROM (
    SELECT pixel, event, event_id
    FROM delivered
    UNION ALL
    SELECT pixel, event, event_id
    FROM answered
  ) AS receipt
  WHERE pixel <> ''
  GROUP BY event, event_id
  HAVING COUNT(DISTINCT pixel) = 1
),
record AS (
  SELECT pixel, event, event_id, MIN(at_ms) AS at_ms
  FROM (
    SELECT
      CASE WHEN e.pixel <> '' THEN e.pixel ELSE COALESCE(n.pixel, e.pixel_else, '') END AS pixel,
      e.event,
      e.event_id,
      e.at_ms
    FROM expected AS e
    LEFT JOIN named AS n ON n.event = e.event AND n.event_id = e.event_id
    WHERE e.event_id <> '' AND e.event <> ''
  ) AS resolved
  GROUP BY pixel, event, event_id
),
sole AS (
  SELECT event, event_id, MIN(pixel) AS pixel
  FROM record
  GROUP BY event, event_id
  HAVING COUNT(DISTINCT pixel) = 1
),
accepted AS (
  SELECT pixel, event, event_id, MAX(at_ms) AS at_ms, 1 AS hit
  FROM (
    SELECT d.pixel, d.event, d.event_id, d.at_ms
    FROM delivered AS d
    WHERE d.pixel <> '' AND d.event_id <> '' AND d.event <> ''
    UNION ALL
    SELECT s.pixel, d.event, d.event_id, d.at_ms
    FROM delivered AS d
    JOIN sole AS s ON s.event = d.event AND s.event_id = d.event_id
    WHERE d.pixel = ''
  ) AS taken
  GROUP BY pixel, event, event_id
),
shipped AS (
  SELECT MAX(at_ms) AS at_ms
  FROM facts
  WHERE host <> ''
  GROUP BY host
  UNION ALL
  SELECT $1 AS at_ms
),
counted AS (
  SELECT
    r.at_ms - r.at_ms % 86400000 AS day_ms,
    r.pixel,
    r.event,
    COUNT(*) AS expected,
    SUM(COALESCE(a.hit, 0)) AS delivered,
    SUM(1 - COALESCE(a.hit, 0)) AS missing,
    MAX(COALESCE(a.at_ms, 0)) AS newest_ms
  FROM record AS r
  LEFT JOIN accepted AS a ON a.pixel = r.pixel AND a.event = r.event AND a.event_id = r.event_id
  WHERE r.at_ms <= (SELECT MIN(at_ms) FROM shipped) OR COALESCE(a.hit, 0) = 1
  GROUP BY r.at_ms - r.at_ms % 86400000, r.pixel, r.event
)
SELECT
  day_ms,
  pixel,
  event,
  expected,
  delivered,
  missing,
  newest_ms,
  (SELECT MIN(at_ms) FROM shipped) AS settled_ms,
  (SELECT COUNT(DISTINCT host) FROM facts WHERE host <> '') AS hosts
FROM counted
