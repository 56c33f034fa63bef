create role gate login noinherit;
create role keeper login noinherit;
create role visitor;
create role member;
create role hasty;
create role leaver;
create role stranger;
grant visitor, member, hasty, leaver to gate, keeper;
-- The settings of a role apply only if the login of the requests may make them.
alter role hasty set statement_timeout = '150ms';

create schema api;
create schema spare;
grant usage on schema api, spare to visitor, member, hasty, leaver, stranger, gate, keeper;

create table api.kind (id int primary key, name text not null);
create table api.item (
    id int primary key,
    name text not null,
    kind_id int not null references api.kind
);
create table spare.part (id int primary key);
create table api.trace (who text default current_user, what text);
insert into api.kind values (1, 'odd'), (2, 'even');
insert into api.item select n, 'item ' || n, 2 - n % 2 from generate_series(1, 50) n;

create view api.who as
    select current_user::text as role, current_setting('request.jwt.claims', true)::json ->> 'sub' as sub;

create function api.nap(seconds float8) returns text language plpgsql as $$
begin
    insert into api.trace (what) values ('nap');
    perform pg_sleep(seconds);
    return 'awake';
end $$;

create function api.trace_me() returns text language sql as
    $$ insert into api.trace (what) values ('call') returning who $$;

create function api.rows(count int) returns table (id int, text text) language sql stable as
    $$ select n, repeat('x', 100) from generate_series(1, count) n $$;

grant select on all tables in schema api, spare to visitor, member, hasty, leaver, stranger;
grant insert, update, delete on api.item, api.trace to visitor, member, hasty, leaver, stranger;
alter default privileges in schema api grant select on tables to visitor;
