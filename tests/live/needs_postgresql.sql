-- ========== operators by symbol
-- b
CREATE FUNCTION add1(point, point) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- c
CREATE OPERATOR @#@ (LEFTARG = point, RIGHTARG = point, FUNCTION = add1);
-- a
CREATE VIEW a AS SELECT point '(1,2)' @#@ point '(2,3)' AS x;

-- ========== operator qualified
-- b
CREATE SCHEMA s; CREATE FUNCTION s.add1(point, point) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- c
CREATE OPERATOR s.@#@ (LEFTARG = point, RIGHTARG = point, FUNCTION = s.add1);
-- a
CREATE VIEW a AS SELECT point '(1,2)' OPERATOR(s.@#@) point '(2,3)' AS x;

-- ========== builtin operator overloaded by own type
-- t
CREATE TYPE comp AS (x int, y int);
-- b
CREATE FUNCTION cadd(comp, comp) RETURNS comp LANGUAGE sql AS 'SELECT $1';
-- c
CREATE OPERATOR + (LEFTARG = comp, RIGHTARG = comp, FUNCTION = cadd);
-- a
CREATE VIEW a AS SELECT ROW(1,2)::comp + ROW(2,3)::comp AS x;
-- plain
CREATE VIEW plain AS SELECT 1 + 2 AS x;

-- ========== opclass
-- f
CREATE FUNCTION mycmp(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
-- c
CREATE OPERATOR CLASS my_ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 mycmp(int, int);
-- t
CREATE TABLE t (x int);
-- a
CREATE INDEX i ON t (x my_ops);

-- ========== attribute notation
-- p
CREATE TABLE person (first text, last text);
-- f
CREATE FUNCTION full_name(person) RETURNS text LANGUAGE sql AS 'SELECT $1.first || $1.last';
-- a
CREATE VIEW a AS SELECT p.full_name FROM person p;
-- b
CREATE VIEW b AS SELECT full_name(p) FROM person p;
-- c
CREATE VIEW c AS SELECT person.full_name FROM person;
-- d
CREATE VIEW d AS SELECT p.first FROM person p;
-- first
CREATE FUNCTION first(int) RETURNS int LANGUAGE sql AS 'SELECT 1';

-- ========== group by primary key
-- t
CREATE TABLE t (id int, name text);
-- pk
ALTER TABLE t ADD CONSTRAINT t_pk PRIMARY KEY (id);
-- v
CREATE VIEW v AS SELECT t.id, t.name, count(*) FROM t GROUP BY t.id;

-- ========== group by pk in public schema qualified
-- t
CREATE TABLE public.t (id int, name text);
-- u
CREATE TABLE u (tid int);
-- pk
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pk PRIMARY KEY (id);
-- v
CREATE VIEW v AS SELECT x.id, x.name, count(*) FROM u JOIN t x ON x.id = u.tid GROUP BY x.id HAVING count(*) > 1;

-- ========== group by pk that only having asks for, behind a call and in a query of its own
-- t
CREATE TABLE t (id int, name text);
-- pk
ALTER TABLE t ADD CONSTRAINT t_pk PRIMARY KEY (id);
-- v
CREATE VIEW v AS SELECT FROM t GROUP BY t.id HAVING length(t.name) > 0;
-- w
CREATE VIEW w AS SELECT (SELECT count(*) FROM (SELECT t.name FROM t GROUP BY lower(t.name), t.id) x) AS n;
-- x
CREATE VIEW x AS SELECT lower(t.name) AS l, t.id FROM t GROUP BY lower(t.name), t.id HAVING lower(t.name) > 'a';

-- ========== group by, no pk used
-- t
CREATE TABLE t (id int, name text);
-- pk
ALTER TABLE t ADD CONSTRAINT t_pk PRIMARY KEY (id);
-- v
CREATE VIEW v AS SELECT name, count(*) FROM t GROUP BY name;

-- ========== overloads by count
-- f1
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- f2
CREATE FUNCTION f(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- a
CREATE VIEW a AS SELECT f(1, 2);
-- b
CREATE VIEW b AS SELECT f(1);

-- ========== overloads calling each other
-- f1
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT f($1, 0)';
-- f2
CREATE FUNCTION f(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';

-- ========== overloads by default args
-- f1
CREATE FUNCTION f(a int, b int DEFAULT 0, c int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- f2
CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- a
CREATE VIEW a AS SELECT f(1, 2);
-- b
CREATE VIEW b AS SELECT f('x'::text);
-- c
CREATE VIEW c AS SELECT f(1, c => 3);

-- ========== overloads by type cycles
-- f1
CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT f($1::int)';
-- f2
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';

-- ========== variadic
-- f1
CREATE FUNCTION f(VARIADIC a int[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- f2
CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT f(1,2,3)';

-- ========== out args
-- f1
CREATE FUNCTION f(a int, OUT b int, OUT c int) LANGUAGE sql AS 'SELECT 1, 2';
-- f2
CREATE FUNCTION f(a int, x int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- a
CREATE VIEW a AS SELECT * FROM f(1);

-- ========== regclass nextval
-- q
CREATE SEQUENCE q;
-- t
CREATE TABLE t (x int DEFAULT nextval('q'::regclass), y int DEFAULT nextval('public.q'), z int DEFAULT nextval(('q'::text)::regclass));
-- u
CREATE VIEW u AS SELECT 't'::regclass AS x, currval('q') AS y, to_regclass('t');

-- ========== inherits
-- z
CREATE TABLE z (x int);
-- a
CREATE TABLE a (y int) INHERITS (z);
-- b
CREATE TABLE b (x int);
-- c
ALTER TABLE b INHERIT z;

-- ========== domains etc
-- z
CREATE DOMAIN z AS text CHECK (y(VALUE));
-- y
CREATE FUNCTION y(text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true';
-- a
CREATE TYPE a AS (x z, e x[]);
-- x
CREATE TYPE x AS ENUM ('a');
-- b
CREATE TABLE b (c a[], d x DEFAULT 'a', e x DEFAULT 'a'::x, f text CHECK (f::z <> ''), CHECK (d <> x 'a'));
-- dd
CREATE DOMAIN dd AS z DEFAULT 'x';
-- r
CREATE TYPE r AS RANGE (subtype = z);
-- v
CREATE VIEW v AS SELECT CAST(NULL AS a), '{}'::x[], r('a','b'), rm() AS s;
-- rm
CREATE FUNCTION rm() RETURNS r LANGUAGE sql AS $$ SELECT 'empty'::r $$;

-- ========== array type name
-- z
CREATE TYPE z AS ENUM ('a');
-- a
CREATE TABLE a (x _z);

-- ========== rules
-- t
CREATE TABLE t (x int);
-- lg
CREATE TABLE lg (x int);
-- f
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- a
CREATE RULE a AS ON INSERT TO t WHERE NEW.x > f(1) DO ALSO INSERT INTO lg VALUES (NEW.x);

-- ========== triggers
-- t
CREATE TABLE t (x int);
-- zz
CREATE FUNCTION zz() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- a
CREATE CONSTRAINT TRIGGER a AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE PROCEDURE zz();
-- b
CREATE OR REPLACE TRIGGER b AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION public.zz();
-- al
ALTER TABLE t DISABLE TRIGGER a;
-- al2
ALTER TRIGGER b ON t RENAME TO c;

-- ========== event triggers
-- zz
CREATE FUNCTION zz() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
-- a
CREATE EVENT TRIGGER a ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION zz();
-- b
ALTER EVENT TRIGGER a DISABLE;

-- ========== own fdw
-- zw
CREATE FOREIGN DATA WRAPPER zw;
-- a
CREATE SERVER a FOREIGN DATA WRAPPER zw;

-- ========== matview
-- t
CREATE TABLE t (x int);
-- m
CREATE MATERIALIZED VIEW m AS SELECT x FROM t WITH NO DATA;
-- i
CREATE UNIQUE INDEX i ON m (x);
-- a
REFRESH MATERIALIZED VIEW m;
-- b
CREATE VIEW b AS TABLE m;

-- ========== comments and grants
-- t
CREATE TABLE t (x int, CONSTRAINT ck CHECK (x > 1));
-- f
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- f2
CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- a1
COMMENT ON TABLE t IS 'x';
-- a2
COMMENT ON COLUMN t.x IS 'x';
-- a3
COMMENT ON FUNCTION f(int) IS 'x';
-- a4
COMMENT ON CONSTRAINT ck ON t IS 'x';
-- a5
GRANT SELECT (x), UPDATE ON t TO PUBLIC;
-- a6
GRANT EXECUTE ON FUNCTION f(text) TO PUBLIC;
-- a7
COMMENT ON CONSTRAINT ck2 ON DOMAIN d IS 'x';
-- d
CREATE DOMAIN d AS int CONSTRAINT ck2 CHECK (VALUE > 1);
-- i
CREATE INDEX i ON t (x);
-- a8
COMMENT ON INDEX i IS 'x';
-- a9
COMMENT ON TYPE e IS 'x';
-- e
CREATE TYPE e AS ENUM ('a');
-- g
CREATE FUNCTION trf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER tr AFTER INSERT ON t EXECUTE FUNCTION trf();
-- b1
COMMENT ON TRIGGER tr ON t IS 'x';
-- p
CREATE POLICY po ON t USING (true);
-- b2
COMMENT ON POLICY po ON t IS 'x';
-- ag
CREATE AGGREGATE ag(int) (SFUNC = int4pl, STYPE = int);
-- b3
COMMENT ON AGGREGATE ag(int) IS 'x';
-- m
CREATE MATERIALIZED VIEW m AS SELECT 1 AS x;
-- b4
COMMENT ON MATERIALIZED VIEW m IS 'x';
-- o
CREATE FUNCTION of(point, point) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OPERATOR @#@ (LEFTARG=point, RIGHTARG=point, FUNCTION=of);
-- b5
COMMENT ON OPERATOR @#@ (point, point) IS 'x';
-- b6
ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
-- b7
ALTER TABLE t VALIDATE CONSTRAINT ck;
-- b8
COMMENT ON RULE ru ON t IS 'x';
-- ru
CREATE RULE ru AS ON DELETE TO t DO INSTEAD NOTHING;

-- ========== alter table own and others
-- t
CREATE TABLE t (id int PRIMARY KEY, x int);
-- fk
ALTER TABLE u ADD CONSTRAINT fk FOREIGN KEY (t) REFERENCES t;
-- u
CREATE TABLE u (t int);
-- f
CREATE FUNCTION f(int) RETURNS bool LANGUAGE sql AS 'SELECT true';
-- ck
ALTER TABLE u ADD CONSTRAINT ck CHECK (f(t)), ALTER COLUMN t SET DEFAULT nextval('q');
-- q
CREATE SEQUENCE q;
-- ty
ALTER TABLE t ALTER COLUMN x TYPE e USING x::text::e, ADD COLUMN y e DEFAULT 'a';
-- e
CREATE TYPE e AS ENUM ('a');
-- addv
ALTER TYPE e ADD VALUE 'b';

-- ========== cte named as views, in functions
-- a
CREATE VIEW a AS WITH b AS (SELECT 1 AS x) SELECT * FROM b;
-- b
CREATE VIEW b AS SELECT x FROM a;
-- f
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ WITH c AS (SELECT * FROM b) SELECT x FROM c $$;
-- c
CREATE VIEW c AS SELECT f() AS x;

-- ========== on conflict constraint
-- t
CREATE TABLE t (x int, y int);
-- k
ALTER TABLE t ADD CONSTRAINT kk UNIQUE (x);
-- ins
INSERT INTO t VALUES (1, 2) ON CONFLICT ON CONSTRAINT kk DO UPDATE SET y = excluded.y;
-- ins2
INSERT INTO t AS z VALUES (1, 2) ON CONFLICT (x) DO UPDATE SET y = excluded.y WHERE z.x > 1;

-- ========== text search
-- d
CREATE TEXT SEARCH DICTIONARY dd (TEMPLATE = simple);
-- c
CREATE TEXT SEARCH CONFIGURATION cc (COPY = simple);
-- a
ALTER TEXT SEARCH CONFIGURATION cc ALTER MAPPING FOR asciiword WITH dd, simple;
-- v
CREATE VIEW v AS SELECT to_tsvector('cc', 'x') AS x, 'cc'::regconfig AS y;
-- t
CREATE TABLE t (b text, x tsvector GENERATED ALWAYS AS (to_tsvector('cc', b)) STORED);
-- i
CREATE INDEX i ON t USING gin (to_tsvector('public.cc', b));

-- ========== collation
-- c
CREATE COLLATION cc (locale = 'C');
-- t
CREATE TABLE t (x text COLLATE cc);
-- v
CREATE VIEW v AS SELECT 'a' COLLATE "cc" < 'b' AS x;
-- dm
CREATE DOMAIN dm AS text COLLATE public.cc;
-- i
CREATE INDEX i ON t (x COLLATE cc);
-- r
CREATE TYPE r AS RANGE (subtype = text, collation = cc);

-- ========== casts
-- t
CREATE TYPE t AS (x int);
-- f
CREATE FUNCTION tocast(int) RETURNS t LANGUAGE sql AS 'SELECT ROW($1)::t';
-- c
CREATE CAST (int AS t) WITH FUNCTION tocast(int) AS ASSIGNMENT;
-- v
CREATE VIEW v AS SELECT 1::t AS x;
-- w
CREATE VIEW w AS SELECT CAST(1 AS t) AS x;

-- ========== polymorphic and setof
-- f
CREATE FUNCTION ff(anyelement) RETURNS SETOF anyelement LANGUAGE sql AS 'SELECT $1';
-- g
CREATE FUNCTION gg(VARIADIC anyarray) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- v
CREATE VIEW v AS SELECT ff(1) AS a, gg(1,2,3) AS b;
-- w
CREATE VIEW w AS SELECT * FROM ROWS FROM (ff(1), generate_series(1,2)) AS z(a, b);

-- ========== aggregates usage
-- s
CREATE FUNCTION ss(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + $2';
-- a
CREATE AGGREGATE agg (int) (SFUNC = ss, STYPE = int, INITCOND = '0');
-- v
CREATE VIEW v AS SELECT agg(x) FILTER (WHERE x > 1) AS a, agg(x) OVER (ORDER BY x) AS b FROM t GROUP BY x;
-- t
CREATE TABLE t (x int);
-- o
CREATE AGGREGATE og (int ORDER BY int) (SFUNC = ss3, STYPE = int);
-- ss3
CREATE FUNCTION ss3(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';

-- ========== plpgsql vars
-- t
CREATE TABLE t (x int);
-- e
CREATE TYPE e AS ENUM ('a');
-- f
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE a e; b t; c t.x%TYPE; d t%ROWTYPE; g e[] := '{}'; r record; cur CURSOR FOR SELECT * FROM v; BEGIN FOR r IN SELECT * FROM v LOOP NULL; END LOOP; END $$;
-- v
CREATE VIEW v AS SELECT 1 AS x;

-- ========== returns table of view
-- v
CREATE VIEW v AS SELECT 1 AS x;
-- f
CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v';
-- g
CREATE FUNCTION g(v) RETURNS v LANGUAGE sql AS 'SELECT $1';
-- h
CREATE FUNCTION h() RETURNS TABLE (a v, b int) LANGUAGE sql AS 'SELECT v, 1 FROM v';

-- ========== whole row function arg
-- t
CREATE TABLE t (x int);
-- f
CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS 'SELECT ($1).x';
-- v
CREATE VIEW v AS SELECT f(t.*) AS a, (t).f AS b, f(t) FROM t;

-- ========== policies
-- t
CREATE TABLE t (x int); 
-- p
CREATE POLICY p ON t FOR SELECT TO PUBLIC USING (f(x) AND x IN (SELECT y FROM u));
-- u
CREATE TABLE u (y int);
-- f
CREATE FUNCTION f(int) RETURNS bool LANGUAGE sql AS 'SELECT true';
-- p2
ALTER POLICY p ON t USING (g(x));
-- g
CREATE FUNCTION g(int) RETURNS bool LANGUAGE sql AS 'SELECT true';

-- ========== view replaced and altered
-- v
CREATE VIEW v AS SELECT 1 AS x;
-- a
ALTER VIEW v SET (security_barrier = true);
-- b
ALTER VIEW v ALTER COLUMN x SET DEFAULT f();
-- f
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- tr
CREATE TRIGGER tr INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION tf();
-- tf
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';

-- ========== atomic
-- t
CREATE TABLE t (x int);
-- f
CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC INSERT INTO t SELECT g(1); SELECT max(x) FROM t WHERE CASE WHEN x > 1 THEN true ELSE false END; END;
-- g
CREATE FUNCTION g(int) RETURNS int LANGUAGE sql RETURN $1 + h();
-- h
CREATE FUNCTION h() RETURNS int LANGUAGE sql RETURN 1;

-- ========== lateral
-- t
CREATE TABLE t (x int, arr int[]);
-- f
CREATE FUNCTION f(int) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
-- v
CREATE VIEW v AS SELECT * FROM t, LATERAL f(t.x) AS f, unnest(t.arr) AS u, LATERAL (SELECT u.y FROM uu u WHERE u.y = t.x) q;
-- uu
CREATE TABLE uu (y int);

-- ========== partition index names
-- p
CREATE TABLE p (x int, y int) PARTITION BY RANGE (x);
-- p1
CREATE TABLE p1 PARTITION OF p (PRIMARY KEY (x)) FOR VALUES FROM (1) TO (2);
-- p2
CREATE TABLE p2 PARTITION OF p DEFAULT;
-- fk
ALTER TABLE q ADD FOREIGN KEY (x) REFERENCES p1 (x);
-- q
CREATE TABLE q (x int);

-- ========== like
-- t
CREATE TABLE t (x e DEFAULT 'a', y int DEFAULT f());
-- e
CREATE TYPE e AS ENUM ('a');
-- f
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- u
CREATE TABLE u (LIKE t INCLUDING ALL, z int);

-- ========== do block
-- t
CREATE TABLE t (x int);
-- d
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_class WHERE relname = 'zz') THEN CREATE TABLE zz (x int REFERENCES tt); END IF; INSERT INTO t VALUES (1); END $$;
-- tt
CREATE TABLE tt (x int PRIMARY KEY);
-- z
CREATE VIEW z AS SELECT * FROM zz;

-- ========== rename
-- t
CREATE TABLE t (x int);
-- r
ALTER TABLE t RENAME TO t2;

-- ========== statistics, publication
-- t
CREATE TABLE t (x int, y int);
-- s
CREATE STATISTICS st ON x, y FROM t;
-- c
COMMENT ON STATISTICS st IS 'x';

-- ========== composite field names
-- a
CREATE TYPE a AS (e text, seq int);
-- e
CREATE TYPE e AS ENUM ('a');
-- seq
CREATE SEQUENCE seq;
-- t
CREATE TABLE t (e text, seq int, a int);
-- f
CREATE FUNCTION f(e text, seq int) RETURNS int LANGUAGE sql AS 'SELECT seq';
-- v
CREATE VIEW v AS SELECT t.e, t.seq, (ROW('x', 1)::a).e AS m FROM t;

-- ========== quoted
-- T
CREATE TABLE "My Table" ("Col" int, "My Type" int);
-- ty
CREATE TYPE "My Type" AS ENUM ('a');
-- f
CREATE FUNCTION "Do It"("X" "My Type") RETURNS int LANGUAGE sql AS 'SELECT 1';
-- v
CREATE VIEW "V" AS SELECT "Do It"('a'), t."Col" FROM "My Table" AS t, "public"."My Table" q;
-- s
CREATE TABLE u (x int DEFAULT nextval('"My Seq"'), y text DEFAULT '"My Table"'::regclass::text);
-- seq
CREATE SEQUENCE "My Seq";

-- ========== values, insert functions
-- t
CREATE TABLE t (x int);
-- f
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- a
INSERT INTO t VALUES (f()), ((SELECT max(x) FROM u));
-- u
CREATE TABLE u (x int);
-- b
CREATE PROCEDURE b() LANGUAGE sql AS 'INSERT INTO t SELECT f()';
-- c
CALL b();

-- ========== merge
-- t
CREATE TABLE t (x int, y int);
-- s
CREATE VIEW s AS SELECT 1 AS x;
-- m
MERGE INTO t AS tt USING s ON tt.x = s.x WHEN MATCHED THEN UPDATE SET y = f() WHEN NOT MATCHED THEN INSERT (x) VALUES (s.x);
-- f
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';

-- ========== prefix interval types
-- day
CREATE TABLE day (d date);
-- v
CREATE VIEW v AS SELECT extract(day FROM now()) AS day, interval '1 day' AS i, date '2020-01-01' AS date;
-- date
CREATE TABLE "date" (x int);
-- time
CREATE VIEW "time" AS SELECT 1 AS x;
-- w
CREATE VIEW w AS SELECT now()::time, CAST(now() AS date) AS d, current_date AS cd;

-- ========== schema with its objects
-- s
CREATE SCHEMA s;
-- z
CREATE SCHEMA z CREATE TABLE t (x int) CREATE VIEW v AS SELECT * FROM t;
-- a
CREATE TABLE s.a (x z.t);
-- b
CREATE VIEW s.b AS SELECT * FROM z.v;
-- d
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO PUBLIC;

-- ========== partitions and their indexes
-- z
CREATE TABLE z (x int, d date) PARTITION BY RANGE (d);
-- a
CREATE TABLE a PARTITION OF z FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') PARTITION BY LIST (x);
-- aa
CREATE TABLE aa PARTITION OF a FOR VALUES IN (1);
-- b
CREATE TABLE b (x int, d date);
-- bb
ALTER TABLE z ATTACH PARTITION b FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
-- zi
CREATE INDEX zi ON ONLY z (x);

-- ========== rules that insert and delete
-- t
CREATE TABLE t (x int);
-- log_inserts
CREATE TABLE log_inserts (x int);
-- log_updates
CREATE TABLE log_updates (x int);
-- log_deletes
CREATE TABLE log_deletes (x int);
-- all_rows
CREATE TABLE all_rows (x int UNIQUE);
-- a1
CREATE RULE a1 AS ON INSERT TO t DO INSERT INTO log_inserts VALUES (new.x);
-- a2
CREATE RULE a2 AS ON UPDATE TO t WHERE new.x <> old.x DO UPDATE log_updates SET x = new.x;
-- a3
CREATE RULE a3 AS ON DELETE TO t DO DELETE FROM log_deletes WHERE x = old.x;
-- a4
CREATE RULE a4 AS ON INSERT TO log_inserts DO ALSO INSERT INTO all_rows VALUES (new.x) ON CONFLICT (x) DO UPDATE SET x = 1;

-- ========== operator classes in partition keys
-- t
CREATE TABLE t (x int, y text) PARTITION BY HASH (x z_ops, y COLLATE z_collation);
-- z_ops
CREATE OPERATOR CLASS z_ops FOR TYPE int4 USING hash AS OPERATOR 1 =, FUNCTION 2 z_hash(int4, int8);
-- z_hash
CREATE FUNCTION z_hash(int4, int8) RETURNS int8 IMMUTABLE LANGUAGE sql AS 'SELECT $1 + $2';
-- z_collation
CREATE COLLATION z_collation FROM "C";

-- ========== operators that name each other
-- a
CREATE OPERATOR <<< (FUNCTION = less, LEFTARG = z_type, RIGHTARG = z_type, COMMUTATOR = >>>, NEGATOR = OPERATOR(public.>>>=));
-- b
CREATE OPERATOR >>> (FUNCTION = more, LEFTARG = z_type, RIGHTARG = z_type, COMMUTATOR = <<<);
-- c
CREATE OPERATOR >>>= (FUNCTION = less, LEFTARG = z_type, RIGHTARG = z_type, NEGATOR = <<<);
-- d
CREATE OPERATOR <<< (FUNCTION = less_int, LEFTARG = z_type, RIGHTARG = int, COMMUTATOR = >>>);
-- less
CREATE FUNCTION less(z_type, z_type) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1.x < $2.x';
-- less_int
CREATE FUNCTION less_int(z_type, int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1.x < $2';
-- more
CREATE FUNCTION more(z_type, z_type) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1.x > $2.x';
-- selectivity
CREATE FUNCTION selectivity(internal, oid, internal, int) RETURNS float8 STABLE LANGUAGE internal AS 'eqsel';
-- z_type
CREATE TYPE z_type AS (x int);
-- a_user
CREATE VIEW a_user AS SELECT ROW(1)::z_type <<< ROW(2)::z_type AS is_less;
-- a_changed
ALTER OPERATOR <<< (z_type, int) SET (RESTRICT = selectivity);

-- ========== operator families
-- a
ALTER OPERATOR FAMILY family USING btree ADD OPERATOR 1 < (z_type, int);
-- b
ALTER OPERATOR FAMILY family USING btree ADD FUNCTION 1 (z_type, int) compared(z_type, int);
-- c
COMMENT ON OPERATOR < (z_type, int) IS 'less';
-- d
CREATE OPERATOR CLASS d FOR TYPE box USING gist FAMILY z_family AS OPERATOR 1 &&, STORAGE z_stored,
    FUNCTION 1 gist_box_consistent(internal, box, smallint, oid, internal), FUNCTION 2 gist_box_union(internal, internal);
-- z_family
CREATE OPERATOR FAMILY z_family USING gist;
-- z_stored
CREATE DOMAIN z_stored AS box;
-- family
CREATE OPERATOR FAMILY family USING btree;
-- y_less
CREATE OPERATOR < (FUNCTION = less, LEFTARG = z_type, RIGHTARG = int);
-- less
CREATE FUNCTION less(z_type, int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1.x < $2';
-- compared
CREATE FUNCTION compared(z_type, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1.x - $2';
-- z_type
CREATE TYPE z_type AS (x int);

-- ========== functions of a type that is altered
-- a
ALTER TYPE label SET (TYPMOD_IN = z_in, TYPMOD_OUT = z_out);
-- label
CREATE TYPE label; CREATE FUNCTION label_in(cstring) RETURNS label STRICT IMMUTABLE LANGUAGE internal AS 'textin';
CREATE FUNCTION label_out(label) RETURNS cstring STRICT IMMUTABLE LANGUAGE internal AS 'textout';
CREATE TYPE label (INPUT = label_in, OUTPUT = label_out, LIKE = text);
-- z_in
CREATE FUNCTION z_in(cstring[]) RETURNS int IMMUTABLE STRICT LANGUAGE internal AS 'varchartypmodin';
-- z_out
CREATE FUNCTION z_out(int) RETURNS cstring IMMUTABLE STRICT LANGUAGE internal AS 'varchartypmodout';

-- ========== constraints that take an index
-- a
ALTER TABLE t ADD CONSTRAINT z_key UNIQUE USING INDEX z_key;
-- b
ALTER TABLE u ADD PRIMARY KEY USING INDEX z_primary;
-- t
CREATE TABLE t (x int);
-- u
CREATE TABLE u (x int NOT NULL);
-- z_key
CREATE UNIQUE INDEX z_key ON t (x);
-- z_primary
CREATE UNIQUE INDEX z_primary ON u (x);

-- ========== columns named like words of definitions
-- a
CREATE TABLE a (key z1, index z2, "value" z3, filter z4, rule z5, attribute z6, operator z7, statistics z8, exclude z9);
-- b
CREATE TABLE b (x int);
ALTER TABLE b ADD period z1, ADD COLUMN signature z2, ADD attribute z3, ADD member z4 NOT NULL, ADD values_ z5;
-- c
CREATE TYPE c AS (key z1, period z2);
ALTER TYPE c ADD ATTRIBUTE other z3, ADD ATTRIBUTE more z4 CASCADE, ALTER ATTRIBUTE period SET DATA TYPE z5;
-- d
CREATE FUNCTION d(key z1, index z2) RETURNS TABLE (filter z3, rule z4) LANGUAGE sql AS 'SELECT NULL::z3, NULL::z4';
-- z1
CREATE DOMAIN z1 AS int;
-- z2
CREATE DOMAIN z2 AS int;
-- z3
CREATE DOMAIN z3 AS int;
-- z4
CREATE DOMAIN z4 AS int;
-- z5
CREATE DOMAIN z5 AS int;
-- z6
CREATE DOMAIN z6 AS int;
-- z7
CREATE DOMAIN z7 AS int;
-- z8
CREATE DOMAIN z8 AS int;
-- z9
CREATE DOMAIN z9 AS int;

-- ========== identity by alter
-- a
CREATE VIEW a AS SELECT nextval('z_id_seq') AS x, nextval('y_ids') AS y;
-- z
CREATE TABLE z (id int NOT NULL);
-- zz
ALTER TABLE z ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
-- y
CREATE TABLE y (id int NOT NULL);
-- yy
ALTER TABLE ONLY public.y ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME public.y_ids START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1);

-- ========== identity in table with name
-- a
GRANT USAGE ON SEQUENCE y_ids TO PUBLIC;
-- y
CREATE TABLE y (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME y_ids));

-- ========== mapping add
-- a
ALTER TEXT SEARCH CONFIGURATION z ADD MAPPING FOR asciiword, word WITH y, simple;
-- z
CREATE TEXT SEARCH CONFIGURATION z (PARSER = default);
-- y
CREATE TEXT SEARCH DICTIONARY y (TEMPLATE = simple);

-- ========== publication
-- a
ALTER PUBLICATION p ADD TABLE z1, ONLY z2;
-- b
ALTER PUBLICATION p SET TABLE z1, z3 (x) WHERE (x > 1);
-- c
CREATE PUBLICATION c FOR TABLES IN SCHEMA zs;
-- p
CREATE PUBLICATION p;
-- z1
CREATE TABLE z1 (x int primary key);
-- z2
CREATE TABLE z2 (x int primary key);
-- z3
CREATE TABLE z3 (x int primary key);
-- zs
CREATE SCHEMA zs;

-- ========== functions in ddl
-- a
CREATE TABLE a (x int DEFAULT z1(), y int GENERATED ALWAYS AS (z2(1)) STORED, CHECK (z3(x)), EXCLUDE USING gist ((z4(x)) WITH &&));
-- b
ALTER TABLE c ALTER COLUMN x SET DEFAULT z1();
-- bb
ALTER TABLE d ALTER x TYPE text USING z5(x);
-- d0
CREATE TABLE d (x int);
-- c
CREATE TABLE c (x int);
-- d
CREATE INDEX di ON c (z2(x)) WHERE z3(x);
-- e
CREATE DOMAIN e AS int DEFAULT z1() CHECK (z3(value));
-- f
CREATE POLICY f ON c USING (z3(x)) WITH CHECK (z3(x));
-- g
CREATE TRIGGER g BEFORE UPDATE OF x ON c FOR EACH ROW WHEN (z3(new.x)) EXECUTE FUNCTION z6();
-- h
CREATE FUNCTION h(x int DEFAULT z1()) RETURNS int LANGUAGE sql AS $$ SELECT z2($1) $$;
-- i
CREATE AGGREGATE i (int) (SFUNC = z7, STYPE = int, INITCOND = '0');
-- j
CREATE STATISTICS j ON (z2(x)), x FROM c;
-- k
CREATE RULE k AS ON UPDATE TO c WHERE z3(new.x) DO NOTHING;
-- l
CREATE TYPE l AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = z8);
-- m
CREATE VIEW m AS SELECT * FROM ROWS FROM (z9(1), z9(2)) AS t (a, b);
-- n
CREATE VIEW n AS SELECT x FROM c TABLESAMPLE bernoulli (z1()) ORDER BY z2(x) LIMIT z1() OFFSET z1();
-- o
CREATE VIEW o AS SELECT sum(x) FILTER (WHERE z3(x)) OVER (PARTITION BY z2(x) ORDER BY z2(x)) AS s FROM c;
-- p
CREATE VIEW p AS SELECT x.* FROM c, LATERAL z9(c.x) AS x(y), XMLTABLE('/a' PASSING z10() COLUMNS q int PATH 'b' DEFAULT z1());
-- q
CREATE VIEW q AS SELECT percentile_cont(z11()) WITHIN GROUP (ORDER BY z2(x)) AS z FROM c GROUP BY GROUPING SETS ((z2(x)), ());
-- r
CREATE EVENT TRIGGER r ON ddl_command_start EXECUTE FUNCTION z12();
-- z1
CREATE FUNCTION z1() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
-- z2
CREATE FUNCTION z2(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
-- z3
CREATE FUNCTION z3(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true';
-- z4
CREATE FUNCTION z4(int) RETURNS int4range IMMUTABLE LANGUAGE sql AS 'SELECT int4range($1, $1)';
-- z5
CREATE FUNCTION z5(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
-- z6
CREATE FUNCTION z6() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- z7
CREATE FUNCTION z7(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
-- z8
CREATE FUNCTION z8(int, int) RETURNS float8 IMMUTABLE LANGUAGE sql AS 'SELECT 1.0::float8';
-- z9
CREATE FUNCTION z9(int) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
-- z10
CREATE FUNCTION z10() RETURNS xml LANGUAGE sql AS 'SELECT NULL::xml';
-- z11
CREATE FUNCTION z11() RETURNS float8 LANGUAGE sql AS 'SELECT 0.5::float8';
-- z12
CREATE FUNCTION z12() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';

-- ========== types everywhere
-- a
CREATE VIEW a AS SELECT NULL::z1 AS x, CAST(NULL AS z2) AS y, z3 '(1,2)' AS z, '{}'::z4[] AS w, ARRAY[]::z5[] AS v, (NULL::public.z6).x AS u;
-- b
CREATE FUNCTION b(VARIADIC z1[]) RETURNS SETOF z2 LANGUAGE plpgsql AS $$ DECLARE a z3; b z4[] := '{}'; c CONSTANT z5 := 1; BEGIN RETURN; END $$;
-- c
CREATE TABLE c OF z6;
-- d
CREATE CAST (z6 AS z7) WITH INOUT;
-- e
CREATE FUNCTION e(OUT x z1, INOUT y z2) LANGUAGE sql AS 'SELECT NULL::z1, $1';
-- f
CREATE VIEW f AS SELECT * FROM json_to_recordset('[]') AS t (a z1, b z2[]), jsonb_to_record('{}') r(c z4);
-- g
CREATE TABLE g (x z1 ARRAY, y z2 ARRAY[3], z SETOF_ , w z4 COLLATE "C" DEFAULT 'a');
-- SETOF
CREATE DOMAIN setof_ AS int;
-- h
COMMENT ON TYPE z1 IS 'x';
-- i
CREATE TYPE i AS (a z1, b z2[], c z8);
-- j
ALTER TABLE c ADD CONSTRAINT cc CHECK ((x::z1) IS NULL);
-- k
CREATE DOMAIN k AS z1[];
-- l
CREATE VIEW l AS SELECT pg_typeof(1) = 'z1'::regtype AS x, 'z9'::z8 AS e, int4multirange() AS m, z10m() AS n, '{}'::z10m AS o;
-- z1
CREATE DOMAIN z1 AS int;
-- z2
CREATE DOMAIN z2 AS int;
-- z3
CREATE TYPE z3 AS (a int, b int);
-- z4
CREATE DOMAIN z4 AS text;
-- z5
CREATE DOMAIN z5 AS int;
-- z6
CREATE TYPE z6 AS (x int);
-- z7
CREATE TYPE z7 AS (x int);
-- z8
CREATE TYPE z8 AS ENUM ('z9', 'z1');
-- z10
CREATE TYPE z10 AS RANGE (SUBTYPE = int, MULTIRANGE_TYPE_NAME = z10m);

-- ========== default multirange name
-- a
CREATE TABLE a (x zrange, y zmultirange);
-- b
CREATE VIEW b AS SELECT zmultirange(zrange(1,2)) AS x, zw_multirange() AS y;
-- z
CREATE TYPE zrange AS RANGE (SUBTYPE = int);
-- zz
CREATE TYPE zw AS RANGE (SUBTYPE = int);

-- ========== many ranges in a schema
-- a
CREATE TYPE a AS RANGE (SUBTYPE = int, MULTIRANGE_TYPE_NAME = s.many);
-- b
CREATE VIEW b AS SELECT many(a(1, 2)) AS x, '{}'::s.many AS y;
-- s
CREATE SCHEMA s;

-- ========== family with own operators
-- a
alter operator family integer_ops using btree add operator 3 = (z1, z1);
-- b
alter operator family integer_ops using btree add operator 3 = (int8, z1);
-- z1
create type z1; create function z1in(cstring) returns z1 strict immutable language internal as 'int8in';
create function z1out(z1) returns cstring strict immutable language internal as 'int8out';
create type z1 (input = z1in, output = z1out, like = int8);
-- z2
create operator = (procedure = z1eq, leftarg = z1, rightarg = z1, commutator = =, restrict = eqsel, join = eqjoinsel, merges);
-- z3
create operator = (procedure = z1eq, leftarg = int8, rightarg = z1);
-- z4
create function z1eq(z1, z1) returns bool strict immutable language internal as 'int8eq';
-- z5
create function z1eq(int8, z1) returns bool strict immutable language internal as 'int8eq';

-- ========== rules instead
-- t
CREATE TABLE t (x int);
-- a
CREATE RULE a AS ON INSERT TO t DO INSTEAD INSERT INTO z VALUES (new.x);
-- b
CREATE RULE b AS ON DELETE TO t DO INSTEAD (DELETE FROM z WHERE x = old.x; UPDATE y SET x = 1 WHERE x = old.x);
-- c
CREATE VIEW c AS SELECT 1 AS x;
-- d
CREATE TRIGGER d INSTEAD OF INSERT OR UPDATE OR DELETE ON c FOR EACH ROW EXECUTE FUNCTION f();
-- f
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO c VALUES (1); RETURN NEW; END';
-- z
CREATE TABLE z (x int);
-- y
CREATE TABLE y (x int);

-- ========== schema elements and authorization
-- a
CREATE SCHEMA IF NOT EXISTS a AUTHORIZATION CURRENT_USER;
-- b
CREATE VIEW a.b AS SELECT t.x FROM z.t, z.v;
-- c
CREATE SCHEMA c CREATE TABLE t (x z.d REFERENCES z.t) CREATE INDEX i ON t (x) CREATE SEQUENCE q CREATE VIEW v AS SELECT * FROM t JOIN z.v USING (x) CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION z.f() GRANT SELECT ON v TO PUBLIC;
-- d
CREATE VIEW d AS SELECT nextval('c.q') FROM c.v;
-- z
CREATE SCHEMA z CREATE VIEW v AS SELECT x FROM t CREATE TABLE t (x int PRIMARY KEY);
-- zd
CREATE DOMAIN z.d AS int;
-- zf
CREATE FUNCTION z.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';

-- ========== sql body forms
-- a
CREATE FUNCTION a() RETURNS SETOF z1 LANGUAGE sql BEGIN ATOMIC; SELECT * FROM z1; INSERT INTO z2 SELECT x FROM z3 RETURNING *; END;
-- b
CREATE FUNCTION b() RETURNS int LANGUAGE sql RETURN (SELECT max(x) FROM z3) + z4();
-- c
CREATE PROCEDURE c() LANGUAGE sql AS $$ WITH d AS (DELETE FROM z1 USING z3 WHERE z1.x = z3.x RETURNING z1.*) INSERT INTO z2 SELECT * FROM d $$;
-- d
CREATE FUNCTION d() RETURNS int LANGUAGE sql AS E'SELECT x FROM z1 WHERE x::text = \'1\'';
-- e
CREATE FUNCTION e() RETURNS int AS 'SELECT 1 FROM "z5"' LANGUAGE 'sql';
-- z1
CREATE TABLE z1 (x int);
-- z2
CREATE TABLE z2 (x int);
-- z3
CREATE TABLE z3 (x int);
-- z4
CREATE FUNCTION z4() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- z5
CREATE VIEW "z5" AS SELECT 1 AS x;

-- ========== queries 1
-- a
CREATE VIEW a AS TABLE z1 UNION ALL (TABLE z2 ORDER BY x LIMIT 1);
-- b
CREATE VIEW b AS SELECT j.x FROM (z1 NATURAL JOIN z2) AS j (x), ((z3 q CROSS JOIN z4 r)) WHERE EXISTS (TABLE z5);
-- c
CREATE VIEW c AS WITH RECURSIVE z1(x) AS (VALUES (1) UNION ALL SELECT z1.x + 1 FROM z1, z2) SEARCH DEPTH FIRST BY x SET o CYCLE x SET cyc USING p SELECT x FROM z1;
-- d
CREATE VIEW d AS WITH z2 AS MATERIALIZED (SELECT * FROM z2), y AS NOT MATERIALIZED (SELECT * FROM z2) SELECT y.x FROM y;
-- e
CREATE VIEW e AS SELECT (SELECT z3.x FROM z3 WHERE z3.x = z1.x FETCH FIRST 1 ROW ONLY) AS y FROM ONLY (z1) WHERE ROW(z1.x, 1) IN (SELECT x, 1 FROM ONLY z4);
-- f
CREATE VIEW f AS SELECT z1 AS whole, z1.*::text AS t, count(*) OVER w AS n FROM public.z1 WINDOW w AS (PARTITION BY x ORDER BY (SELECT x FROM z2 LIMIT 1));
-- g
CREATE VIEW g AS SELECT ARRAY(SELECT x FROM z1) AS a, ARRAY[(SELECT x FROM z2)] AS b, (z3).x AS c, (SELECT z4) AS d FROM z3, z4;
-- h
CREATE MATERIALIZED VIEW h USING heap TABLESPACE pg_default AS SELECT * FROM z1 WITH NO DATA;
-- i
CREATE TABLE i AS SELECT * FROM z1 WITH NO DATA;
-- j
CREATE VIEW j AS SELECT 1 AS y FROM z1 a JOIN LATERAL (SELECT x AS y FROM z2 WHERE z2.x = a.x) b ON true LEFT JOIN z3 USING (x) AS u;
-- k
CREATE VIEW k WITH (security_barrier) AS SELECT overlay('a' PLACING 'b' FROM 1 FOR 2) AS o, substring('a' FROM 1) AS s, trim(BOTH 'x' FROM 'y') AS t, position('a' IN 'b') AS p, extract(epoch FROM now()) AS e FROM z1 WHERE x IS NOT DISTINCT FROM 1;
-- l
CREATE RECURSIVE VIEW l (x) AS SELECT x FROM z1 UNION ALL SELECT l.x FROM l JOIN z2 ON false;
-- m
CREATE VIEW m AS VALUES ((SELECT x FROM z1 LIMIT 1), (SELECT x FROM z5 LIMIT 1));
-- n
CREATE VIEW n AS SELECT x FROM z1 WHERE x = ANY (SELECT x FROM z2) AND x > ALL (SELECT x FROM z3) GROUP BY x HAVING count(*) > (SELECT count(*) FROM z4);
-- z1
CREATE TABLE z1 (x int);
-- z2
CREATE TABLE z2 (x int);
-- z3
CREATE TABLE z3 (x int);
-- z4
CREATE TABLE z4 (x int);
-- z5
CREATE TABLE z5 (x int);

-- ========== operators before parentheses and strings
-- a
CREATE VIEW a AS SELECT z1 * (1 + z2) AS x, z2 || 'x' AS y, z3 <> 'a' AS z, z4 -> 'k' AS w, z3 ~ 'b' AS v FROM t;
-- t
CREATE TABLE t (z1 int, z2 int, z3 text, z4 jsonb);
-- z1
CREATE FUNCTION z1(int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM a';
-- z2
CREATE VIEW z2 AS SELECT * FROM a;
-- z3
CREATE VIEW z3 AS SELECT * FROM a;
-- z4
CREATE VIEW z4 AS SELECT * FROM a;

-- ========== plpgsql certain things
-- a
CREATE FUNCTION a(x z1.c%TYPE) RETURNS SETOF z1 LANGUAGE plpgsql AS $$ DECLARE r z2%ROWTYPE; c CURSOR (k int) FOR SELECT * FROM z3; n z2.x%TYPE DEFAULT 1; BEGIN FOR r IN SELECT * FROM z4 LOOP RETURN NEXT r; END LOOP; EXECUTE 'SELECT 1 FROM z9'; END $$;
-- b
CREATE PROCEDURE b(INOUT x z5 DEFAULT NULL) LANGUAGE plpgsql AS $$ <<l>> DECLARE BEGIN x := NULL; CALL c(); COMMIT; END $$;
-- c
CREATE PROCEDURE c() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
-- z1
CREATE TABLE z1 (c int);
-- z2
CREATE TABLE z2 (x int);
-- z3
CREATE TABLE z3 (x int);
-- z4
CREATE TABLE z4 (x int);
-- z5
CREATE TYPE z5 AS ENUM ('a');

-- ========== view columns named as things
-- a
CREATE VIEW a AS SELECT b.c AS d, c.b AS z, count AS y FROM c b, b c, (SELECT 1 AS count) e;
-- b
CREATE TABLE b (c int, b int);
-- c
CREATE TABLE c (c int, b int);
-- d
CREATE VIEW d AS SELECT a.d, z AS e FROM a;
-- e
CREATE VIEW e AS SELECT e.d FROM d AS e;

-- ========== alter table forms
-- a
ALTER TABLE ONLY z1 INHERIT z2;
-- a0
ALTER TABLE z1b INHERIT z3;
-- z1b
CREATE TABLE z1b (x int);
-- a00
ALTER TABLE z3 NO INHERIT z2;
-- b
ALTER TABLE z1c OF z4;
-- z1c
CREATE TABLE z1c (x int);
-- c
ALTER TABLE z2 ADD FOREIGN KEY (x) REFERENCES z5, ADD CONSTRAINT q UNIQUE (x), ALTER x SET STATISTICS 5;
-- c2
ALTER TABLE z9 ALTER COLUMN x SET DATA TYPE z6 USING z7(x::int);
-- z9
CREATE TABLE z9 (x int);
-- d
ALTER TABLE z8 REPLICA IDENTITY USING INDEX z8i;
-- e
ALTER TABLE z8 CLUSTER ON z8i;
-- g
ALTER SEQUENCE s OWNED BY z8.x;
-- h
ALTER VIEW v ALTER COLUMN x SET DEFAULT z7(1);
-- i
ALTER TABLE z8 ENABLE ALWAYS TRIGGER tr, DISABLE RULE ru;
-- i1
CREATE TRIGGER tr BEFORE INSERT ON z8 FOR EACH ROW EXECUTE FUNCTION tf();
-- i2
CREATE RULE ru AS ON UPDATE TO z8 DO NOTHING;
-- tf
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- v
CREATE VIEW v AS SELECT 1 AS x;
-- s
CREATE SEQUENCE s;
-- z1
CREATE TABLE z1 (x int);
-- z2
CREATE TABLE z2 (x int);
-- z3
CREATE TABLE z3 () INHERITS (z2);
-- z4
CREATE TYPE z4 AS (x int);
-- z5
CREATE TABLE z5 (x int PRIMARY KEY);
-- z6
CREATE DOMAIN z6 AS int;
-- z7
CREATE FUNCTION z7(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
-- z8
CREATE TABLE z8 (x int NOT NULL);
-- z8i
CREATE UNIQUE INDEX z8i ON z8 (x);

-- ========== comments and strings
-- a
CREATE VIEW a AS SELECT 'FROM z1' AS x, $$ JOIN z2 $$ AS y, $q$ z3() $q$ AS z, E'\' FROM z4 ' AS w, U&'\0061 FROM z5' AS v, B'101' AS b, X'1F' AS h /* FROM z6 /* nested */ JOIN z7 */ -- , z8
  FROM z9;
-- z9
CREATE TABLE z9 (x int);
-- z1
CREATE VIEW z1 AS SELECT * FROM a;
-- z2
CREATE VIEW z2 AS SELECT * FROM a;
-- z4
CREATE VIEW z4 AS SELECT * FROM a;
-- z6
CREATE VIEW z6 AS SELECT * FROM a;
-- z8
CREATE VIEW z8 AS SELECT * FROM a;

-- ========== fk without pk columns and partial
-- a
CREATE TABLE a (x int, y int, FOREIGN KEY (x, y) REFERENCES z (q, p));
-- z
CREATE TABLE z (p int, q int);
-- zz
CREATE UNIQUE INDEX ON z (p, q);

-- ========== do
-- a
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'mood') THEN CREATE TYPE mood AS ENUM ('a'); END IF; END $$;
-- b
CREATE TABLE b (x mood);
-- c
DO LANGUAGE plpgsql 'BEGIN EXECUTE ''CREATE TABLE zz (x int)''; PERFORM f(); INSERT INTO b VALUES (NULL); END';
-- d
CREATE VIEW d AS SELECT * FROM zz;
-- f
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';

-- ========== keys of columns that are added, and of indexes that are taken
-- a_child
CREATE TABLE child (parent_id int REFERENCES parent);
-- b_other
CREATE TABLE other (code text REFERENCES parent (code));
-- c_third
CREATE TABLE third (n int REFERENCES taken);
-- m_key
ALTER TABLE parent ADD COLUMN id int PRIMARY KEY;
-- n_code
ALTER TABLE parent ADD COLUMN code text NOT NULL UNIQUE;
-- o_taken
ALTER TABLE taken ADD CONSTRAINT taken_key PRIMARY KEY USING INDEX taken_n;
-- x_index
CREATE UNIQUE INDEX taken_n ON taken (n);
-- y_taken
CREATE TABLE taken (n int NOT NULL);
-- z_parent
CREATE TABLE parent ();

-- ========== text search, collations and conversions made of others
-- a
CREATE TEXT SEARCH CONFIGURATION cfg(PARSER = prs);
-- b
CREATE TEXT SEARCH CONFIGURATION cfg2 ( COPY=cfg );
-- c
CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = tpl);
-- d
CREATE COLLATION here FROM there;
-- e
CREATE TABLE t (x text COLLATE here);
-- p
CREATE TEXT SEARCH PARSER prs (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
-- t
CREATE TEXT SEARCH TEMPLATE tpl (LEXIZE = dsimple_lexize, INIT = dsimple_init);
-- z
CREATE COLLATION there (LOCALE = 'C');
