a: CREATE VIEW a AS SELECT d FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD c int, d int
--> a>t z>t a>z

a: CREATE VIEW a AS SELECT * FROM t WITH (NOLOCK), u (NOLOCK) CROSS APPLY dbo.f(u.x) OUTER APPLY (SELECT 1 y FROM v) q
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
v: CREATE TABLE v (x int)
f: CREATE FUNCTION f(@x int) RETURNS TABLE AS RETURN SELECT 1 z
--> a>t a>u a>v a>f

a: CREATE VIEW a AS SELECT [1] FROM (SELECT x, y FROM t) s PIVOT (SUM(x) FOR y IN ([1], [b])) AS b
t: CREATE TABLE t (x int)
b: CREATE VIEW b AS SELECT * FROM a
--> a>t b>a

a: CREATE PROC a AS DECLARE @b TABLE (x int, y dbo.ty); INSERT @b EXEC p 1; UPDATE q SET x=1 FROM t q JOIN @b z ON 1=1; MERGE u AS target USING v AS src ON 1=1 WHEN MATCHED THEN DELETE OUTPUT deleted.x INTO w;
t: CREATE TABLE t (x int)
p: CREATE PROC p @x int AS SELECT 1
q: CREATE VIEW q AS SELECT 1 x
u: CREATE TABLE u (x int)
v: CREATE TABLE v (x int)
w: CREATE TABLE w (x int)
ty: CREATE TYPE ty FROM int
--> a>t a>p a>u a>v a>w a>ty

a: CREATE VIEW a AS SELECT CONVERT(dbo.ty, x) c, dbo.f(x) d, TRY_CAST(x AS dbo.tz) e, NEXT VALUE FOR s OVER (ORDER BY x) n FROM t
t: CREATE TABLE t (x int)
ty: CREATE TYPE ty FROM int
tz: CREATE TYPE tz FROM int
f: CREATE FUNCTION f(@x int) RETURNS int AS BEGIN RETURN 1 END
s: CREATE SEQUENCE s
--> a>t a>ty a>tz a>f a>s

a: CREATE VIEW a AS WITH XMLNAMESPACES ('u' AS b), c AS (SELECT 1 x) SELECT * FROM c
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
--> b>a c>a

a: CREATE TRIGGER a ON t AFTER INSERT AS IF UPDATE(b) SELECT * FROM inserted i JOIN u ON i.x=u.x
t: CREATE TABLE t (x int, b int)
u: CREATE TABLE u (x int)
b: CREATE VIEW b AS SELECT * FROM t
--> a>t a>u b>t

a: CREATE SYNONYM a FOR dbo.b
b: CREATE VIEW b AS SELECT * FROM c
c: CREATE TABLE c (x int)
--> a>b b>c

a: EXEC sp_rename 'dbo.t.x', 'y', 'COLUMN'; EXEC sp_addextendedproperty 'MS_Description','b','SCHEMA','dbo','TABLE','t'
t: CREATE TABLE t (x int)
b: CREATE TABLE b (x int)
v: CREATE VIEW v AS SELECT y FROM t
--> v>t a>t v>a

a: CREATE PROC a AS EXEC ('SELECT * FROM t'); EXEC sp_executesql N'SELECT * FROM u WHERE x=@p', N'@p int', 1; DECLARE @s nvarchar(max) = N'SELECT 1 FROM v'; EXEC (@s)
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
v: CREATE TABLE v (x int)
--> a>t a>u a>v

a: ALTER TABLE t ADD CONSTRAINT c CHECK (dbo.f(x) = 1), CONSTRAINT d DEFAULT (NEXT VALUE FOR s) FOR x
t: CREATE TABLE t (x int)
f: CREATE FUNCTION f(@x int) RETURNS int AS BEGIN RETURN 1 END
s: CREATE SEQUENCE s
--> a>t a>f a>s

a: CREATE VIEW a AS SELECT * FROM OPENJSON('[]') WITH (b int '$.b', c dbo.ty) j JOIN t ON 1=1
t: CREATE TABLE t (x int)
b: CREATE VIEW b AS SELECT * FROM a
ty: CREATE TYPE ty FROM int
--> a>t b>a a>ty

a: CREATE VIEW a AS SELECT * FROM t FOR SYSTEM_TIME AS OF '2020' AS b, OPENQUERY(srv, 'SELECT 1 FROM c') q
t: CREATE TABLE t (x int)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
--> a>t b>a c>a

a: CREATE SECURITY POLICY a ADD FILTER PREDICATE dbo.f(x) ON dbo.t, ADD BLOCK PREDICATE dbo.g(x) ON dbo.u AFTER INSERT
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
f: CREATE FUNCTION f(@x int) RETURNS TABLE WITH SCHEMABINDING AS RETURN SELECT 1 z
g: CREATE FUNCTION g(@x int) RETURNS TABLE WITH SCHEMABINDING AS RETURN SELECT 1 z
--> a>t a>u a>f a>g
