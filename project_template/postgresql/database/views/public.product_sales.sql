-- OR REPLACE can add columns at the end; to take one away or change its type, write DROP VIEW ... CASCADE in front.
CREATE OR REPLACE VIEW public.product_sales AS
SELECT
    product.id AS product_id,
    product.name,
    COALESCE(SUM(purchase.quantity), 0) AS sold,
    COALESCE(SUM(purchase.quantity * product.price), 0) AS revenue
FROM public.product AS product
LEFT JOIN public.purchase AS purchase ON purchase.product_id = product.id
GROUP BY product.id, product.name;
