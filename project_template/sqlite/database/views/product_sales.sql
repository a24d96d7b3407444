DROP VIEW IF EXISTS product_sales;

CREATE VIEW product_sales AS
SELECT
    product.id AS product_id,
    product.name,
    COALESCE(SUM(purchase.quantity), 0) AS sold,
    COALESCE(SUM(purchase.quantity * product.price), 0) AS revenue
FROM product AS product
LEFT JOIN purchase AS purchase ON purchase.product_id = product.id
GROUP BY product.id, product.name;
