CREATE OR REPLACE FUNCTION public.raised_price(price numeric, percent numeric)
RETURNS numeric
LANGUAGE sql
IMMUTABLE
AS $$
    SELECT round(price * (1 + percent / 100), 2)
$$;
