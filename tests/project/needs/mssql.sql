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

a: CREATE VIEW sales.a AS SELECT * FROM sales.orders o JOIN dbo.sales s ON 1=1
o: CREATE TABLE sales.orders (x int)
s: CREATE TABLE dbo.sales (x int)
z: CREATE SCHEMA sales
--> a>o a>s a>z o>z

a: CREATE VIEW a AS SELECT * FROM other.dbo.b
b: CREATE VIEW b AS SELECT * FROM a
--> b>a

a: CREATE VIEW a AS SELECT * FROM [srv].[db].[dbo].[b]
b: CREATE VIEW b AS SELECT * FROM a
--> b>a

a: CREATE FUNCTION s.a() RETURNS int AS BEGIN RETURN (SELECT max(x) FROM b) END
b: CREATE TABLE s.b (x int)
c: CREATE TABLE dbo.b (x int)
--> a>b

a: CREATE VIEW a AS SELECT x.value('(b)[1]','int') y FROM t CROSS APPLY t.doc.nodes('/c') AS n(x)
t: CREATE TABLE t (doc xml)
b: CREATE VIEW b AS SELECT * FROM a
n: CREATE VIEW n AS SELECT * FROM a
--> a>t b>a n>a

a: CREATE PROC a AS BEGIN TRY DELETE q FROM t AS q; END TRY BEGIN CATCH EXEC dbo.logit @m = 'b'; THROW; END CATCH
t: CREATE TABLE t (x int)
q: CREATE VIEW q AS SELECT 1 x
logit: CREATE PROC logit @m varchar(9) AS SELECT 1
--> a>t a>logit

a: CREATE PROC a AS DECLARE c CURSOR LOCAL FAST_FORWARD FOR SELECT x FROM t; OPEN c; FETCH NEXT FROM c INTO @x; CLOSE c; DEALLOCATE c
t: CREATE TABLE t (x int)
c: CREATE VIEW c AS SELECT 1 x
--> a>t

a: CREATE PROC a AS SELECT * INTO #tmp FROM t; SELECT * FROM #tmp; WITH b AS (SELECT 1 x) UPDATE b SET x = 2; ;WITH c AS (SELECT * FROM u) DELETE FROM c
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
--> a>t a>u

a: CREATE PROC a @p dbo.tt READONLY, @q s.ty OUTPUT AS SELECT 1
tt: CREATE TYPE tt AS TABLE (x int)
ty: CREATE TYPE s.ty FROM int
--> a>tt a>ty

a: CREATE TABLE a (x int CONSTRAINT df DEFAULT (dbo.f()), y AS (dbo.g(x)) PERSISTED, z int REFERENCES b, CONSTRAINT fk FOREIGN KEY (x) REFERENCES s.c (x) ON DELETE CASCADE, p geometry) ON ps (x)
f: CREATE FUNCTION f() RETURNS int AS BEGIN RETURN 1 END
g: CREATE FUNCTION g(@x int) RETURNS int AS BEGIN RETURN 1 END
b: CREATE TABLE b (x int primary key)
c: CREATE TABLE s.c (x int primary key)
ps: CREATE PARTITION SCHEME ps AS PARTITION pf ALL TO ([PRIMARY])
pf: CREATE PARTITION FUNCTION pf (int) AS RANGE LEFT FOR VALUES (1)
--> a>f a>g a>b a>c a>ps ps>pf

a: CREATE VIEW a WITH SCHEMABINDING AS SELECT COUNT_BIG(*) n FROM dbo.t GROUP BY x
  GO
  CREATE UNIQUE CLUSTERED INDEX i ON dbo.a (n)
t: CREATE TABLE t (x int)
i: CREATE VIEW i AS SELECT * FROM a
--> a>t i>a

a: CREATE VIEW a AS SELECT t.b, b = t.c, 'd' AS d FROM t ORDER BY b OFFSET 0 ROWS
t: CREATE TABLE t (b int, c int)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
d: CREATE VIEW d AS SELECT * FROM a
--> a>t b>a c>a d>a

a: CREATE PROC a AS IF EXISTS (SELECT 1 FROM t) EXEC b ELSE EXEC @r = c @x = 1 WITH RECOMPILE; WHILE 1=1 BREAK; PRINT 'FROM d'
t: CREATE TABLE t (x int)
b: CREATE PROC b AS SELECT 1
c: CREATE PROC c @x int AS SELECT 1
d: CREATE VIEW d AS SELECT 1 x
--> a>t a>b a>c

a: CREATE PROC a AS SET IDENTITY_INSERT t ON; INSERT t (x) OUTPUT inserted.x INTO u (y) VALUES (1); TRUNCATE TABLE v; DBCC CHECKIDENT ('w', RESEED); UPDATE STATISTICS q; BULK INSERT k FROM 'x'
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
v: CREATE TABLE v (x int)
w: CREATE TABLE w (x int)
q: CREATE TABLE q (x int)
k: CREATE TABLE k (x int)
--> a>t a>u a>v a>w a>q a>k

a: GRANT SELECT ON dbo.t (x) TO r; DENY EXECUTE ON OBJECT::dbo.p TO r; GRANT EXECUTE ON TYPE::dbo.ty TO r; GRANT CONTROL ON SCHEMA::s TO r; ALTER AUTHORIZATION ON dbo.u TO r
t: CREATE TABLE t (x int)
p: CREATE PROC p AS SELECT 1
ty: CREATE TYPE ty FROM int
s: CREATE SCHEMA s
u: CREATE TABLE u (x int)
r: CREATE ROLE r
--> a>t a>p a>ty a>s a>u a>r

a: CREATE TRIGGER tr ON DATABASE FOR DDL_TABLE_EVENTS AS INSERT INTO t VALUES (EVENTDATA())
t: CREATE TABLE t (x xml)
--> a>t

a: CREATE VIEW a AS SELECT * FROM t AS OF_ JOIN (VALUES (1),(2)) v(x) ON 1=1, u
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
v: CREATE VIEW v AS SELECT * FROM a
--> a>t a>u v>a

a: CREATE VIEW a AS SELECT * FROM t GROUP BY GROUPING SETS ((b), ()) HAVING max(c) > ALL (SELECT d FROM u)
t: CREATE TABLE t (b int, c int)
u: CREATE TABLE u (d int)
b: CREATE VIEW b AS SELECT * FROM a
d: CREATE VIEW d AS SELECT * FROM a
--> a>t a>u b>a d>a

a: CREATE PROC a AS DECLARE @s nvarchar(max) = N'SELECT * FROM ' + QUOTENAME(@t); EXEC sp_executesql @s; SELECT OBJECT_ID(N'dbo.b'), COL_LENGTH('c','x')
b: CREATE VIEW b AS SELECT 1 x
c: CREATE VIEW c AS SELECT 1 x
-->

a: CREATE TABLE [dbo].[a] ([id] INT IDENTITY (1,1) NOT NULL, [b] [dbo].[ty] NOT NULL, [x] XML (CONTENT [dbo].[xc]) NULL, CONSTRAINT [PK] PRIMARY KEY CLUSTERED ([id] ASC) WITH (FILLFACTOR = 90), INDEX [ix] NONCLUSTERED ([b]))
  GO
  CREATE NONCLUSTERED INDEX [ix2] ON [dbo].[a]([b] ASC) INCLUDE([x])
  GO
  EXECUTE sp_addextendedproperty @name = N'MS_Description', @value = N'from c', @level0type = N'SCHEMA', @level0name = N'dbo', @level1type = N'TABLE', @level1name = N'a'
ty: CREATE TYPE [dbo].[ty] FROM INT NOT NULL
xc: CREATE XML SCHEMA COLLECTION [dbo].[xc] AS N'<a/>'
ix: CREATE VIEW ix AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
--> a>ty a>xc ix>a c>a

a: CREATE TABLE a (x int, s datetime2 GENERATED ALWAYS AS ROW START, e datetime2 GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = dbo.h))
h: CREATE TABLE h (x int)
s: CREATE VIEW s AS SELECT 1 y FROM a
e: CREATE VIEW e AS SELECT 1 y FROM a
--> a>h s>a e>a

a: CREATE FUNCTION a (@x int) RETURNS @t TABLE (y dbo.ty) AS BEGIN INSERT @t SELECT z FROM dbo.b AS t WHERE t.x = @x; RETURN END
ty: CREATE TYPE ty FROM int
b: CREATE TABLE b (z int)
t: CREATE VIEW t AS SELECT 1 x
--> a>ty a>b

a: CREATE PROC a AS EXEC('CREATE VIEW dbo.z AS SELECT * FROM dbo.b'); EXEC sp_executesql N'ALTER TABLE c ADD d int'
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
v: CREATE VIEW v AS SELECT d FROM c
--> a>b a>c v>c

a: ALTER VIEW dbo.a AS SELECT * FROM dbo.b
s: CREATE VIEW dbo.a AS SELECT 1 AS x
b: CREATE TABLE b (x int)
--> a>b

a: CREATE FULLTEXT INDEX ON dbo.b (c LANGUAGE 1033) KEY INDEX pk ON cat WITH STOPLIST = st
b: CREATE TABLE b (c varchar(9), CONSTRAINT pk PRIMARY KEY (c))
cat: CREATE FULLTEXT CATALOG cat
st: CREATE FULLTEXT STOPLIST st
--> a>b a>cat a>st

t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD CONSTRAINT d DEFAULT 1 FOR x; ALTER TABLE t WITH CHECK ADD CONSTRAINT c CHECK (x > 1)
v: CREATE VIEW v AS SELECT * FROM t
--> z>t v>t

a: EXEC sp_bindefault 'dbo.df', 'dbo.t.x'; EXEC sp_bindrule 'dbo.rl', 'dbo.ty'; EXEC sp_bindrule @objname = 't.y', @rulename = 'dbo.rm'
df: CREATE DEFAULT dbo.df AS 0
rl: CREATE RULE dbo.rl AS @x > 1
rm: CREATE RULE dbo.rm AS @x > 1
t: CREATE TABLE t (x int)
ty: CREATE TYPE ty FROM int
--> a>df a>rl a>rm a>t a>ty

a: EXEC sp_addrolemember 'r', N'u'; EXEC sp_addrolemember @membername = 'v', @rolename = 'r2'
r: CREATE ROLE r
r2: EXEC sp_addrole 'r2'
--> a>r a>r2

ty: EXEC sp_addtype 'ssn', 'varchar(11)', 'NOT NULL'
t: CREATE TABLE dbo.t (x ssn)
--> t>ty

a: EXEC sp_addextendedproperty N'MS_Description', N'x', N'SCHEMA', N'dbo', N'TABLE', N't', N'COLUMN', N'x'
  GO
  EXECUTE sys.sp_addextendedproperty @name=N'MS_Description', @value=N'x' , @level0type=N'SCHEMA',@level0name=N's', @level1type=N'VIEW',@level1name=N'v'; EXEC sp_updateextendedproperty 'a', 1, 'schema', 's'; EXEC sp_updateextendedproperty @name = 'a', @level0type = 'SCHEMA', @level0name = 's', @level1type = 'PROCEDURE', @level1name = 'p'
t: CREATE TABLE dbo.t (x int)
v: CREATE VIEW s.v AS SELECT 1 x
s: CREATE SCHEMA s
p: CREATE PROC s.p AS SELECT 1
x: CREATE VIEW x AS SELECT 1 x
--> a>t a>v a>s a>p v>s p>s

a: EXEC sys.sp_cdc_enable_table @source_schema = N's', @source_name = N't', @role_name = NULL; EXEC sp_refreshview 'dbo.v'; EXEC sp_settriggerorder @triggername = 'dbo.tr', @order = 'First', @stmttype = 'INSERT'; EXEC sp_procoption 'q', 'startup', 'on'
t: CREATE TABLE s.t (x int)
v: CREATE VIEW v AS SELECT 1 x
w: CREATE VIEW w AS SELECT 1 x
p: CREATE PROC p AS SELECT 1
q: CREATE PROC q AS SELECT 1
tr: CREATE TRIGGER dbo.tr ON w INSTEAD OF INSERT AS SELECT 1
--> a>t a>tr a>q tr>w

a: EXEC sp_rename @newname = 'y', @objname = 'dbo.t.x', @objtype = 'COLUMN'
t: CREATE TABLE t (x int)
v: CREATE VIEW v AS SELECT y FROM t
--> a>t v>t v>a

t: ALTER TABLE u ADD y int; IF OBJECT_ID('v') IS NOT NULL EXEC sp_refreshview 'v'
v: CREATE VIEW v AS SELECT y FROM u
u: CREATE TABLE u (x int)
--> t>u v>u v>t

a: CREATE SCHEMA s AUTHORIZATION r CREATE TABLE t (x int, y ty) CREATE VIEW v AS SELECT * FROM t JOIN u ON 1 = 1 GRANT SELECT ON v TO r
  GO
  CREATE VIEW w AS SELECT * FROM u
r: CREATE ROLE r
u: CREATE TABLE dbo.u (x int)
ty: CREATE TYPE dbo.ty FROM int
z: CREATE VIEW z AS SELECT * FROM s.v JOIN s.t ON 1 = 1 JOIN w ON 1 = 1
t: CREATE TABLE dbo.t (x int)
--> a>r a>u a>ty z>a

a: CREATE TABLE dbo.a (x int, z varbinary(max) FILESTREAM) ON ps (x) FILESTREAM_ON qs
ps: CREATE PARTITION SCHEME ps AS PARTITION pf TO (a, b)
qs: CREATE PARTITION SCHEME qs AS PARTITION pf TO (a, b)
pf: CREATE PARTITION FUNCTION pf (int) AS RANGE RIGHT FOR VALUES ('b')
--> a>ps a>qs ps>pf qs>pf

a: CREATE FULLTEXT INDEX ON t (x TYPE COLUMN y) KEY INDEX pk_t ON (cat, FILEGROUP fg) WITH CHANGE_TRACKING = AUTO, STOPLIST sl; ALTER FULLTEXT INDEX ON t SET STOPLIST = sm; ALTER FULLTEXT INDEX ON t SET SEARCH PROPERTY LIST = l
t: CREATE TABLE t (x int CONSTRAINT pk_t PRIMARY KEY)
cat: CREATE FULLTEXT CATALOG cat AS DEFAULT
sl: CREATE FULLTEXT STOPLIST sl FROM SYSTEM STOPLIST
sm: CREATE FULLTEXT STOPLIST sm FROM sl AUTHORIZATION dbo
l: CREATE SEARCH PROPERTY LIST l FROM m
m: CREATE SEARCH PROPERTY LIST m
--> a>t a>cat a>sl a>sm a>l sm>sl l>m

a: CREATE PROC a AS SELECT 1 x; BEGIN DIALOG CONVERSATION @h FROM SERVICE [b] TO SERVICE N'c' ON CONTRACT [d] WITH ENCRYPTION = OFF; SEND ON CONVERSATION @h MESSAGE TYPE [e] (@m); GET CONVERSATION GROUP @g FROM q; END CONVERSATION @h; SELECT COUNT(*) FROM dbo.q2
b: CREATE SERVICE b ON QUEUE q (d)
d: CREATE CONTRACT d (e SENT BY INITIATOR)
e: CREATE MESSAGE TYPE e VALIDATION = NONE
q: CREATE QUEUE q
q2: CREATE QUEUE q2
c: CREATE VIEW c AS SELECT x FROM service s
service: CREATE VIEW service AS SELECT 1 x
--> a>b a>d a>e a>q a>q2 b>q b>d d>e c>service

a: CREATE EVENT NOTIFICATION n ON SERVER FOR DDL_LOGIN_EVENTS TO SERVICE 'b', 'current database'
b: CREATE SERVICE b ON QUEUE q
q: CREATE QUEUE q
p: CREATE BROKER PRIORITY p FOR CONVERSATION SET (CONTRACT_NAME = c, LOCAL_SERVICE_NAME = b, PRIORITY_LEVEL = 3)
c: CREATE CONTRACT c (m SENT BY ANY)
m: CREATE MESSAGE TYPE m
--> a>b b>q p>c p>b c>m

a: ADD SIGNATURE TO dbo.p BY CERTIFICATE c WITH PASSWORD = 'b'
  GO
  CREATE USER u FOR CERTIFICATE c2
p: CREATE PROC dbo.p AS OPEN SYMMETRIC KEY k DECRYPTION BY CERTIFICATE c
c: CREATE CERTIFICATE c WITH SUBJECT = 'x'
c2: CREATE CERTIFICATE c2 FROM ASSEMBLY asm
asm: CREATE ASSEMBLY asm FROM 0x4D5A
k: CREATE SYMMETRIC KEY k WITH ALGORITHM = AES_256 ENCRYPTION BY ASYMMETRIC KEY b
b: CREATE ASYMMETRIC KEY b WITH ALGORITHM = RSA_2048
--> a>p a>c a>c2 p>k p>c c2>asm k>b

a: CREATE TABLE a (x nvarchar(9) COLLATE b ENCRYPTED WITH (COLUMN_ENCRYPTION_KEY = k, ENCRYPTION_TYPE = DETERMINISTIC, ALGORITHM = 'x'))
k: CREATE COLUMN ENCRYPTION KEY k WITH VALUES (COLUMN_MASTER_KEY = mk, ALGORITHM = 'x', ENCRYPTED_VALUE = 0x1)
mk: CREATE COLUMN MASTER KEY mk WITH (KEY_STORE_PROVIDER_NAME = 'x', KEY_PATH = 'y')
b: CREATE VIEW b AS SELECT * FROM a
--> a>k k>mk b>a

a: CREATE VIEW a AS SELECT * FROM OPENROWSET(BULK 'x.csv', DATA_SOURCE = 'ds', FORMAT = 'CSV') WITH (c int, d dbo.ty 2) AS b JOIN t ON 1 = 1
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
t: CREATE TABLE t (x int)
ty: CREATE TYPE ty FROM int
ds: CREATE EXTERNAL DATA SOURCE ds WITH (LOCATION = 'x')
z: BULK INSERT t FROM 'x.csv' WITH (FORMAT = 'CSV', DATA_SOURCE = 'ds')
--> a>ds a>ty a>t b>a c>a z>t z>ds

a: CREATE PROC a AS UPDATE lock SET x = 1 FROM dbo.t lock, dbo.u; SELECT x AS cluster, y lock FROM dbo.v limit, dbo.w; SELECT CHECKSUM(x) FROM dbo.k OPTION (OPTIMIZE FOR (@p = 1))
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
v: CREATE TABLE v (x int)
w: CREATE TABLE w (x int)
k: CREATE TABLE k (x int)
lock: CREATE VIEW lock AS SELECT 1 x
limit: CREATE VIEW limit AS SELECT 1 x
--> a>t a>u a>v a>w a>k

a: BACKUP DATABASE x TO DISK = 'y'
  GO
  SAVE TRANSACTION x
  GO
  backup_all 1
  GO
  [restore]
backup: CREATE PROC [backup] AS SELECT 1
save: CREATE PROC save AS SELECT 1
all: CREATE PROC backup_all AS SELECT 1
restore: CREATE PROC [restore] AS SELECT 1
--> a>all a>restore

parent: IF EXISTS (SELECT * FROM sys.foreign_keys WHERE object_id = OBJECT_ID(N'[dbo].[FK_Child_Parent]') AND parent_object_id = OBJECT_ID(N'[dbo].[Child]'))
  ALTER TABLE [dbo].[Child] DROP CONSTRAINT [FK_Child_Parent]
  GO
  IF OBJECT_ID('dbo.Parent') IS NOT NULL DROP TABLE dbo.Parent
  GO
  CREATE TABLE dbo.Parent (x int PRIMARY KEY)
child: CREATE TABLE dbo.Child (x int CONSTRAINT FK_Child_Parent REFERENCES dbo.Parent (x))
--> child>parent

a: CREATE TABLE dbo.a (x int PRIMARY KEY)
  IF OBJECT_ID('dbo.b') IS NOT NULL ALTER TABLE dbo.b NOCHECK CONSTRAINT ALL
b: CREATE TABLE dbo.b (x int REFERENCES dbo.a (x))
--> b>a

a: IF OBJECT_ID('dbo.b') IS NOT NULL DISABLE TRIGGER dbo.trg ON dbo.b;
  CREATE TABLE dbo.a (x int PRIMARY KEY)
b: CREATE TABLE dbo.b (x int REFERENCES dbo.a (x))
  GO
  CREATE TRIGGER dbo.trg ON dbo.b AFTER INSERT AS SELECT 1
--> b>a

a: ALTER TABLE dbo.t DROP CONSTRAINT IF EXISTS fk; ALTER TABLE dbo.t DROP COLUMN IF EXISTS c
t: CREATE TABLE dbo.t (x int)
--> a>t

a: IF COL_LENGTH('dbo.t', 'y') IS NULL ALTER TABLE dbo.t ADD y int
v: CREATE VIEW dbo.v AS SELECT y FROM dbo.t
t: CREATE TABLE dbo.t (x int)
--> a>t v>t v>a

a: CREATE TABLE Dimension.Sale (d date, Day Date, k dbo.Kind) ON [PRIMARY]
d: CREATE TABLE Dimension.Date (d date, s int REFERENCES Dimension.Sale)
kind: CREATE TABLE dbo.Kind (x int)
type: CREATE TYPE dbo.Kind FROM int
schema: CREATE SCHEMA Dimension
--> a>schema d>schema a>type d>a

t: CREATE TABLE dbo.t (id int PRIMARY KEY) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = dbo.h), LEDGER = ON (LEDGER_VIEW = dbo.l (TRANSACTION_ID_COLUMN_NAME = x), APPEND_ONLY = OFF))
u: CREATE TABLE dbo.u (id int) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = dbo.o), LEDGER = ON)
o: CREATE TABLE dbo.o (id int)
a: CREATE VIEW dbo.a AS SELECT h.id FROM dbo.h JOIN dbo.l ON 1 = 1
b: CREATE VIEW dbo.b AS SELECT * FROM dbo.u_Ledger
c: CREATE VIEW dbo.c AS SELECT * FROM dbo.o
--> u>o a>t b>u c>o

a: CREATE VIEW a AS SELECT * FROM VECTOR_SEARCH(TABLE = dbo.t AS u, COLUMN = v, SIMILAR_TO = @q, METRIC = 'cosine', TOP_N = 9) AS s JOIN PREDICT(MODEL = @m, DATA = dbo.d AS e) WITH (v float) AS f ON 1 = 1
t: CREATE TABLE dbo.t (v VECTOR(3) NOT NULL)
d: CREATE TABLE dbo.d (x int)
e: CREATE TABLE dbo.e (x int)
u: CREATE TABLE dbo.u (x int)
s: CREATE TABLE dbo.s (x int)
--> a>t a>d

user: CREATE USER joe FOR LOGIN [team\joe] WITH DEFAULT_SCHEMA = s
login: CREATE LOGIN [team\joe] FROM WINDOWS
old: EXEC sp_grantdbaccess 'team\joe', 'old'
r: CREATE ROLE r AUTHORIZATION joe
s: CREATE SCHEMA s AUTHORIZATION r
a: ALTER ROLE r ADD MEMBER [old]; GRANT CREATE TABLE TO r
b: GRANT SELECT ON SCHEMA::s TO public, [joe] WITH GRANT OPTION
c: EXEC sp_addrolemember 'r', 'old'; ALTER ROLE r DROP MEMBER joe
d: CREATE PROC s.d WITH RECOMPILE, EXECUTE AS 'joe' AS SELECT 1
  GO
  GRANT EXECUTE ON s.d TO r AS dbo
e: DENY SELECT ON OBJECT::s.d (x) TO r CASCADE; ALTER AUTHORIZATION ON SCHEMA::s TO SCHEMA OWNER
--> user>login old>login r>user s>r a>old a>r b>s b>user c>r c>old d>s d>user d>r e>d e>r e>s

a: EXEC sys.sp_sequence_get_range N'dbo.s', 5, @r OUTPUT; DBCC CHECKIDENT ('dbo.t', RESEED, 0) WITH NO_INFOMSGS; DBCC CHECKIDENT (u); DBCC CHECKDB (v, NOINDEX)
s: CREATE SEQUENCE s
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
v: CREATE TABLE v (x int)
--> a>s a>t a>u

fg: ALTER DATABASE CURRENT ADD FILEGROUP [fg]
fs: ALTER DATABASE CURRENT ADD FILEGROUP fs CONTAINS FILESTREAM
f: ALTER DATABASE CURRENT ADD FILE (NAME = n, FILENAME = 'x') TO FILEGROUP fg; ALTER DATABASE CURRENT REMOVE FILEGROUP fs
t: CREATE TABLE t (x int REFERENCES u (x) ON DELETE CASCADE ON UPDATE NO ACTION, CONSTRAINT pk PRIMARY KEY (x) WITH (ONLINE = ON) ON fg) ON [PRIMARY] TEXTIMAGE_ON fg FILESTREAM_ON fs
u: CREATE TABLE u (x int PRIMARY KEY) ON [fg]
p: CREATE PARTITION SCHEME p AS PARTITION pf ALL TO ([PRIMARY])
q: CREATE PARTITION SCHEME q AS PARTITION pf TO ([PRIMARY], fg, fs)
pf: CREATE PARTITION FUNCTION pf (int) AS RANGE LEFT FOR VALUES (1)
i: CREATE INDEX i ON u (x) WITH (FILLFACTOR = 80) ON fg
c: CREATE FULLTEXT INDEX ON u (x) KEY INDEX k ON (cat, FILEGROUP fg)
cat: CREATE FULLTEXT CATALOG cat ON FILEGROUP fg AS DEFAULT
n: ALTER PARTITION SCHEME p NEXT USED fg
v: CREATE VIEW v AS SELECT * FROM u JOIN t fg ON fg.x = u.x
--> f>fg t>u t>fg t>fs u>fg p>pf q>pf q>fg q>fs i>u i>fg c>u c>fg c>cat cat>fg n>p n>fg v>u v>t

u: CREATE TABLE dbo.u (x int)
p: CREATE PROC dbo.p AS SELECT 1
k: CREATE TYPE dbo.k FROM int
l: CREATE TYPE dbo.l FROM int
s: CREATE SCHEMA s
m: ALTER SCHEMA s TRANSFER OBJECT::dbo.u; ALTER SCHEMA s TRANSFER TYPE::dbo.k
r: EXEC sp_rename 'dbo.p', 'q'; EXEC sp_rename 'dbo.l', 'o', 'USERDATATYPE'
v: CREATE VIEW v AS SELECT CAST(x AS s.k) y, CAST(x AS o) z FROM s.u
x: CREATE PROC x AS EXEC q
--> m>u m>s m>k r>p r>l v>m v>r x>r

a: CREATE VIEW a AS SELECT * FROM ..t JOIN .u ON 1 = 1 LEFT JOIN . . [v] ON 1 = 1, .k, other..l CROSS APPLY .f(1) g WHERE EXISTS (SELECT 1 FROM
  ..w) OR (SELECT x FROM..m FOR XML PATH(''), TYPE)
  .value('.', 'int') = 1
t: CREATE TABLE ..t (x int REFERENCES .u)
u: CREATE TABLE .u (x int)
v: CREATE TABLE v (x int)
k: CREATE TABLE k (x int)
l: CREATE TABLE l (x int)
w: CREATE TABLE w (x int)
m: CREATE TABLE m (x int)
f: CREATE FUNCTION .f(@x int) RETURNS TABLE AS RETURN SELECT 1 y
s: CREATE SYNONYM .s FOR apply . z
z: CREATE VIEW apply.z AS SELECT x FROM type . x
x: CREATE VIEW type.x AS SELECT 1 x
value: CREATE FUNCTION value(@x int, @y int) RETURNS int AS BEGIN RETURN 1 END
p: CREATE PROC p AS INSERT ..t VALUES (1); EXEC ..q; UPDATE .u SET x = 1
q: CREATE PROC ..q AS SELECT 1
--> a>t a>u a>v a>k a>f a>w a>m t>u p>t p>q p>u s>z z>x

a: CREATE PROC a AS EXEC sp_execute_external_script @language = N'R', @script = N'SELECT * FROM v', @input_data_1 = N'SELECT x FROM t' WITH RESULT SETS ((y dbo.ty)); EXEC sp_execute_external_script N'R', N'x', N'SELECT x FROM u'
b: EXEC sp_describe_first_result_set @tsql = N'SELECT * FROM t'; EXEC sys.sp_executesql @statement = N'SELECT * FROM u'
c: DECLARE @q nvarchar(99) = N'SELECT x FROM t'; EXEC sp_execute_external_script @input_data_1 = @q, @language = N'R', @script = N'x'
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
v: CREATE VIEW v AS SELECT 1 x
ty: CREATE TYPE ty FROM int
--> a>t a>u a>ty b>t b>u c>t

a: EXEC other.sys.sp_executesql N'CREATE PROC p AS SELECT * FROM t'; EXEC other..sp_executesql N'SELECT * FROM t'; EXEC other..sp_rename 't', 'w'; EXEC other.sys.sp_addextendedproperty 'x', 'y', 'SCHEMA', 'dbo', 'TABLE', 't'; EXEC master..sp_addlogin 'l'
t: CREATE TABLE t (x int)
b: CREATE PROC b AS EXEC p
w: CREATE VIEW v AS SELECT * FROM w
u: CREATE USER u FOR LOGIN l
--> u>a

a: RENAME OBJECT dbo.t TO u
b: RENAME OBJECT::dbo.k TO l
c: RENAME OBJECT m COLUMN x TO y
t: CREATE TABLE t (x int)
k: CREATE TABLE k (x int)
m: CREATE TABLE m (x int)
v: CREATE VIEW v AS SELECT u.x FROM u JOIN l ON 1 = 1
w: CREATE VIEW w AS SELECT y FROM m
--> a>t b>k c>m v>a v>b w>m w>c

a: CREATE TABLE a (b Date, c [date], d dbo.Date, e sysname, f Name, g json)
date: CREATE TYPE dbo.Date FROM varchar(8)
sysname: CREATE TYPE dbo.sysname FROM nvarchar(128)
name: CREATE TYPE dbo.Name FROM sysname
json: CREATE TYPE dbo.json FROM nvarchar(max)
--> a>date a>name a>json

a: ALTER TABLE t SWITCH PARTITION $PARTITION . pf('2024') TO u PARTITION $PARTITION.pg(1)
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
pf: CREATE PARTITION FUNCTION pf (date) AS RANGE FOR VALUES ('2024')
pg: CREATE PARTITION FUNCTION pg (int) AS RANGE FOR VALUES (1)
--> a>t a>u a>pf a>pg

a: CREATE SYNONYM s FOR both
b: GRANT SELECT ON both TO public
c: GRANT EXECUTE ON TYPE::both TO public
table: CREATE TABLE both (x int)
type: CREATE TYPE both FROM int
--> a>table b>table c>type

a: EXEC sp_executesql N'SELECT * FROM t JOIN @r AS r ON 1 = 1', N'@r dbo.ty READONLY, @p dbo.al OUTPUT', @r = @r, @p = 1
b: DECLARE @d nvarchar(99) = N'@r ty READONLY'; EXEC sys.sp_executesql @stmt = N'SELECT 1', @params = @d, @r = @r; EXEC sp_describe_first_result_set N'SELECT 1', N'@x other'
c: EXEC sp_executesql @s, N'', @x = 'ty'; EXEC db.sys.sp_executesql N'SELECT 1', N'@r ty READONLY'
t: CREATE TABLE t (x int)
ty: CREATE TYPE ty AS TABLE (x int)
al: CREATE TYPE al FROM int
other: CREATE TYPE other FROM int
--> a>t a>ty a>al b>ty b>other

a: EXEC sp_addarticle @publication = N'p', @article = N'v', @source_owner = N's', @source_object = N't'; EXEC sp_addarticle N'p', N'v', N'u'; EXEC sp_addmergearticle @publication = N'p', @article = N'v', @source_object = N'w'
t: CREATE TABLE s.t (x int)
u: CREATE TABLE u (x int)
v: CREATE VIEW v AS SELECT 1 x
w: CREATE TABLE w (x int)
--> a>t a>u a>w
