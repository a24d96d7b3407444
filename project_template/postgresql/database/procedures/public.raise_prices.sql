-- CALL raise_prices(2.5);
CREATE OR REPLACE PROCEDURE public.raise_prices(percent numeric)
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE public.product SET price = public.raised_price(price, percent);
END;
$$;
