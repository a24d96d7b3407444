CREATE SCHEMA shop
GO
CREATE TYPE shop.code FROM nvarchar(20) NOT NULL
GO
CREATE TYPE alone FROM decimal(9, 3)
GO
CREATE TYPE shop.list AS TABLE (id int NOT NULL PRIMARY KEY, name nvarchar(10) NULL DEFAULT 'x', CHECK (id > 0))
GO
CREATE TABLE shop.author (
    id int IDENTITY(10, 2) CONSTRAINT pk_author PRIMARY KEY, name nvarchar(50) COLLATE Latin1_General_BIN2 NOT NULL,
    code shop.code NULL, favourite bigint
)
GO
CREATE TABLE shop.[Odd table] (
    id bigint NOT NULL, pages int CONSTRAINT ck_pages CHECK (pages > 0 AND pages <> 7 OR pages IN (-1, -2)),
    price decimal(10, 2) CONSTRAINT df_price DEFAULT 1.5, at datetime2(3) DEFAULT getdate(),
    note varchar(20) DEFAULT 'it''s', twice AS pages * 2 PERSISTED, number uniqueidentifier DEFAULT newid(),
    author_id int NOT NULL CONSTRAINT fk_author REFERENCES shop.author (id) ON DELETE CASCADE,
    CONSTRAINT pk_odd PRIMARY KEY (id DESC), CONSTRAINT uq_odd UNIQUE (pages, price)
)
GO
ALTER TABLE shop.author ADD CONSTRAINT fk_favourite FOREIGN KEY (favourite) REFERENCES shop.[Odd table] (id)
GO
CREATE TABLE kinds (
    a bit, b tinyint, c smallint, d int, e bigint, f decimal(10, 2), g numeric(5), h money, i smallmoney, j float,
    k real, l date, m time(3), n datetime, o datetime2(4), p smalldatetime, q datetimeoffset(2), r char(5),
    s varchar(10), t varchar(max), u nchar(3), v nvarchar(7), w nvarchar(max), x binary(4), y varbinary(9),
    z varbinary(max), aa uniqueidentifier, ab text, ac ntext, ad image, ae xml, af sql_variant
)
GO
CREATE VIEW shop.long_book (number, pages) AS SELECT id, pages FROM shop.[Odd table] WHERE pages > 500
GO
CREATE VIEW shop.longest AS SELECT MAX(pages) AS pages FROM shop.long_book
GO
CREATE FUNCTION shop.twice (@n int = 1) RETURNS int AS
BEGIN
    RETURN @n * 2
END
GO
CREATE FUNCTION shop.after (@n int) RETURNS TABLE AS RETURN (SELECT id FROM shop.author WHERE id > @n)
GO
CREATE PROCEDURE shop.tidy @n int OUTPUT, @rows shop.list READONLY AS SET @n = @n + 1
GO
CREATE TRIGGER shop.touched ON shop.author AFTER UPDATE AS SET NOCOUNT ON
GO
CREATE TRIGGER shop.untouched ON shop.author AFTER INSERT, DELETE AS SET NOCOUNT ON
GO
DISABLE TRIGGER shop.untouched ON shop.author
GO
CREATE TRIGGER shop.instead ON shop.long_book INSTEAD OF INSERT AS SET NOCOUNT ON
