DROP FUNCTION IF EXISTS dbo.raised_price;
GO

CREATE FUNCTION dbo.raised_price (@price decimal(10, 2), @percent decimal(5, 2))
RETURNS decimal(10, 2)
AS
BEGIN
    RETURN ROUND(@price * (1 + @percent / 100), 2);
END;
GO
