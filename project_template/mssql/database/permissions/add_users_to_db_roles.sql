-- Run by add-users-to-roles, after roles and users are there.

-- ALTER ROLE [$(reader_role)] ADD MEMBER [$(reader_user)];
-- GO
