CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'it''s a shop';
CREATE TYPE shop.color AS ENUM ('red', 'it''s green');
CREATE DOMAIN shop.amount AS numeric(10, 2) DEFAULT 1 NOT NULL CONSTRAINT positive CHECK (VALUE > 0);
CREATE TYPE shop.point AS (x integer, y shop.color[]);
CREATE TYPE shop.span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE TYPE alone AS ENUM ('x');
CREATE SEQUENCE shop.number AS smallint INCREMENT 5 MINVALUE 5 MAXVALUE 5000 CYCLE;
CREATE SEQUENCE alone_number;
CREATE FUNCTION shop.next_code(prefix text DEFAULT 'a:b') RETURNS text LANGUAGE plpgsql AS
$$ BEGIN RETURN prefix || nextval('shop.number')::text || '%'; END $$;
CREATE TABLE shop.author (
    id serial PRIMARY KEY, name text COLLATE "C" NOT NULL, code text DEFAULT shop.next_code(), favourite integer
);
CREATE TABLE shop."Odd ""table" (
    id bigint GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 2), color shop.color DEFAULT 'red', price shop.amount,
    place shop.point, during shop.span, pages integer CHECK (pages > 0),
    twice integer GENERATED ALWAYS AS (pages * 2) STORED,
    author_id integer NOT NULL REFERENCES shop.author ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (id), UNIQUE (color, price), EXCLUDE USING gist (during WITH &&)
) WITH (fillfactor = 70);
ALTER TABLE shop.author ADD CONSTRAINT favourite_one FOREIGN KEY (favourite) REFERENCES shop."Odd ""table" (id);
ALTER TABLE shop."Odd ""table" ALTER COLUMN place SET STORAGE EXTERNAL, ALTER COLUMN pages SET STATISTICS 200,
    ENABLE ROW LEVEL SECURITY, REPLICA IDENTITY FULL;
COMMENT ON TABLE shop.author IS 'authors: all';
COMMENT ON COLUMN shop.author.name IS 'the name';
COMMENT ON CONSTRAINT favourite_one ON shop.author IS 'a favourite';
CREATE INDEX by_name ON shop.author (lower(name) DESC) WHERE id > 5;
COMMENT ON INDEX shop.by_name IS 'an index';
CREATE STATISTICS shop.both ON id, name FROM shop.author;
CREATE TABLE shop.base (id integer, note text CHECK (note <> ''));
CREATE TABLE shop.child (more text) INHERITS (shop.base);
CREATE TABLE shop.event (id integer NOT NULL, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE shop.event_1 (at date NOT NULL, id integer NOT NULL);
ALTER TABLE shop.event ATTACH PARTITION shop.event_1 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE shop.event_other PARTITION OF shop.event DEFAULT;
CREATE INDEX event_at ON shop.event (at);
CREATE UNLOGGED TABLE plain (id integer);
CREATE VIEW shop.long_book (number, title) WITH (security_barrier = true) AS
    SELECT id, color FROM shop."Odd ""table" WHERE pages > 500 WITH LOCAL CHECK OPTION;
COMMENT ON VIEW shop.long_book IS 'long';
COMMENT ON COLUMN shop.long_book.title IS 'its title';
ALTER VIEW shop.long_book ALTER COLUMN title SET DEFAULT 'red';
CREATE VIEW names AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n;
CREATE MATERIALIZED VIEW shop.totals AS SELECT count(*) AS total FROM shop.author;
CREATE UNIQUE INDEX totals_one ON shop.totals (total);
CREATE FUNCTION shop.pages_of(a shop.author) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT count(*) FROM shop."Odd ""table" WHERE author_id = a.id $$;
CREATE FUNCTION shop.pages_of(a integer) RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT 1; END;
COMMENT ON FUNCTION shop.pages_of(integer) IS 'overloaded';
CREATE PROCEDURE shop.tidy(INOUT n integer) LANGUAGE plpgsql AS $body$ BEGIN n := n + 1; END $body$;
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE OF name ON shop.author FOR EACH ROW WHEN (OLD.name <> NEW.name)
    EXECUTE FUNCTION shop.touch();
ALTER TABLE shop.author DISABLE TRIGGER touched;
CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON shop.author DEFERRABLE FOR EACH ROW EXECUTE FUNCTION shop.touch();
CREATE RULE ignored AS ON DELETE TO plain DO INSTEAD NOTHING;
CREATE POLICY own ON shop."Odd ""table" AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (pages > 1) WITH CHECK (pages > 2);
CREATE AGGREGATE shop.add_all (integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE TRIGGER touched BEFORE UPDATE ON plain FOR EACH ROW EXECUTE FUNCTION shop.touch();
CREATE TRIGGER touched BEFORE UPDATE ON shop.base FOR EACH ROW EXECUTE FUNCTION shop.touch();
COMMENT ON TRIGGER touched ON shop.base IS 'of the base';
CREATE RULE ignored AS ON DELETE TO shop.base DO INSTEAD NOTHING;
CREATE RULE ignored AS ON DELETE TO shop.child DO INSTEAD NOTHING;
ALTER TABLE shop.author ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.author USING (id > 1);
CREATE FUNCTION shop.near(a integer, b integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT abs(a - b) < 2';
CREATE FUNCTION shop.far(a integer, b integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT abs(a - b) >= 2';
CREATE OPERATOR shop.=~ (FUNCTION = shop.near, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(shop.=~));
CREATE OPERATOR shop.<~> (FUNCTION = shop.far, LEFTARG = integer, RIGHTARG = integer, NEGATOR = OPERATOR(shop.=~));
COMMENT ON OPERATOR shop.<~> (integer, integer) IS 'far';
