-- Can be run again at any time: rows are added or changed, and none is deleted that a purchase may refer to.
DECLARE @rows TABLE (id int, name nvarchar(100), price decimal(10, 2));

INSERT INTO @rows (id, name, price) VALUES
    (1, N'Kettle', 39.90),
    (2, N'Teapot', 24.50),
    (3, N'Teacup', 8.00);

UPDATE product
SET name = new.name, price = new.price
FROM dbo.product AS product
INNER JOIN @rows AS new ON new.id = product.id;

INSERT INTO dbo.product (id, name, price)
SELECT new.id, new.name, new.price
FROM @rows AS new
WHERE NOT EXISTS (SELECT 1 FROM dbo.product AS product WHERE product.id = new.id);
GO
