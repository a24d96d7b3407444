-- Run by add-users-to-roles, after roles and users are there.

-- GRANT `$(reader_role)` TO `$(reader_user)`@`%`;
-- SET DEFAULT ROLE `$(reader_role)` FOR `$(reader_user)`@`%`; -- MariaDB
-- SET DEFAULT ROLE `$(reader_role)` TO `$(reader_user)`@`%`; -- MySQL
