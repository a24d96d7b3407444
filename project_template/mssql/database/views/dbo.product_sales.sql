-- From SQL Server 2016 SP1 on, CREATE OR ALTER VIEW does the same and keeps the permissions on the view.
DROP VIEW IF EXISTS dbo.product_sales;
GO

CREATE VIEW dbo.product_sales AS
SELECT
    product.id AS product_id,
    product.name,
    COALESCE(SUM(purchase.quantity), 0) AS sold,
    COALESCE(SUM(purchase.quantity * product.price), 0) AS revenue
FROM dbo.product AS product
LEFT JOIN dbo.purchase AS purchase ON purchase.product_id = product.id
GROUP BY product.id, product.name;
GO
