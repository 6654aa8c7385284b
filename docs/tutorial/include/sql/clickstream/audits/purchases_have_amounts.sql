-- Protects sums of what was sold.
SELECT CONCAT('event ', event_id, ' of visitor ', visitor_id) AS bad_row
FROM staged
WHERE type = 'purchase' AND COALESCE(amount, 0) <= 0
