INSERT INTO suppliers (id, name, country) VALUES
  ('northwind', 'Northwind Paper', 'NL'),
  ('helios', 'Helios Electronics', 'DE'),
  ('ferro', 'Ferro Metalworks', 'IT');

INSERT INTO products (sku, name, supplier, unit_price_cents, stock) VALUES
  ('PAPER-A4', 'Printer paper A4, 500 sheets', 'northwind', 499, 120),
  ('ENV-C5', 'Envelopes C5, 100 pieces', 'northwind', 899, 40),
  ('MON-27', 'Monitor 27 inch', 'helios', 21900, 6),
  ('DOCK-C', 'USB-C dock', 'helios', 12950, 11),
  ('LAP-14', 'Laptop 14 inch', 'helios', 129900, 3),
  ('RACK-42', 'Server rack 42U', 'ferro', 89000, 2),
  ('BRACKET', 'Wall bracket, steel', 'ferro', 1250, 300);

INSERT INTO orders (supplier, item, quantity, total_cents, currency, status, created_at) VALUES
  ('northwind', 'PAPER-A4', 40, 19960, 'EUR', 'shipped', '2026-05-04 09:12:00'),
  ('helios', 'MON-27', 2, 43800, 'EUR', 'shipped', '2026-05-11 13:40:00'),
  ('ferro', 'BRACKET', 20, 25000, 'EUR', 'cancelled', '2026-05-19 08:02:00'),
  ('northwind', 'ENV-C5', 10, 8990, 'EUR', 'placed', '2026-06-01 10:31:00');

INSERT INTO customers (id, name, email, phone, city, tier) VALUES
  ('c-1001', 'Ines Moreau', 'ines.moreau@example.com', '+33 1 70 18 00 01', 'Lyon', 'gold'),
  ('c-1002', 'Jonas Weber', 'jonas.weber@example.com', '+49 30 2300 0002', 'Berlin', 'standard'),
  ('c-1003', 'Lucia Ferrari', 'lucia.ferrari@example.com', '+39 02 3000 0003', 'Milan', 'gold'),
  ('c-1004', 'Priya Nair', 'priya.nair@example.com', '+44 20 7946 0004', 'Leeds', 'standard'),
  ('c-1005', 'Tomasz Nowak', 'tomasz.nowak@example.com', '+48 22 300 0005', 'Gdansk', 'standard');

INSERT INTO tickets (customer, subject, body, status) VALUES
  ('c-1001', 'Invoice shows the wrong address', 'The invoice of May still has my old address. Please correct it.', 'open'),
  ('c-1002', 'Dock does not charge', 'The dock charges the phone but not the laptop.', 'open'),
  ('c-1003', 'Thank you', 'The replacement arrived within a day.', 'closed'),
  ('c-1004', 'When is my order shipped?', 'Ordered on Monday, no message since.', 'open');

INSERT INTO hosts (name, environment, role) VALUES
  ('web-1', 'production', 'web'),
  ('web-2', 'production', 'web'),
  ('db-1', 'production', 'database'),
  ('stage-web-1', 'staging', 'web'),
  ('stage-db-1', 'staging', 'database');
