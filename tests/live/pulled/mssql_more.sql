-- sequences
CREATE SEQUENCE shop.number AS smallint START WITH 5 INCREMENT BY 5 MINVALUE 5 MAXVALUE 5000 CYCLE CACHE 7
GO
CREATE SEQUENCE alone_number
GO
-- defaults of a sequence
CREATE SEQUENCE shop.counter AS int
GO
CREATE TABLE shop.counted (number int CONSTRAINT df_number DEFAULT (NEXT VALUE FOR shop.counter), n int)
GO
-- defaults and columns of a function
CREATE FUNCTION shop.needed (@n int) RETURNS int AS
BEGIN
    RETURN @n + 1
END
GO
CREATE TABLE shop.needing (id int, n int DEFAULT shop.needed(2), m AS shop.needed(1))
GO
-- brackets in names
CREATE TABLE shop.[Odd ]] more] (
    id int NOT NULL, [c ]] d] int DEFAULT 3, CONSTRAINT [pk ]] more] PRIMARY KEY (id),
    CONSTRAINT [ck ]] more] CHECK ([c ]] d] > 1)
)
GO
-- a default of other letters
CREATE TABLE shop.letters (note nvarchar(5) DEFAULT N'ä漢', [größe] int)
GO
-- keys that are not clustered
CREATE TABLE shop.loose (id int NOT NULL CONSTRAINT pk_loose PRIMARY KEY NONCLUSTERED, n int)
GO
CREATE CLUSTERED INDEX by_loose ON shop.loose (n DESC, id)
GO
-- a fill factor
CREATE TABLE shop.filled (n int)
GO
CREATE INDEX by_filled ON shop.filled (n) WITH (FILLFACTOR = 70)
GO
-- sparse columns
CREATE TABLE shop.sparse (id int, thin int SPARSE NULL)
GO
-- a column of guids
CREATE TABLE shop.guids (guid uniqueidentifier ROWGUIDCOL NOT NULL DEFAULT newsequentialid(), n int)
GO
-- a default of sequential guids
CREATE TABLE shop.guids_in_order (guid uniqueidentifier NOT NULL DEFAULT newsequentialid(), n int)
GO
-- rowversion
CREATE TABLE shop.versions (id int, version rowversion)
GO
-- geography
CREATE TABLE shop.places (id int, place geography)
GO
-- hierarchyid
CREATE TABLE shop.nodes (id int, node hierarchyid)
GO
-- a check that is not for replication
CREATE TABLE shop.copied (note nvarchar(5), CONSTRAINT ck_copied CHECK NOT FOR REPLICATION (note <> N''))
GO
-- a check that is off
CREATE TABLE shop.unchecked (note nvarchar(5) CONSTRAINT ck_unchecked CHECK (note <> N''))
GO
ALTER TABLE shop.unchecked NOCHECK CONSTRAINT ck_unchecked
GO
-- a foreign key with actions
CREATE TABLE shop.acting (n int CONSTRAINT df_acting DEFAULT 1)
GO
ALTER TABLE shop.acting
    ADD CONSTRAINT fk_acting FOREIGN KEY (n) REFERENCES shop.author (id) ON DELETE SET NULL ON UPDATE SET DEFAULT
GO
-- a foreign key that is not trusted
CREATE TABLE shop.trusting (n int)
GO
ALTER TABLE shop.trusting WITH NOCHECK
    ADD CONSTRAINT fk_untrusted FOREIGN KEY (n) REFERENCES shop.author (id) ON DELETE SET NULL
GO
ALTER TABLE shop.trusting NOCHECK CONSTRAINT fk_untrusted
GO
-- an index of some rows
CREATE TABLE shop.filtered (n int, note nvarchar(5))
GO
CREATE UNIQUE INDEX by_n ON shop.filtered (n) INCLUDE (note) WHERE n > 5
GO
-- an index that ignores duplicates
CREATE TABLE shop.ignoring (n int)
GO
CREATE UNIQUE INDEX once ON shop.ignoring (n) WITH (IGNORE_DUP_KEY = ON)
GO
-- an index that is off
CREATE TABLE shop.rested (n int)
GO
CREATE INDEX resting ON shop.rested (n)
GO
ALTER INDEX resting ON shop.rested DISABLE
GO
-- an index in columns
CREATE NONCLUSTERED COLUMNSTORE INDEX in_columns ON kinds (c, d)
GO
-- a table with its history
CREATE TABLE shop.versioned (
    id int PRIMARY KEY, since datetime2 GENERATED ALWAYS AS ROW START HIDDEN NOT NULL,
    until datetime2 GENERATED ALWAYS AS ROW END NOT NULL, PERIOD FOR SYSTEM_TIME (since, until)
) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = shop.history))
GO
-- a function that fills a table
CREATE FUNCTION shop.authors (@n int) RETURNS @found TABLE (id int) AS
BEGIN
    INSERT INTO @found SELECT id FROM shop.author WHERE id > @n
    RETURN
END
GO
-- synonyms
CREATE SYNONYM shop.writer FOR shop.author
GO
-- a view that is bound to its table
CREATE VIEW shop.bound WITH SCHEMABINDING AS SELECT id FROM shop.author
GO
-- a view with an index
CREATE VIEW shop.indexed WITH SCHEMABINDING AS SELECT id, name FROM shop.author
GO
CREATE UNIQUE CLUSTERED INDEX by_id ON shop.indexed (id)
GO
-- a view that was renamed
CREATE VIEW shop.renamed AS SELECT 1 AS one
GO
EXEC sp_rename 'shop.renamed', 'newer', 'OBJECT'
GO
-- texts in double quotes
SET QUOTED_IDENTIFIER OFF
GO
CREATE PROCEDURE shop.quoting AS SELECT "x" AS x
GO
SET QUOTED_IDENTIFIER ON
GO
-- a trigger on the database
CREATE TRIGGER watched ON DATABASE FOR CREATE_TABLE AS SET NOCOUNT ON
GO
