-- Subscribes a share of a zone's homes to a program, with their devices of the given classes that are not in it yet. Homes
-- that are compared with are in the program of those alone, others in none of it.
WITH device AS (
    SELECT d.id, d.location_id, l.customer_id, d.installed_at
      FROM cpm_device d JOIN cpm_devicelocation l ON l.id = d.location_id JOIN cpm_customer c ON c.id = l.customer_id
     WHERE l.zone = %(zone)s AND d.ended_at IS NULL AND d.device_class = ANY(%(classes)s)
       AND abs(hashtextextended(c.number, %(seed)s)) %% 1000 < %(share)s * 1000
       AND (abs(hashtextextended(c.number, %(compared_seed)s)) %% 1000 < %(compared_share)s * 1000) = %(is_compared)s
       AND NOT EXISTS (SELECT FROM cpm_subscription s
                        WHERE s.program_id = %(program)s AND s.location_id = l.id AND s.ends_at IS NULL)),
subscription AS (
    INSERT INTO cpm_subscription (customer_id, program_id, location_id, starts_at)
    SELECT customer_id, %(program)s, location_id, max(installed_at) + interval '2 days'
      FROM device GROUP BY customer_id, location_id ORDER BY location_id
    RETURNING id, location_id)
INSERT INTO cpm_subscribeddevice (subscription_id, device_id, answer, error)
SELECT subscription.id, device.id, 'Pending', '' FROM subscription JOIN device USING (location_id) ORDER BY device.id
