-- The three worst days of every airline at each New York airport, with the week that led up to them.
-- One text for Spark and for DuckDB: whole numbers only, and an order without ties, so that both must agree exactly.
WITH flown AS (
    SELECT
        f.carrier,
        f.origin,
        f.month,
        f.day,
        f.dep_delay,
        CASE WHEN w.precip > 0 OR w.visib < 5 THEN 1 ELSE 0 END AS rough,
        CASE WHEN p.year < 2000 THEN 1 ELSE 0 END AS aged
    FROM flights f
    JOIN weather w ON f.origin = w.origin AND f.time_hour = w.time_hour
    LEFT JOIN planes p ON f.tailnum = p.tailnum
    WHERE f.dep_delay IS NOT NULL
),
daily AS (
    SELECT
        carrier,
        origin,
        month,
        day,
        COUNT(*) AS departures,
        SUM(dep_delay) AS delay,
        SUM(rough) AS rough,
        SUM(aged) AS aged
    FROM flown
    GROUP BY carrier, origin, month, day
),
ranked AS (
    SELECT
        daily.*,
        SUM(delay) OVER week AS week_delay,
        SUM(departures) OVER week AS week_departures,
        ROW_NUMBER() OVER (PARTITION BY carrier, origin ORDER BY delay DESC, month, day) AS place
    FROM daily
    WINDOW week AS (PARTITION BY carrier, origin ORDER BY month, day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW)
)
SELECT
    a.name,
    r.origin,
    r.place,
    r.month,
    r.day,
    r.departures,
    r.delay,
    r.rough,
    r.aged,
    r.week_departures,
    r.week_delay
FROM ranked r
JOIN airlines a ON r.carrier = a.carrier
WHERE r.place <= 3
ORDER BY a.name, r.origin, r.place
