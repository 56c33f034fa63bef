-- Several statements, one transaction: how a migration arrives.
begin;
create table lids (id int primary key, colour text not null);
create table boxes (id int primary key);
alter table boxes add column lid_id int references lids;
insert into lids values (1, 'red');
insert into boxes values (1, 1);
commit;
