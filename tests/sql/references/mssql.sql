CREATE TABLE dbo.t (a dbo.Name NOT NULL, b int DEFAULT (NEXT VALUE FOR dbo.q), c AS dbo.f(1), d xml(dbo.x)) ON ps (a)
--> C type dbo.Name, C sequence dbo.q, C routine dbo.f, C xml schema collection dbo.x, C partition scheme ps

CREATE TABLE t (a int, CONSTRAINT k FOREIGN KEY (a) REFERENCES dbo.u (b) ON DELETE CASCADE ON UPDATE SET NULL, b int INDEX i UNIQUE) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = dbo.h))
--> C relation dbo.u, C relation dbo.h

CREATE PARTITION SCHEME ps AS PARTITION pf ALL TO ([PRIMARY])
--> C partition function pf

CREATE TYPE dbo.d AS TABLE (a dbo.Name, b xml (CONTENT dbo.x), c [xml]([dbo].[y]))
--> C type dbo.Name, C xml schema collection dbo.x, C xml schema collection dbo.y

CREATE SYNONYM dbo.s FOR far.db.dbo.t
--> L object far.db.dbo.t

CREATE VIEW dbo.v WITH SCHEMABINDING AS SELECT dbo.f(x) AS a, g(y) FROM dbo.t
--> C routine dbo.f, C relation dbo.t

CREATE PROCEDURE dbo.p @a dbo.T READONLY, @b int = 1 AS BEGIN DECLARE @c dbo.U, @d TABLE (e dbo.V); EXEC dbo.q @c; EXEC @d = r; INSERT t EXEC w; CREATE SEQUENCE dbo.s; SELECT * FROM dbo.x END
--> C type dbo.T, C type dbo.U, L type dbo.V, L routine dbo.q, L routine r, L relation t, L routine w, L relation dbo.x

CREATE FUNCTION dbo.f(@a dbo.T) RETURNS TABLE AS RETURN SELECT * FROM dbo.t
--> C type dbo.T, C relation dbo.t

CREATE FUNCTION dbo.f(@a int) RETURNS dbo.R AS BEGIN RETURN (SELECT x FROM dbo.t) END
--> C type dbo.R, L relation dbo.t

CREATE FUNCTION dbo.f() RETURNS int WITH SCHEMABINDING AS BEGIN RETURN (SELECT x FROM dbo.t) END
--> C relation dbo.t

CREATE FUNCTION dbo.f() RETURNS int AS EXTERNAL NAME [asm].[c].m
--> C assembly asm

CREATE TRIGGER dbo.g ON dbo.t AFTER INSERT, UPDATE AS IF UPDATE(a) INSERT dbo.u SELECT * FROM inserted
--> C relation dbo.t, L relation dbo.u

UPDATE a SET x = 1 FROM dbo.t a; DELETE b FROM dbo.u AS b JOIN dbo.v c ON 1 = 1
--> C relation dbo.t, C relation dbo.u, C relation dbo.v

WITH c AS (SELECT * FROM dbo.t) DELETE FROM c WHERE x = 1 SELECT * FROM c
--> C relation dbo.t, C relation c

IF OBJECT_ID('dbo.v') IS NULL EXEC('CREATE VIEW dbo.v AS SELECT 1 AS x')
GO
ALTER VIEW dbo.v AS SELECT * FROM dbo.w
--> C relation dbo.w

EXEC [sys].[sp_executesql] N'CREATE VIEW dbo.v AS SELECT * FROM dbo.t'
--> C routine sys.sp_executesql, L relation dbo.t

CREATE PROC p AS EXEC('SELECT * FROM dbo.t'); EXEC('SELECT * FROM ' + @x); EXEC('SELECT 1 FROM u') AT far
--> M relation dbo.t

ALTER TABLE dbo.t WITH CHECK ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES dbo.u (b)
GO
ALTER TABLE dbo.t CHECK CONSTRAINT k
--> C relation dbo.t, C relation dbo.u, C part dbo.t k

ALTER TABLE dbo.t ADD CONSTRAINT d DEFAULT (NEXT VALUE FOR dbo.q) FOR a; ALTER TABLE dbo.t ALTER COLUMN b dbo.Name NULL
--> C relation dbo.t, C sequence dbo.q, C type dbo.Name

CREATE UNIQUE CLUSTERED INDEX i ON dbo.t (a, b) INCLUDE (c) WHERE d > 1 ON ps (a)
--> C relation dbo.t, C partition scheme ps

GRANT SELECT ON dbo.t TO r; GRANT EXECUTE ON OBJECT::dbo.p TO r; DENY VIEW DEFINITION ON SCHEMA::s TO r; GRANT CREATE TABLE TO r
--> C object dbo.t, C object dbo.p, L role r

CREATE SECURITY POLICY s.p ADD FILTER PREDICATE s.f(a) ON dbo.t, ADD BLOCK PREDICATE s.g(a) ON dbo.u
--> C routine s.f, C relation dbo.t, C routine s.g, C relation dbo.u

MERGE dbo.t WITH (HOLDLOCK) AS a USING (SELECT * FROM dbo.u) AS b ON a.x = b.x WHEN MATCHED THEN DELETE OUTPUT $action, inserted.x;
--> C relation dbo.t, C relation dbo.u

SELECT dbo.f(a), geography::Point(1, 2, 3), dbo.T::Parse('x'), b.value('x', 'int') FROM dbo.t b
--> C routine dbo.f, C type geography, C type dbo.T, C routine b.value, C relation dbo.t

CREATE PROC dbo.p AS INSERT dbo.t (a) OUTPUT inserted.a, b INTO dbo.u (a) SELECT a FROM dbo.v; DELETE dbo.w OUTPUT deleted.* INTO x WHERE a = 1; EXEC dbo.q @a OUTPUT SELECT a INTO #y FROM dbo.z
--> L relation dbo.t, L relation dbo.u, L relation dbo.v, L relation x, L relation dbo.w, L routine dbo.q, L relation dbo.z

CREATE PROC dbo.p AS SELECT * FROM OPENJSON(@j) WITH (a dbo.Name '$.a', b int) AS c JOIN dbo.t ON 1 = 1; SELECT * FROM OPENXML(@h, '/a') WITH dbo.u x
--> L routine OPENJSON, L type dbo.Name, L relation dbo.t, L routine OPENXML, L relation dbo.u

CREATE SERVICE s AUTHORIZATION dbo ON QUEUE dbo.q ([//c]); CREATE CONTRACT [//c] ([//m] SENT BY INITIATOR, n SENT BY ANY)
--> C queue dbo.q, C contract //c, C message type //m, C message type n

CREATE XML INDEX i ON dbo.t (a) USING XML INDEX j FOR PATH; CREATE FULLTEXT INDEX ON dbo.u (a) KEY INDEX k ON c WITH (STOPLIST = s, SEARCH PROPERTY LIST = l)
--> C relation dbo.t, C part dbo.t j, C relation dbo.u, C part dbo.u k, C fulltext catalog c, C fulltext stoplist s, C search property list l

CREATE TRIGGER g ON DATABASE FOR CREATE_TABLE AS INSERT dbo.u SELECT a FROM dbo.v
--> L relation dbo.u, L relation dbo.v

ALTER TABLE dbo.t SWITCH PARTITION 1 TO dbo.u PARTITION 2; ALTER TABLE dbo.t ENABLE TRIGGER g; DISABLE TRIGGER dbo.h ON dbo.v; ENABLE TRIGGER ALL ON DATABASE; ALTER TABLE dbo.t NOCHECK CONSTRAINT k
--> C relation dbo.t, C relation dbo.u, C part dbo.t g, C relation dbo.v, C part dbo.v h, C part dbo.t k

ALTER AUTHORIZATION ON OBJECT::dbo.t TO x; ALTER SCHEMA s TRANSFER dbo.u; ALTER SCHEMA s TRANSFER TYPE::dbo.n
--> C object dbo.t, C object dbo.u, C type dbo.n, L role x

CREATE STATISTICS s ON dbo.t (a); UPDATE STATISTICS dbo.u (i); SELECT * FROM SEMANTICKEYPHRASETABLE(dbo.v, *)
--> C relation dbo.t, C relation dbo.u, C relation dbo.v

CREATE TABLE dbo.e (CONSTRAINT c CONNECTION (dbo.t TO dbo.u, dbo.t TO v)) AS EDGE
--> C relation dbo.t, C relation dbo.u, C relation v

CREATE EXTERNAL DATA SOURCE s WITH (LOCATION = 'x', CREDENTIAL = c)
--> C database scoped credential c

DECLARE @s varchar(max) = 'SELECT * FROM dbo.t'; EXEC sp_executesql @s; SET @s = 'SELECT * ' + 'FROM dbo.u' EXEC (@s); SET @s = 'SELECT * FROM dbo.v' + @x; EXEC (@s)
--> C routine sp_executesql, L relation dbo.t, L relation dbo.u

CREATE PROC p AS DECLARE @a int, @s varchar(max); EXEC q @a, @s OUTPUT SET @x = 'SELECT * FROM dbo.t' EXEC (@s); EXEC (@x)
--> L routine q, M relation dbo.t

CREATE VIEW dbo.v AS SELECT $PARTITION.f(x) AS n, $partition.[g](y) FROM dbo.t
--> C partition function f, C partition function g, C relation dbo.t

ALTER SECURITY POLICY s.p ADD FILTER PREDICATE s.f(x) ON dbo.t, DROP FILTER PREDICATE ON dbo.u
--> C routine s.f, C relation dbo.t, C relation dbo.u

GRANT EXECUTE ON XML SCHEMA COLLECTION::dbo.x TO r; GRANT SEND ON SERVICE::[//s] TO r; GRANT REFERENCES ON MESSAGE TYPE::m TO r; GRANT CONTROL ON ASSEMBLY::a TO r
--> C xml schema collection dbo.x, C service //s, C message type m, C assembly a, L role r

CREATE MESSAGE TYPE m VALIDATION = VALID_XML WITH SCHEMA COLLECTION dbo.x
--> C xml schema collection dbo.x

CREATE PROC dbo.p AS SET NOCOUNT ON DELETE FROM dbo.t WHERE x = 1 SET XACT_ABORT ON UPDATE dbo.u SET x = 1 SET NOCOUNT ON INSERT dbo.v SELECT 1 FROM dbo.w ORDER BY x OFFSET 0 ROWS FETCH NEXT 5 ROWS ONLY DELETE dbo.y
--> L relation dbo.t, L relation dbo.u, L relation dbo.v, L relation dbo.w, L relation dbo.y

CREATE TABLE dbo.t (a int REFERENCES dbo.u ON DELETE NO ACTION ON UPDATE SET NULL, b int REFERENCES dbo.v ON UPDATE CASCADE ON DELETE SET DEFAULT)
--> C relation dbo.u, C relation dbo.v

CREATE PROC dbo.p AS SET @x = 1 INSERT dbo.t SELECT a FROM dbo.u WHERE b = 0 DELETE dbo.v WHERE c = -1 UPDATE dbo.w SET d = 2
--> L relation dbo.t, L relation dbo.u, L relation dbo.v, L relation dbo.w

dbo.p 'a', 1; EXEC r
--> C routine dbo.p, C routine r

WAITFOR (RECEIVE TOP (1) a, b FROM dbo.q INTO @t), TIMEOUT 5; RECEIVE * FROM r
--> C queue dbo.q, C queue r

CREATE EVENT NOTIFICATION n ON QUEUE dbo.q FOR QUEUE_ACTIVATION TO SERVICE 's', 'current database'
--> L service s, C queue dbo.q

CREATE PROCEDURE dbo.p;2 @a dbo.T AS SELECT * FROM dbo.t
--> C type dbo.T, L relation dbo.t

-- a comment alone
GO
;WITH a AS (SELECT * FROM dbo.t) SELECT * FROM a
--> C relation dbo.t

ALTER AUTHORIZATION ON dbo.t TO u; ALTER AUTHORIZATION ON SCHEMA::s TO u; ALTER AUTHORIZATION ON XML SCHEMA COLLECTION::dbo.x TO u
ALTER AUTHORIZATION ON ASSEMBLY::a TO u; ALTER AUTHORIZATION ON ROLE::r TO u; ALTER AUTHORIZATION ON FULLTEXT CATALOG::c TO u
--> C object dbo.t, C xml schema collection dbo.x, C assembly a, C role r, C fulltext catalog c, L role u

ALTER SCHEMA s TRANSFER XML SCHEMA COLLECTION::dbo.x; ADD SIGNATURE TO dbo.p BY CERTIFICATE c; ADD COUNTER SIGNATURE TO OBJECT::dbo.q BY CERTIFICATE c
--> C xml schema collection dbo.x, C object dbo.p, C certificate c, C object dbo.q

IF OBJECT_ID('x') IS NOT NULL DELETE dbo.t ELSE INSERT dbo.u VALUES (1) UPDATE dbo.v SET a = 1
--> L relation dbo.t, C relation dbo.u, C relation dbo.v

IF NOT EXISTS (SELECT 1 FROM dbo.s) BEGIN INSERT dbo.t SELECT 1 FROM dbo.u END ELSE BEGIN UPDATE dbo.v SET a = CASE WHEN a = 1 THEN 2 END; EXEC dbo.p END DELETE dbo.w
--> C relation dbo.s, C relation dbo.t, C relation dbo.u, L relation dbo.v, L routine dbo.p, C relation dbo.w

CREATE TABLE dbo.s (a int) IF EXISTS (SELECT 1 FROM sys.tables) BEGIN CREATE TABLE dbo.t (a dbo.N) GRANT SELECT, INSERT ON dbo.u TO r ALTER TABLE dbo.v DROP CONSTRAINT IF EXISTS k END ALTER TABLE dbo.w ALTER COLUMN a dbo.M
--> C relation sys.tables, C type dbo.N, L object dbo.u, C relation dbo.w, C type dbo.M, L role r

IF EXISTS (SELECT 1) AND NOT EXISTS (SELECT 1) MERGE dbo.t USING dbo.u ON 1 = 1 WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT VALUES (1); IF EXISTS (SELECT 1) DISABLE TRIGGER g ON dbo.v; SELECT * FROM dbo.w
--> L relation dbo.t, L relation dbo.u, C relation dbo.w

IF (SELECT COUNT(*) FROM dbo.s) > 0 UPDATE dbo.t SET a = 1; IF OBJECT_ID('v') IS NOT NULL BEGIN TRAN DELETE dbo.u
--> C relation dbo.s, C relation dbo.t, C relation dbo.u

IF OBJECT_ID('v') IS NOT NULL INSERT dbo.t EXEC dbo.p IF EXISTS (SELECT 1 FROM dbo.u) SELECT * FROM dbo.v UNION ALL SELECT * FROM dbo.w
--> L relation dbo.t, L routine dbo.p, C relation dbo.u, L relation dbo.v, L relation dbo.w

COPY INTO dbo.t (a) FROM 'https://x' WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'x')); SELECT * FROM dbo.u
--> C relation dbo.t, C relation dbo.u

CREATE PROC p AS CREATE TABLE #x (a int) IF EXISTS (SELECT 1 FROM t LEFT JOIN u ON dbo.f(u.a) = t.b) CREATE INDEX i ON #x (a) SELECT 1 FROM t JOIN u ON dbo.g(a) = b ALTER TABLE #x ADD c int MERGE v USING w ON dbo.h(v.a) = w.a WHEN MATCHED THEN DELETE; CREATE INDEX j ON x (a) ON ps (a)
--> L relation t, L relation u, L routine dbo.f, L routine dbo.g, L relation v, L relation w, L routine dbo.h, L relation x, L partition scheme ps

CREATE PROC p AS DECLARE c CURSOR FOR SELECT x FROM t OPEN c FETCH NEXT FROM c INTO @x WHILE 1 = 1 BEGIN SELECT 1 FROM u FETCH ABSOLUTE @n FROM GLOBAL c INTO @x, y END SELECT 1 FROM v ORDER BY z OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY FETCH c INTO @x SELECT 1 FROM w FETCH FROM d
--> L relation t, L relation u, L relation v, L relation w

CREATE TABLE t (a int) ON ps (a) WITH (DATA_COMPRESSION = PAGE ON PARTITIONS (1 TO 3))
--> C partition scheme ps

CREATE FUNCTION dbo.f (@a dbo.T) RETURNS TABLE (b dbo.U, c int) AS EXTERNAL NAME asm.[N.C].M
--> C type dbo.T, C type dbo.U, C assembly asm

ADD SENSITIVITY CLASSIFICATION TO dbo.t.a, dbo.u.b WITH (LABEL = 'x', RANK = LOW); DROP SENSITIVITY CLASSIFICATION FROM dbo.v.a
--> C relation dbo.t, C relation dbo.u

EXEC dbo.p @a WITH RECOMPILE, RESULT SETS NONE; EXEC dbo.q WITH RECOMPILE, RESULT SETS ((a int, b dbo.T NOT NULL), (c dbo.U), AS OBJECT dbo.v, AS TYPE dbo.W); SELECT * FROM dbo.x
--> C routine dbo.p, C routine dbo.q, C type dbo.T, C type dbo.U, C object dbo.v, C type dbo.W, C relation dbo.x

SET NOCOUNT ON
IF OBJECT_ID('t') IS NOT NULL DELETE dbo.t SET XACT_ABORT ON UPDATE dbo.u SET a = 1 ALTER TABLE dbo.v NOCHECK CONSTRAINT ALL IF OBJECT_ID('w') IS NOT NULL ALTER TABLE dbo.w ADD b int REFERENCES dbo.x ON DELETE SET NULL ON UPDATE CASCADE
--> L relation dbo.t, C relation dbo.u, C relation dbo.v, C part dbo.v ALL, L relation dbo.w, L relation dbo.x

IF OBJECT_ID('t') IS NOT NULL DBCC CHECKIDENT ('dbo.t') IF OBJECT_ID('u') IS NOT NULL BULK INSERT dbo.u FROM 'x' COMMIT DELETE dbo.v
--> L relation dbo.t, L relation dbo.u, C relation dbo.v

IF EXISTS (SELECT 1) WITH a AS (SELECT * FROM dbo.t), b (x) AS (SELECT * FROM dbo.u WITH (NOLOCK)) INSERT #c SELECT * FROM a JOIN b ON 1 = 1 SELECT * FROM dbo.v WITH (NOLOCK)
--> L relation dbo.t, L relation dbo.u, C relation dbo.v

IF EXISTS (SELECT 1) INSERT dbo.t WITH (TABLOCK) SELECT * FROM dbo.u UNION ALL SELECT * FROM dbo.v SELECT * FROM dbo.w
--> L relation dbo.t, L relation dbo.u, L relation dbo.v, C relation dbo.w

IF EXISTS (SELECT 1) INSERT dbo.t VALUES (1) SELECT * FROM dbo.u IF EXISTS (SELECT 1) UPDATE dbo.v SET a = 1 SET @i = (SELECT 1 FROM dbo.w)
--> L relation dbo.t, C relation dbo.u, L relation dbo.v, C relation dbo.w

IF EXISTS (SELECT 1) ALTER DATABASE CURRENT SET SINGLE_USER WITH ROLLBACK IMMEDIATE DELETE dbo.t
--> C relation dbo.t

INSERT TOP ((SELECT x FROM dbo.a)) dbo.t SELECT 1 UPDATE TOP (dbo.f(1)) PERCENT dbo.u SET x = 1 DELETE TOP (@n) FROM dbo.v MERGE TOP ((SELECT MAX(x) FROM dbo.b c, dbo.d)) dbo.w USING dbo.x ON 1 = 1 WHEN MATCHED THEN DELETE;
--> C relation dbo.a, C relation dbo.t, C routine dbo.f, C relation dbo.u, C relation dbo.v, C relation dbo.b, C relation dbo.d, C relation dbo.w, C relation dbo.x

IF NOT OBJECT_ID('t') IS NULL DELETE dbo.t IF 1 = 1 AND NOT (COL_LENGTH('u', 'a') IS NULL) DELETE dbo.u IF NOT (EXISTS (SELECT 1)) DELETE dbo.v ELSE DELETE dbo.w IF NOT OBJECT_ID('x') IS NOT NULL DELETE dbo.x
--> L relation dbo.t, L relation dbo.u, C relation dbo.v, L relation dbo.w, C relation dbo.x

IF OBJECT_ID('t') > 0 DELETE dbo.t IF ISNULL(OBJECT_ID('u'), 0) <> 0 AND 1 > 0 DELETE dbo.u IF NOT OBJECT_ID('v') > 0 DELETE dbo.v ELSE DELETE dbo.w IF OBJECT_ID('x') = 0 DELETE dbo.x
--> L relation dbo.t, L relation dbo.u, C relation dbo.v, L relation dbo.w, C relation dbo.x

IF (SELECT COUNT(*) FROM sys.tables WHERE name = 'x') = 0 DELETE dbo.a ELSE DELETE dbo.b IF 0 < (SELECT COUNT(1) FROM INFORMATION_SCHEMA.TABLES) DELETE dbo.c IF ((SELECT COUNT(*) FROM dbo.sysobjects WHERE x IS NOT NULL) >= /* one */ 1) DELETE dbo.d ELSE DELETE dbo.e
--> C relation sys.tables, C relation INFORMATION_SCHEMA.TABLES, C relation dbo.sysobjects, C relation dbo.a, L relation dbo.b, L relation dbo.c, L relation dbo.d, C relation dbo.e

DECLARE @n int = (SELECT COUNT(*) FROM sys.tables), @m int; IF @n = 0 DELETE dbo.a ELSE DELETE dbo.b SELECT @m = COUNT(*) FROM sys.views WHERE name = 'x' IF @M < 1 DELETE dbo.c ELSE DELETE dbo.d SET @k = (SELECT COUNT(*) FROM dbo.t) IF @k > 0 DELETE dbo.e
--> C relation sys.tables, C relation sys.views, C relation dbo.t, C relation dbo.a, L relation dbo.b, C relation dbo.c, L relation dbo.d, C relation dbo.e

DECLARE @f int = 0, @g int = 0 SELECT @f = 1 FROM sys.columns WHERE name = 'x' IF EXISTS (SELECT 1) SET @g = 1 IF @f = 0 DELETE dbo.a ELSE DELETE dbo.b IF 1 = @f AND 1 = 1 DELETE dbo.c IF @g <> 1 DELETE dbo.d ELSE DELETE dbo.e
--> C relation sys.columns, C relation dbo.a, L relation dbo.b, L relation dbo.c, C relation dbo.d, L relation dbo.e

DECLARE @lacks int = CASE WHEN EXISTS (SELECT 1) THEN 0 ELSE 1 END, @has int = IIF(OBJECT_ID('x') IS NULL, 0, 1) IF @lacks = 0 DELETE dbo.a ELSE DELETE dbo.b IF @has = 1 DELETE dbo.c IF NOT @has = 1 DELETE dbo.d
--> L relation dbo.a, C relation dbo.b, L relation dbo.c, C relation dbo.d

DECLARE @id int = OBJECT_ID('x') IF @id > 0 DELETE dbo.a IF ISNULL(@id, 0) <> 0 DELETE dbo.b IF ISNULL(OBJECT_ID('x'), 0) = 0 DELETE dbo.c ELSE DELETE dbo.d IF OBJECTPROPERTY(OBJECT_ID('x'), 'IsTable') = 1 DELETE dbo.e SET @n = 3 IF @n > 0 DELETE dbo.f IF OBJECT_ID('x') != 0 AND OBJECT_ID('x') !< 1 DELETE dbo.g
--> L relation dbo.a, L relation dbo.b, C relation dbo.c, L relation dbo.d, L relation dbo.e, C relation dbo.f, L relation dbo.g

CREATE VIEW dbo.v AS SELECT '[#' + dbo.f(x) + '"' + dbo.g(x) /* ' */ + dbo.h(x) -- it's [one
  + dbo.i(x) + ']' AS y FROM dbo.t
--> C routine dbo.f, C routine dbo.g, C routine dbo.h, C routine dbo.i, C relation dbo.t

CREATE DATABASE AUDIT SPECIFICATION das FOR SERVER AUDIT sa ADD (SELECT, INSERT ON dbo.t BY r, u), ADD (EXECUTE ON OBJECT::dbo.p BY v), ADD (SELECT ON SCHEMA::s BY u), ADD (SCHEMA_OBJECT_ACCESS_GROUP) WITH (STATE = ON) SELECT a FROM dbo.z
--> C audit sa, C object dbo.t, C object dbo.p, C role r, C role u, C role v, C relation dbo.z

ALTER DATABASE AUDIT SPECIFICATION das WITH (STATE = OFF); ALTER DATABASE AUDIT SPECIFICATION das DROP (SELECT ON dbo.t BY r), ADD (UPDATE ON dbo.w BY u)
--> C audit specification das, C object dbo.w, C role u

CREATE TABLE dbo.c AS CLONE OF dbo.s AT '2024-05-23T14:24:10'; CREATE SYMMETRIC KEY k WITH ALGORITHM = AES_256 ENCRYPTION BY CERTIFICATE c, ASYMMETRIC KEY a; SELECT AI_GENERATE_EMBEDDINGS(x USE MODEL m) FROM dbo.t
--> C relation dbo.s, C certificate c, C asymmetric key a, C external model m, C relation dbo.t

BULK INSERT dbo.t FROM 'x' WITH (DATA_SOURCE = 'src', FORMATFILE = 'f', FORMATFILE_DATA_SOURCE = 'other') ALTER TABLE dbo.u ALTER COLUMN c ADD MASKED WITH (FUNCTION = 'default()') ALTER TABLE dbo.u ALTER COLUMN c DROP SPARSE
--> C relation dbo.t, C relation dbo.u, C external data source src, C external data source other

ALTER EVENT SESSION s ON DATABASE STATE = START; ALTER DATABASE x SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE; CREATE SERVER AUDIT a TO FILE (FILEPATH = 'x')
--> C event session s

DECLARE @a int = 5, @b int = OBJECT_ID('x') SELECT TOP (1) @c = 1, @d = object_id FROM sys.tables UPDATE dbo.t SET x = @e WHERE y = OBJECT_ID('x') IF @a > 0 DELETE dbo.a IF @b > 0 DELETE dbo.b IF @c = 1 DELETE dbo.c IF @d > 0 DELETE dbo.d IF @e > 0 DELETE dbo.e
--> C relation sys.tables, C relation dbo.t, C relation dbo.a, L relation dbo.b, L relation dbo.c, L relation dbo.d, C relation dbo.e

SELECT 1FROM dbo.t WHERE x = 0x1FAND y IN (SELECT 2.5e1FROM dbo.u) UNION SELECT 1.FROM dbo.v
--> C relation dbo.t, C relation dbo.u, C relation dbo.v

again: DELETE dbo.t IF @@ROWCOUNT > 0 GOTO again
--> C relation dbo.t
