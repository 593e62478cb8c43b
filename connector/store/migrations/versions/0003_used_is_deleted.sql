-- Using a ticket or an attempt deletes it, so there is nothing to note the use on.
ALTER TABLE connect_ticket DROP COLUMN used_at;
ALTER TABLE login_attempt DROP COLUMN used_at;
