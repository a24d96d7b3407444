-- Uses product_sales, whose file comes later by name: files are deployed in the order that their SQL asks for.
DROP VIEW IF EXISTS dbo.best_seller;
GO

CREATE VIEW dbo.best_seller AS
SELECT product_id, name, sold, revenue
FROM dbo.product_sales
WHERE sold = (SELECT MAX(sold) FROM dbo.product_sales);
GO
