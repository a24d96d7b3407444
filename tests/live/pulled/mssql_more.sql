CREATE SEQUENCE shop.number AS smallint START WITH 5 INCREMENT BY 5 MINVALUE 5 MAXVALUE 5000 CYCLE CACHE 7
GO
CREATE SEQUENCE alone_number
GO
CREATE FUNCTION shop.needed (@n int) RETURNS int AS
BEGIN
    RETURN @n + 1
END
GO
CREATE TABLE shop.[Odd ]] more] (
    id int NOT NULL PRIMARY KEY NONCLUSTERED, number int CONSTRAINT df_number DEFAULT (NEXT VALUE FOR shop.number),
    n int DEFAULT shop.needed(2), m AS shop.needed(1), note nvarchar(5) DEFAULT N'ä', thin int SPARSE NULL,
    guid uniqueidentifier ROWGUIDCOL NOT NULL DEFAULT newsequentialid(), version rowversion, place geography,
    node hierarchyid, CONSTRAINT ck_note CHECK NOT FOR REPLICATION (note <> N'')
)
GO
ALTER TABLE shop.[Odd ]] more] NOCHECK CONSTRAINT ck_note
GO
ALTER TABLE shop.[Odd ]] more] WITH NOCHECK
    ADD CONSTRAINT fk_untrusted FOREIGN KEY (n) REFERENCES shop.author (id) ON DELETE SET NULL ON UPDATE SET DEFAULT
GO
ALTER TABLE shop.[Odd ]] more] NOCHECK CONSTRAINT fk_untrusted
GO
CREATE CLUSTERED INDEX by_number ON shop.[Odd ]] more] (number DESC, n) WITH (FILLFACTOR = 70)
GO
CREATE UNIQUE INDEX by_n ON shop.[Odd ]] more] (n) INCLUDE (note) WHERE n > 5
GO
CREATE UNIQUE INDEX once ON shop.[Odd ]] more] (guid) WITH (IGNORE_DUP_KEY = ON)
GO
CREATE INDEX resting ON shop.[Odd ]] more] (note)
GO
ALTER INDEX resting ON shop.[Odd ]] more] DISABLE
GO
CREATE NONCLUSTERED COLUMNSTORE INDEX in_columns ON kinds (c, d)
GO
CREATE TABLE shop.versioned (
    id int PRIMARY KEY, since datetime2 GENERATED ALWAYS AS ROW START HIDDEN NOT NULL,
    until datetime2 GENERATED ALWAYS AS ROW END NOT NULL, PERIOD FOR SYSTEM_TIME (since, until)
) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = shop.history))
GO
CREATE FUNCTION shop.authors (@n int) RETURNS @found TABLE (id int) AS
BEGIN
    INSERT INTO @found SELECT id FROM shop.author WHERE id > @n
    RETURN
END
GO
CREATE SYNONYM shop.writer FOR shop.author
GO
CREATE VIEW shop.bound WITH SCHEMABINDING AS SELECT id FROM shop.author
GO
CREATE VIEW shop.renamed AS SELECT 1 AS one
GO
EXEC sp_rename 'shop.renamed', 'newer'
GO
SET QUOTED_IDENTIFIER OFF
GO
CREATE PROCEDURE shop.quoting AS SELECT "x" AS x
GO
SET QUOTED_IDENTIFIER ON
GO
CREATE TRIGGER watched ON DATABASE FOR CREATE_TABLE AS SET NOCOUNT ON
