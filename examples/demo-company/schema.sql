-- The demo company's system of record. Money is in cents, times are UTC text written by SQLite itself.
CREATE TABLE suppliers (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  country TEXT NOT NULL
) STRICT;

CREATE TABLE products (
  sku TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  supplier TEXT NOT NULL REFERENCES suppliers (id),
  unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents > 0),
  stock INTEGER NOT NULL CHECK (stock >= 0)
) STRICT;

CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  supplier TEXT NOT NULL REFERENCES suppliers (id),
  item TEXT NOT NULL,
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  total_cents INTEGER NOT NULL CHECK (total_cents > 0),
  currency TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('placed', 'shipped', 'cancelled')),
  created_at TEXT NOT NULL DEFAULT (datetime('now'))
) STRICT;

CREATE TABLE customers (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  phone TEXT NOT NULL,
  city TEXT NOT NULL,
  tier TEXT NOT NULL CHECK (tier IN ('standard', 'gold'))
) STRICT;

CREATE TABLE tickets (
  id INTEGER PRIMARY KEY,
  customer TEXT NOT NULL REFERENCES customers (id),
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('open', 'closed'))
) STRICT;

CREATE TABLE hosts (
  name TEXT PRIMARY KEY,
  environment TEXT NOT NULL CHECK (environment IN ('production', 'staging')),
  role TEXT NOT NULL,
  restarts INTEGER NOT NULL DEFAULT 0,
  restarted_at TEXT
) STRICT;

-- What left the company: `customers.export` writes here.
CREATE TABLE exports (
  id INTEGER PRIMARY KEY,
  destination TEXT NOT NULL,
  rows INTEGER NOT NULL,
  csv TEXT NOT NULL,
  created_at TEXT NOT NULL DEFAULT (datetime('now'))
) STRICT;

CREATE TABLE reports (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('building', 'done', 'cancelled')),
  steps_done INTEGER NOT NULL DEFAULT 0,
  summary TEXT
) STRICT;
