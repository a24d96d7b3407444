a: CREATE VIEW a AS SELECT t.c FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD COLUMN c int
--> a>t z>t a>z

a: CREATE VIEW a AS SELECT x FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD COLUMN c int
--> a>t z>t

a: CREATE VIEW a AS SELECT * FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD COLUMN c int
--> a>t z>t a>z

a: CREATE VIEW a AS SELECT c FROM t
z: ALTER TABLE IF EXISTS ONLY public.t ADD IF NOT EXISTS c int
--> a>z

a: CREATE VIEW a AS SELECT n FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t RENAME COLUMN x TO n
--> a>t z>t a>z

a: CREATE VIEW a AS SELECT n FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t RENAME x TO n
--> a>t z>t a>z

a: CREATE VIEW a AS SELECT * FROM u
t: CREATE TABLE t (x int)
z: ALTER TABLE t RENAME TO u
--> z>t a>z

a: CREATE VIEW a AS SELECT * FROM s.t
t: CREATE TABLE t (x int)
z: ALTER TABLE t SET SCHEMA s
s: CREATE SCHEMA s
--> z>t a>z z>s

a: CREATE TYPE a AS (m n)
t: CREATE TYPE t AS ENUM ('x')
z: ALTER TYPE t RENAME TO n
--> z>t a>z

a: CREATE INDEX i ON t (c)
t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD c int
b: COMMENT ON COLUMN t.c IS 'x'
d: ALTER TABLE t ADD CHECK (c > 1)
--> a>t z>t a>z b>t b>z d>t d>z

a: ALTER INDEX p_i ATTACH PARTITION q_i
b: CREATE INDEX p_i ON ONLY p (x)
c: CREATE INDEX q_i ON q (x)
p: CREATE TABLE p (x int) PARTITION BY RANGE (x)
q: CREATE TABLE q (x int)
z: ALTER TABLE ONLY p ATTACH PARTITION q FOR VALUES FROM (1) TO (2)
--> a>b a>c b>p c>q z>p z>q a>z

a: ALTER INDEX public.p_pkey ATTACH PARTITION public.q_pkey
b: ALTER TABLE ONLY public.p ADD CONSTRAINT p_pkey PRIMARY KEY (x)
c: ALTER TABLE ONLY public.q ADD CONSTRAINT q_pkey PRIMARY KEY (x)
p: CREATE TABLE public.p (x int) PARTITION BY RANGE (x)
q: CREATE TABLE public.q (x int)
z: ALTER TABLE ONLY public.p ATTACH PARTITION public.q FOR VALUES FROM (1) TO (2)
--> a>b a>c b>p c>q z>p z>q a>z

a: CREATE VIEW a AS WITH b AS MATERIALIZED (SELECT 1 AS x) SELECT * FROM b
b: CREATE VIEW b AS SELECT * FROM a
--> b>a

a: CREATE VIEW a AS WITH RECURSIVE b(x) AS (VALUES (1) UNION ALL SELECT x+1 FROM b WHERE x<5) SEARCH DEPTH FIRST BY x SET ord SELECT * FROM b
b: CREATE VIEW b AS SELECT * FROM a
--> b>a

a: CREATE VIEW a AS WITH b AS (SELECT * FROM b) SELECT * FROM b
b: CREATE VIEW b AS SELECT 1
--> a>b

a: CREATE FUNCTION a() RETURNS int LANGUAGE sql AS $$ WITH b AS (DELETE FROM c RETURNING x) SELECT count(*) FROM b $$
b: CREATE VIEW b AS SELECT a()
c: CREATE TABLE c (x int)
--> b>a a>c

a: CREATE VIEW a AS SELECT * FROM (WITH b AS (SELECT 1 x) SELECT * FROM b) q WHERE EXISTS (WITH c AS (SELECT 2 y) SELECT 1 FROM c)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
--> b>a c>a

a: CREATE PROCEDURE a() LANGUAGE plpgsql AS $$ BEGIN WITH b AS (SELECT 1 AS x) INSERT INTO c SELECT x FROM b; END $$
b: CREATE VIEW b AS SELECT 1
c: CREATE TABLE c (x int)
--> a>c

a: CREATE MATERIALIZED VIEW a AS TABLE b WITH NO DATA
b: CREATE VIEW b AS VALUES (1)
--> a>b

a: CREATE VIEW a AS SELECT * FROM ROWS FROM (f(1), g(2)) AS t(x int, y int)
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
g: CREATE FUNCTION g(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>f a>g

a: CREATE VIEW a AS SELECT * FROM b TABLESAMPLE system(10)
b: CREATE TABLE b (x int)
--> a>b

a: CREATE VIEW a AS SELECT b.* FROM ONLY (b), LATERAL f(b.x) AS q
b: CREATE TABLE b (x int)
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>b a>f

a: CREATE VIEW a AS SELECT x FROM c, LATERAL (SELECT 1 FROM b WHERE b.x = c.x) q
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
--> a>b a>c

a: CREATE VIEW a AS SELECT extract(epoch FROM b) , trim(both 'x' FROM c), substring(d FROM 2 FOR 3), overlay(d PLACING 'x' FROM 3), position('x' IN e) FROM t
t: CREATE TABLE t (b timestamp, c text, d text, e text)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
d: CREATE VIEW d AS SELECT * FROM a
e: CREATE VIEW e AS SELECT * FROM a
--> a>t b>a c>a d>a e>a

a: CREATE VIEW a AS SELECT x IS DISTINCT FROM b AS y, x IS NOT DISTINCT FROM (b) AS z FROM t
t: CREATE TABLE t (x int, b int)
b: CREATE VIEW b AS SELECT * FROM a
--> a>t b>a

a: CREATE FUNCTION a(b) RETURNS b LANGUAGE sql AS $$ SELECT $1 $$
b: CREATE TABLE b (x int)
--> a>b

a: CREATE FUNCTION a(INOUT v b[] DEFAULT NULL, VARIADIC w s.c[] DEFAULT NULL) LANGUAGE sql AS $$ SELECT NULL $$
b: CREATE TABLE b (x int)
c: CREATE TYPE s.c AS ENUM ()
--> a>b a>c

a: CREATE FUNCTION a(v b.x%TYPE) RETURNS TABLE (p b.x%TYPE, q c) LANGUAGE plpgsql AS $$ DECLARE r d%ROWTYPE; BEGIN END $$
b: CREATE TABLE b (x int)
c: CREATE DOMAIN c AS int
d: CREATE TABLE d (x int)
--> a>b a>c a>d

a: CREATE TABLE a (x int) INHERITS (b)
b: CREATE TABLE b (x int)
--> a>b

a: CREATE TABLE a (LIKE b INCLUDING ALL, LIKE c)
b: CREATE TABLE b (x int)
c: CREATE TABLE c (y int)
--> a>b a>c

a: CREATE TABLE a (x int DEFAULT f(), y int GENERATED ALWAYS AS (g(x)) STORED, CHECK (h(x)), z s.d DEFAULT 'x'::s.e)
f: CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
g: CREATE FUNCTION g(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'
h: CREATE FUNCTION h(int) RETURNS bool LANGUAGE sql AS 'SELECT true'
d: CREATE DOMAIN s.d AS text
e: CREATE TYPE s.e AS ENUM ()
--> a>f a>g a>h a>d a>e

a: CREATE DOMAIN a AS text CHECK (f(VALUE)) DEFAULT g()
f: CREATE FUNCTION f(text) RETURNS bool LANGUAGE sql AS 'SELECT true'
g: CREATE FUNCTION g() RETURNS text LANGUAGE sql AS 'SELECT 1'
--> a>f a>g

a: CREATE POLICY p ON b AS RESTRICTIVE FOR ALL TO r USING (x IN (SELECT y FROM c)) WITH CHECK (f(x))
b: CREATE TABLE b (x int)
c: CREATE TABLE c (y int)
f: CREATE FUNCTION f(int) RETURNS bool LANGUAGE sql AS 'SELECT true'
--> a>b a>c a>f

a: ALTER POLICY p ON b USING (x IN (SELECT y FROM c))
b: CREATE TABLE b (x int)
c: CREATE TABLE c (y int)
p: CREATE POLICY p ON b
--> a>b a>c a>p p>b

a: CREATE RULE r AS ON UPDATE TO b DO ALSO NOTIFY x
b: CREATE TABLE b (x int)
--> a>b

a: CREATE TRIGGER t AFTER INSERT ON b REFERENCING NEW TABLE AS c FOR EACH STATEMENT EXECUTE PROCEDURE f()
b: CREATE TABLE b (x int)
c: CREATE VIEW c AS SELECT 1
f: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 FROM c; END $$
--> a>b a>f f>c

a: CREATE CONSTRAINT TRIGGER t AFTER INSERT ON b FROM c DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f()
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
f: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN END $$
--> a>b a>c a>f

a: CREATE EVENT TRIGGER t ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION f()
f: CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$
--> a>f

a: CREATE STATISTICS s (ndistinct) ON x, y FROM b
b: CREATE TABLE b (x int, y int)
--> a>b

a: CREATE AGGREGATE a (int, ORDER BY int) (SFUNC = f, STYPE = s)
f: CREATE FUNCTION f(s,int,int) RETURNS s LANGUAGE sql AS 'SELECT 1'
s: CREATE TYPE s AS (x int)
--> a>f a>s f>s

a: CREATE CAST (b AS text) WITH FUNCTION f(b) AS IMPLICIT
f: CREATE FUNCTION f(b) RETURNS text LANGUAGE sql AS 'SELECT 1'
b: CREATE TYPE b AS (x int)
--> a>f a>b f>b

a: CREATE TEXT SEARCH CONFIGURATION c (COPY = d); 
d: CREATE TEXT SEARCH CONFIGURATION d (PARSER = default)
--> a>d

a: CREATE SEQUENCE q OWNED BY b.x
b: CREATE TABLE b (x int)
--> a>b

a: ALTER TABLE b ALTER COLUMN x SET DEFAULT nextval('q')
b: CREATE TABLE b (x int)
q: CREATE SEQUENCE q
--> a>b a>q

a: ALTER TABLE b ALTER x TYPE m USING f(x)
b: CREATE TABLE b (x int)
m: CREATE TYPE m AS ENUM ()
f: CREATE FUNCTION f(int) RETURNS m LANGUAGE sql AS 'SELECT 1'
--> a>b a>m a>f f>m

a: ALTER VIEW v OWNER TO r; ALTER VIEW v ALTER COLUMN x SET DEFAULT f()
v: CREATE VIEW v AS SELECT 1 AS x
f: CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>v a>f

a: ALTER FUNCTION f(b) OWNER TO x
f: CREATE FUNCTION f(b) RETURNS int LANGUAGE sql AS 'SELECT 1'
b: CREATE TYPE b AS (x int)
--> a>f f>b

a: GRANT SELECT (x), UPDATE ON b TO r; GRANT EXECUTE ON FUNCTION f(int), g() TO r; GRANT USAGE ON SCHEMA s TO r
b: CREATE TABLE b (x int)
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
g: CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'
s: CREATE SCHEMA s
--> a>b a>f a>g a>s

a: COMMENT ON FUNCTION f(int) IS 'on table b'; COMMENT ON COLUMN s.c.x IS NULL; COMMENT ON TRIGGER t ON d IS ''
b: CREATE TABLE b (x int)
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
c: CREATE TABLE s.c (x int)
d: CREATE TABLE d (x int)
--> a>f a>c a>d

a: SELECT setval('s.q', 1); SELECT pg_catalog.setval('r'::regclass, 1)
q: CREATE SEQUENCE s.q
r: CREATE SEQUENCE r
--> a>q a>r

a: DO $do$ BEGIN IF NOT EXISTS (SELECT 1 FROM b) THEN EXECUTE 'CREATE TABLE zz (LIKE c)'; END IF; END $do$
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
--> a>b a>c

a: CREATE FUNCTION a() RETURNS void LANGUAGE plpgsql AS $_$ BEGIN EXECUTE format('SELECT * FROM %I', 'b'); RETURN; END $_$
b: CREATE VIEW b AS SELECT a()
--> b>a

a: CREATE FUNCTION a() RETURNS int RETURN (SELECT max(x) FROM b)
b: CREATE TABLE b (x int)
--> a>b

a: CREATE PROCEDURE a(x int) BEGIN ATOMIC INSERT INTO b VALUES (x); DELETE FROM c USING d WHERE c.x = d.x; END
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
d: CREATE TABLE d (x int)
--> a>b a>c a>d

a: CREATE VIEW a AS SELECT b FROM c b
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE TABLE c (x int)
--> a>c b>a

a: CREATE VIEW a AS SELECT (b).x, b.y, row(b.*) FROM c AS b
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE TABLE c (x int)
--> a>c b>a

a: CREATE VIEW a AS SELECT * FROM c WINDOW b AS (PARTITION BY x)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE TABLE c (x int)
--> a>c b>a

a: CREATE VIEW a AS SELECT * FROM c FOR UPDATE OF c NOWAIT
c: CREATE TABLE c (x int)
--> a>c

a: CREATE VIEW a AS SELECT * FROM json_to_recordset('[]') AS x(b c, d int)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE TYPE c AS ENUM ()
--> a>c b>a

a: CREATE VIEW a AS SELECT * FROM xmltable('/r' PASSING doc COLUMNS b int PATH 'x') q, t
b: CREATE VIEW b AS SELECT * FROM a
t: CREATE TABLE t (doc xml)
--> a>t b>a

a: CREATE VIEW a AS SELECT CAST(x AS b), x::c, c '1', ARRAY[]::d[] FROM t
b: CREATE TYPE b AS ENUM ()
c: CREATE TYPE c AS ENUM ()
d: CREATE TYPE d AS ENUM ()
t: CREATE TABLE t (x text)
--> a>b a>c a>d a>t

a: CREATE VIEW a AS SELECT 1 /* FROM b */ AS x -- JOIN b
  , 'FROM b' AS y, $$ FROM b $$ AS z, "FROM b" FROM c
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE TABLE c ("FROM b" int)
--> a>c b>a

a: CREATE VIEW "A b" AS SELECT * FROM "B c"
b: CREATE VIEW "B c" AS SELECT 1
c: CREATE VIEW b AS SELECT 1
--> a>b

a: CREATE VIEW a AS SELECT * FROM B
b: CREATE VIEW "B" AS SELECT * FROM a
c: CREATE TABLE b (x int)
--> a>c b>a

a: CREATE VIEW a AS SELECT * FROM U&"b"
b: CREATE TABLE b (x int)
--> a>b

a: SET search_path = s; CREATE VIEW a AS SELECT * FROM b
b: CREATE VIEW s.b AS SELECT 1
c: CREATE VIEW b AS SELECT * FROM s.a
s: CREATE SCHEMA s
--> a>b b>s c>a a>s

a: IMPORT FOREIGN SCHEMA x FROM SERVER f INTO s
f: CREATE SERVER f FOREIGN DATA WRAPPER w
s: CREATE SCHEMA s
w: CREATE FOREIGN DATA WRAPPER w
--> a>f a>s f>w

a: CREATE OPERATOR CLASS o DEFAULT FOR TYPE t USING btree AS OPERATOR 1 <, FUNCTION 1 f(t, t)
t: CREATE TYPE t AS (x int)
f: CREATE FUNCTION f(t,t) RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>t a>f f>t

a: MERGE INTO b USING c ON b.x=c.x WHEN MATCHED THEN UPDATE SET x=f(1) WHEN NOT MATCHED THEN INSERT VALUES (1)
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>b a>c a>f

a: REASSIGN OWNED BY x TO y; REFRESH MATERIALIZED VIEW CONCURRENTLY b; REINDEX TABLE c; ANALYZE d (x); VACUUM e; CLUSTER f USING i
b: CREATE MATERIALIZED VIEW b AS SELECT 1
c: CREATE TABLE c (x int)
d: CREATE TABLE d (x int)
e: CREATE TABLE e (x int)
f: CREATE TABLE f (x int); CREATE INDEX i ON f (x)
--> a>b a>c a>d a>e a>f

a: ALTER TABLE b ATTACH PARTITION c DEFAULT
b: CREATE TABLE b (x int) PARTITION BY LIST (x)
c: CREATE TABLE c (x int)
--> a>b a>c

a: ALTER TYPE t ADD VALUE 'x'; ALTER DOMAIN d ADD CHECK (VALUE > f())
t: CREATE TYPE t AS ENUM ()
d: CREATE DOMAIN d AS int
f: CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>t a>d a>f

a: CREATE PUBLICATION p FOR TABLE b (x) WHERE (f(x)), c, TABLES IN SCHEMA s
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
s: CREATE SCHEMA s
f: CREATE FUNCTION f(int) RETURNS bool LANGUAGE sql AS 'SELECT 1'
--> a>b a>c a>s a>f

a: SECURITY LABEL ON TABLE b IS 'x'
b: CREATE TABLE b (x int)
--> a>b

a: CREATE TRANSFORM FOR t LANGUAGE l (FROM SQL WITH FUNCTION f(internal), TO SQL WITH FUNCTION g(internal))
t: CREATE TYPE t AS (x int)
f: CREATE FUNCTION f(internal) RETURNS internal LANGUAGE c AS 'x'
g: CREATE FUNCTION g(internal) RETURNS t LANGUAGE c AS 'x'
--> a>t a>f a>g g>t

a: CREATE VIEW public.a AS SELECT * FROM sales.sales
s: CREATE SCHEMA sales
t: CREATE TABLE sales.sales (x int)
v: CREATE VIEW sales AS SELECT * FROM public.a
--> a>t t>s v>a

a: CREATE FUNCTION a() RETURNS SETOF b LANGUAGE plpgsql AS $$ DECLARE r b; cur CURSOR (k int) FOR SELECT * FROM c WHERE x = k; BEGIN FOR r IN SELECT * FROM d LOOP RETURN NEXT r; END LOOP; OPEN cur(1); GET DIAGNOSTICS n = ROW_COUNT; RETURN QUERY EXECUTE 'SELECT * FROM e'; END $$
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
d: CREATE TABLE d (x int)
e: CREATE TABLE e (x int)
cur: CREATE VIEW cur AS SELECT 1
r: CREATE VIEW r AS SELECT 1
--> a>b a>c a>d a>e

a: CREATE FUNCTION a() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'DELETE' THEN INSERT INTO c SELECT OLD.*; ELSIF NEW.b IS DISTINCT FROM OLD.b THEN PERFORM f(NEW.b); END IF; RETURN NEW; EXCEPTION WHEN unique_violation THEN RAISE NOTICE 'in d %', SQLERRM; END $$
b: CREATE VIEW b AS SELECT 1
c: CREATE TABLE c (x int)
d: CREATE VIEW d AS SELECT 1
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>c a>f

a: CREATE VIEW a AS SELECT t.x OPERATOR(s.+) 1, x @@ y, count(*) FILTER (WHERE b), percentile_cont(0.5) WITHIN GROUP (ORDER BY c) FROM t GROUP BY ROLLUP (x, y)
t: CREATE TABLE t (x int, y int, b bool, c int)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
--> a>t b>a c>a

a: CREATE VIEW a AS SELECT * FROM t WHERE (b, c) OVERLAPS (d, e) AND x BETWEEN SYMMETRIC f AND g AND h SIMILAR TO i ESCAPE '!' AND j AT TIME ZONE 'UTC' > now() AND k = ANY (SELECT y FROM u)
t: CREATE TABLE t (b date, c date, d date, e date, x int, f int, g int, h text, i text, j timestamp, k int)
u: CREATE TABLE u (y int)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
d: CREATE VIEW d AS SELECT * FROM a
e: CREATE VIEW e AS SELECT * FROM a
f: CREATE VIEW f AS SELECT * FROM a
g: CREATE VIEW g AS SELECT * FROM a
h: CREATE VIEW h AS SELECT * FROM a
i: CREATE VIEW i AS SELECT * FROM a
j: CREATE VIEW j AS SELECT * FROM a
k: CREATE VIEW k AS SELECT * FROM a
--> a>t a>u b>a c>a d>a e>a f>a g>a h>a i>a j>a k>a

a: INSERT INTO t (b) SELECT x FROM u ON CONFLICT (b) WHERE c DO UPDATE SET b = excluded.b, d = (SELECT 1 FROM v) RETURNING e
t: CREATE TABLE t (b int)
u: CREATE TABLE u (x int)
v: CREATE TABLE v (x int)
b: CREATE VIEW b AS SELECT 1
c: CREATE VIEW c AS SELECT 1
e: CREATE VIEW e AS SELECT 1
excluded: CREATE VIEW excluded AS SELECT 1
--> a>t a>u a>v

a: UPDATE ONLY t AS b SET x = c.x FROM u c JOIN v ON true WHERE b.y = c.y
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
v: CREATE TABLE v (x int)
b: CREATE VIEW b AS SELECT 1
c: CREATE VIEW c AS SELECT 1
--> a>t a>u a>v

a: DELETE FROM t USING u, v WHERE CURRENT OF w
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
v: CREATE TABLE v (x int)
w: CREATE TABLE w (x int)
--> a>t a>u a>v

a: CREATE TABLE a PARTITION OF p FOR VALUES FROM (MINVALUE) TO (f(1)) PARTITION BY HASH (g(x)); 
p: CREATE TABLE p (x int) PARTITION BY RANGE (x)
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
g: CREATE FUNCTION g(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>p a>g a>f

a: CREATE INDEX ON ONLY s.t USING gist (x gist_ops, (f(y)) DESC NULLS LAST) INCLUDE (b) WHERE c > 1
t: CREATE TABLE s.t (x int)
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
b: CREATE VIEW b AS SELECT * FROM s.t
c: CREATE VIEW c AS SELECT * FROM s.t
--> a>t a>f b>t c>t

a: ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES u (x) MATCH FULL DEFERRABLE NOT VALID, ADD CONSTRAINT ex EXCLUDE USING gist (c WITH &&), ALTER d SET DEFAULT f(), ADD COLUMN e s.ty COLLATE "C" DEFAULT 'x'::s.ty
t: CREATE TABLE t (b int)
u: CREATE TABLE u (x int primary key)
f: CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
ty: CREATE TYPE s.ty AS ENUM ('x')
b: CREATE VIEW b AS SELECT 1 FROM t WHERE e = 'x'
--> a>t a>u a>f a>ty b>t b>a

a: CREATE FUNCTION a(x anyelement, OUT y b) RETURNS b LANGUAGE sql IMMUTABLE SUPPORT sup SET search_path = s, pg_temp AS $$ SELECT * FROM c $$
b: CREATE TYPE b AS (x int)
c: CREATE TABLE s.c (x int)
d: CREATE TABLE c (x int)
--> a>b a>c

a: CREATE VIEW a AS SELECT nextval('q'::regclass), 'b'::regclass, to_regclass('c'), 'f(int)'::regprocedure, 'mood'::regtype
q: CREATE SEQUENCE q
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
mood: CREATE TYPE mood AS ENUM ()
--> a>q a>b a>f a>mood

a: SELECT pg_catalog.pg_extension_config_dump('b', ''); SELECT create_hypertable('c', 'x'); SELECT f('d')
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
d: CREATE TABLE d (x int)
f: CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>f

a: CREATE OR REPLACE VIEW a WITH (security_barrier) AS SELECT * FROM b WITH LOCAL CHECK OPTION
b: CREATE TABLE b (x int)
--> a>b

a: CREATE VIEW a AS SELECT interval '1' year, date '2020-01-01', b 'x', timestamp with time zone '2020-01-01' FROM c
b: CREATE TYPE b AS ENUM ('x')
c: CREATE TABLE c (x int)
--> a>b a>c

a: CREATE VIEW a AS (SELECT 1 FROM b) UNION (WITH c AS (SELECT 1) SELECT * FROM c) INTERSECT TABLE d
b: CREATE TABLE b (x int)
c: CREATE VIEW c AS SELECT * FROM a
d: CREATE TABLE d (x int)
--> a>b a>d c>a

a: ALTER EXTENSION x ADD FUNCTION f(int); ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO r; ALTER TABLE ALL IN TABLESPACE q SET TABLESPACE w
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
s: CREATE SCHEMA s
x: CREATE EXTENSION x
--> a>s a>x a>f

a: CREATE VIEW public.a AS
   SELECT b.x,
      (c.y)::s.mood AS y
     FROM (public.b
       JOIN s.c ON ((b.x = c.x)))
    WHERE (b.z = ANY (ARRAY['q'::s.kind, 'r'::s.kind]));
  ALTER TABLE public.a OWNER TO joe;
  COMMENT ON VIEW public.a IS 'from d';
  GRANT ALL ON TABLE public.a TO joe;
b: CREATE TABLE public.b (x integer NOT NULL)
c: CREATE TABLE s.c (x int)
d: CREATE VIEW public.d AS SELECT 1
mood: CREATE TYPE s.mood AS ENUM ('q')
kind: CREATE TYPE s.kind AS ENUM ('q')
joe: CREATE ROLE joe
--> a>b a>c a>mood a>kind

a: SELECT pg_catalog.set_config('search_path', '', false);
  SET check_function_bodies = false;
  CREATE FUNCTION public.a() RETURNS public.b LANGUAGE sql AS $$ SELECT * FROM public.b LIMIT 1 $$;
  ALTER FUNCTION public.a() OWNER TO joe
b: CREATE TABLE public.b (x int)
--> a>b

a: ALTER TABLE ONLY public.b ALTER COLUMN id SET DEFAULT nextval('public.b_id_seq'::regclass)
b: CREATE TABLE public.b (id int)
q: CREATE SEQUENCE public.b_id_seq AS integer START WITH 1; ALTER SEQUENCE public.b_id_seq OWNED BY public.b.id
--> a>b a>q q>b

a: ALTER TABLE ONLY public.c ADD CONSTRAINT c_b_fkey FOREIGN KEY (b) REFERENCES public.b(id)
b: CREATE TABLE public.b (id int)
p: ALTER TABLE ONLY public.b ADD CONSTRAINT b_pkey PRIMARY KEY (id)
c: CREATE TABLE public.c (b int)
--> a>b a>p a>c p>b

a: CREATE TRIGGER t BEFORE INSERT ON public.b FOR EACH ROW EXECUTE FUNCTION public.f(); ALTER TABLE public.b ENABLE ALWAYS TRIGGER t; ALTER TABLE public.b CLUSTER ON i
b: CREATE TABLE public.b (x int)
f: CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ begin return new; end $$
i: CREATE INDEX i ON public.b USING btree (x)
--> a>b a>f a>i i>b

a: CREATE OR REPLACE PROCEDURE a(INOUT x b DEFAULT NULL::b) LANGUAGE plpgsql AS $$ DECLARE v c.y%TYPE; w CONSTANT d := NULL; rec record; BEGIN CALL p(v); SELECT * INTO STRICT rec FROM e; COMMIT; END $$
b: CREATE TYPE b AS (x int)
c: CREATE TABLE c (y int)
d: CREATE DOMAIN d AS int
e: CREATE TABLE e (x int)
p: CREATE PROCEDURE p(x int) LANGUAGE sql AS 'SELECT 1'
rec: CREATE TABLE rec (x int)
--> a>b a>c a>d a>e a>p

a: CREATE VIEW a AS SELECT f(x) FROM b
b: CREATE TABLE b (x int)
f: CREATE FUNCTION f(b) RETURNS int LANGUAGE sql AS 'SELECT 1'
g: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>b f>b a>g a>f

a: CREATE VIEW a AS SELECT s.f(1), count(*) FROM b GROUP BY 1
b: CREATE TABLE b (x int)
f: CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
g: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
count: CREATE FUNCTION count(text) RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>b a>f

a: DROP VIEW IF EXISTS a CASCADE; CREATE VIEW a AS SELECT * FROM b; DROP TABLE IF EXISTS c
b: CREATE TABLE b (x int)
c: CREATE VIEW cc AS SELECT * FROM a
--> a>b c>a

a: CREATE TYPE a AS (x b, y c[]); CREATE TYPE a2 AS RANGE (SUBTYPE = d, SUBTYPE_DIFF = f, COLLATION = "C")
b: CREATE TYPE b AS ENUM ()
c: CREATE DOMAIN c AS int
d: CREATE DOMAIN d AS float8
f: CREATE FUNCTION f(d, d) RETURNS float8 LANGUAGE sql AS 'SELECT 1'
--> a>b a>c a>d a>f f>d

a: CREATE FOREIGN TABLE a (x b) INHERITS (c) SERVER s OPTIONS (table_name 'd')
b: CREATE TYPE b AS ENUM ()
c: CREATE TABLE c (y int)
s: CREATE SERVER s FOREIGN DATA WRAPPER w
d: CREATE TABLE d (x int)
w: CREATE EXTENSION w
--> a>b a>c a>s s>w

a: CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'b')
s: CREATE SERVER s FOREIGN DATA WRAPPER w
w: CREATE FOREIGN DATA WRAPPER w HANDLER h VALIDATOR v
h: CREATE FUNCTION h() RETURNS fdw_handler LANGUAGE c AS 'x'
v: CREATE FUNCTION v(text[], oid) RETURNS void LANGUAGE c AS 'x'
--> a>s s>w w>h w>v

a: CREATE LANGUAGE l HANDLER h INLINE i VALIDATOR v; 
h: CREATE FUNCTION h() RETURNS language_handler LANGUAGE c AS 'x'
i: CREATE FUNCTION i(internal) RETURNS void LANGUAGE c AS 'x'
v: CREATE FUNCTION v(oid) RETURNS void LANGUAGE c AS 'x'
--> a>h a>i a>v

a: CREATE ACCESS METHOD m TYPE TABLE HANDLER h; CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM g
h: CREATE FUNCTION h(internal) RETURNS table_am_handler LANGUAGE c AS 'x'
g: CREATE FUNCTION g(int,int,cstring,internal,int,bool) RETURNS int LANGUAGE c AS 'x'
--> a>h a>g

a: CREATE COLLATION c FROM d; CREATE TABLE a (x text COLLATE c)
d: CREATE COLLATION d (provider = icu, locale = 'fi')
--> a>d

a: CREATE TABLE a (x e.mood)
m: CREATE TYPE e.mood AS ENUM ()
e: CREATE TABLE e (x int)
s: CREATE SCHEMA e
--> a>m m>s

a: CREATE VIEW a AS SELECT order_status, status.name FROM orders status
o: CREATE TABLE orders (x int)
s: CREATE TYPE order_status AS ENUM ()
t: CREATE TABLE status (x int)
--> a>o

a: CREATE TABLE a (status status, kind kind NOT NULL, "date" date)
s: CREATE TYPE status AS ENUM ()
k: CREATE DOMAIN kind AS text
d: CREATE VIEW date AS SELECT * FROM a
--> a>s a>k d>a

a: CREATE VIEW a AS SELECT c FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD COLUMN c int DEFAULT f()
f: CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$
--> a>t z>t a>z z>f

t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD COLUMN c int; ALTER TABLE t DROP COLUMN x
y: ALTER TABLE t ADD COLUMN d int GENERATED ALWAYS AS (c) STORED
--> z>t y>t y>z

t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD PRIMARY KEY (x)
v: CREATE VIEW v AS SELECT * FROM t
--> z>t v>t

t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD CONSTRAINT c CHECK (x > 1), ALTER x SET NOT NULL
v: CREATE VIEW v AS SELECT * FROM t
--> z>t v>t

t: CREATE TYPE t AS (x int)
z: ALTER TYPE t ADD ATTRIBUTE y int; ALTER TYPE t ADD VALUE 'x'
v: CREATE TABLE v (a t)
--> z>t v>t

a: ALTER TABLE v RENAME TO w
v: CREATE VIEW v AS SELECT 1 x
b: CREATE VIEW b AS SELECT * FROM w
c: CREATE VIEW c AS SELECT * FROM v
--> a>v b>a c>v

a: ALTER INDEX i RENAME TO j; ALTER TABLE t RENAME CONSTRAINT p TO q; ALTER FUNCTION f() RENAME TO g; ALTER SEQUENCE s RENAME TO r
t: CREATE TABLE t (x int CONSTRAINT p CHECK (x>1)); CREATE INDEX i ON t (x)
f: CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
s: CREATE SEQUENCE s
b: SELECT g(), nextval('r')
--> a>t a>f a>s b>a

a: CREATE SCHEMA s AUTHORIZATION joe CREATE TABLE t (x int) CREATE VIEW v AS SELECT * FROM t
b: CREATE VIEW b AS SELECT * FROM s.v, s.t
t: CREATE TABLE t (x int)
--> b>a
